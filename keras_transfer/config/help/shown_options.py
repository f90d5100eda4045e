"""What the short page of help shows of a command: examples, and the options most people set."""

from collections.abc import Mapping, Sequence

# The verb and what its examples say behind it. README and docs use the same names.
EXAMPLES: Mapping[str, Sequence[str]] = {
    "train": (
        "  # on handwritten digits",
        "--dataset photos",
        "--dataset photos --backbone resnet50 --epochs 5",
        "--dataset reviews.csv --strategy full",
        "--dataset photos --resume auto",
    ),
    "compare": (
        "--dataset photos --strategies two_phase full",
        "--dataset photos --backbones resnet50 vgg16",
        "--dataset photos --augmentations light strong",
        "--config configs/compare_ablation.yaml",
        "--resume saved_models/compare-TIME",
    ),
    "evaluate": (
        "saved_models/RUN",
        "saved_models/RUN --split validation",
        "saved_models/RUN --dataset other_photos",
    ),
    "predict": (
        "saved_models/RUN photo.jpg",
        "saved_models/RUN new_photos --top 3",
        "saved_models/RUN reviews.csv --output out.csv",
    ),
    "explain": (
        "saved_models/RUN",
        "saved_models/RUN photo.jpg",
        "saved_models/RUN new_photos --class cats",
    ),
    "report": (
        "saved_models/RUN",
        "saved_models/RUN --open",
        "saved_models/COMPARE --open",
    ),
    "export": (
        "saved_models/RUN",
        "saved_models/RUN --tflite float16 int8",
        "saved_models/RUN --formats onnx",
    ),
    "check": (
        "photos",
        "photos --report found.json",
        "photos --data.layout splits",
        "photos --against new_photos",
    ),
    "review": (
        "photos",
        "photos --output found",
        "photos --apply found/label_review.csv",
    ),
    "embed": (
        "mobilenetv3small photos",
        "mobilenetv3small photos other_photos",
        "saved_models/RUN new_photos --output new.npz",
    ),
    "zeroshot": (
        "--preset PRESET --dataset photos",
        "--preset PRESET --dataset photos --probe",
        "--preset PRESET --prompts own.yaml --export",
    ),
    "pretrain": (
        "--backbone mobilenetv3small",
        "--backbone mobilenetv3small --pictures 20000",
        "--backbone mobilenetv3small --images photos",
    ),
    "estimate": (
        "",
        "photos",
        "photos --backbone resnet50 --machines 4",
        "--images 1000000 --strategy full",
    ),
    "clean": ("",),
}

SEVERAL = "*"  # stands for all options that take several values
_TRAINING = (
    "strategy",
    "epochs",
    "frozen.learning_rate",
    "finetune.learning_rate",
    "finetune.locked_layers",
    "seed",
)

# Command -> group -> options. Of a command that is not here, all are shown.
SHOWN: Mapping[str, Mapping[str, Sequence[str]]] = {
    "train": {
        "Data": ("dataset", "image_size", "batch_size", "augment.preset", "adapt.target"),
        "Model": ("backbone", "weights", "list_backbones"),
        "Training": (*_TRAINING, "resume"),
        "Output": ("output", "name", "open", "quiet", "json"),
        "Settings": ("config", "print_config"),
    },
    "compare": {
        "Compared": (SEVERAL,),
        "Data": ("dataset", "image_size", "batch_size", "augment.preset", "adapt.target"),
        "Model": ("backbone",),  # weights are a list here, too
        "Training": (*_TRAINING, "resume", "jobs", "engine"),
        "Output": ("output", "name", "open", "quiet", "json"),
        "Settings": ("config", "print_config"),
    },
    "check": {
        "Data": (
            "FOLDER",
            "against",
            "data.layout",
            "data.on_leak",
            "data.on_bad_file",
            "data.rare_classes",
            "data.near_duplicates",
            "data.value_range",
        ),
        "Work": ("engine", "workers"),
        "Output": ("report", "json"),
    },
    "review": {
        "Data": (
            "DATASET",
            "image_size",
            "data.resize",
            "data.on_bad_file",
            "data.near_duplicates",
            "data.value_range",
        ),
        "Model": ("backbone", "preprocess", "weights"),
        "Output": ("apply", "output", "shown", "quiet", "json"),
    },
    "embed": {
        "Data": (
            "FOLDER",
            "split",
            "image_size",
            "data.resize",
            "data.layout",
            "data.value_range",
        ),
        "Model": ("RUN_OR_BACKBONE", "weights", "preprocess"),
        "Work": ("engine", "workers"),
        "Output": ("output", "figure", "quiet", "json"),
    },
    "pretrain": {
        "Pictures that formulas draw": ("pictures",),
        "Or your images": ("images", "weights", "temperature", "augment.crop", "augment.flip"),
        "Training": ("backbone", "epochs", "batch_size", "side", "learning_rate", "seed"),
        "Output": ("output",),
        "Settings": ("config", "print_config"),
    },
    "zeroshot": {
        "Data": ("dataset", "prompts", "data.batch_size", "data.layout", "data.split_file"),
        "Model": ("preset", "probe", "export"),
        "Output": ("output", "quiet", "json"),
    },
    "estimate": {
        "Data": ("DATASET", "images", "image_size", "batch_size", "augment.preset"),
        "Model": ("backbone",),
        "Training": ("strategy", "epochs", "finetune.locked_layers", "cache.views", "machines"),
        "Output": ("json",),
    },
}
