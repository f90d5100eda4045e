"""Options by the names that Keras, fastai, timm and yolo have for them, and what they are here."""

from collections.abc import Mapping, Sequence

from keras_transfer.config.lookup import suggest_close

_BY_PHASE = ("frozen.learning_rate", "finetune.learning_rate")

# A word of others, in lower case and without dashes -> the options here that mean it.
FOREIGN: Mapping[str, tuple[str, ...]] = {
    "adaptation": ("adapt.method",),
    "amp": ("precision",),
    "arch": ("backbone",),
    "augmentation": ("augment.preset",),
    "base_lr": _BY_PHASE,
    "batch": ("batch_size",),
    "bs": ("batch_size",),
    "crop_pct": ("data.crop_fraction",),
    "da_method": ("adapt.method",),
    "data_path": ("dataset",),
    "domain_adaptation": ("adapt.method",),
    "early_stopping": ("optimizer.patience",),
    "exist_ok": ("resume",),
    "fine_tune_at": ("finetune.locked_layers",),
    "freeze": ("finetune.locked_layers",),
    "freeze_epochs": ("frozen.epochs",),
    "grad_accum_steps": ("optimizer.accumulate",),
    "gradient_accumulation_steps": ("optimizer.accumulate",),
    "img_size": ("image_size",),
    "imgsz": ("image_size",),
    "input_size": ("image_size",),
    "lr": _BY_PHASE,
    "lr0": _BY_PHASE,
    "lrate": _BY_PHASE,
    "mixed_precision": ("precision",),
    "model": ("backbone",),
    "num_epochs": ("epochs",),
    "opt": ("optimizer.name",),
    "out": ("output",),
    "outdir": ("output",),
    "output_dir": ("output",),
    "patience": ("optimizer.patience",),
    "pretrained": ("weights",),
    "project": ("output",),
    "resample": ("data.interpolation",),
    "save_dir": ("output",),
    "size": ("image_size",),
    "smoothing": ("optimizer.label_smoothing",),
    "target_data": ("adapt.target",),
    "target_dataset": ("adapt.target",),
    "target_domain": ("adapt.target",),
    "tgt": ("adapt.target",),
    "trade_off": ("adapt.strength",),
    "unfreeze": ("finetune.locked_layers",),
    "val_split": ("data.validation_fraction",),
    "validation_split": ("data.validation_fraction",),
    "warmup_epochs": ("optimizer.warmup",),
}

# Verbs of others, and of other programs, and which is meant here.
FOREIGN_VERBS: Mapping[str, str] = {
    "benchmark": "compare",
    "classify": "predict",
    "convert": "export",
    "dashboard": "report",
    "doctor": "check",
    "embeddings": "embed",
    "encode": "embed",
    "eval": "evaluate",
    "features": "embed",
    "finetune": "train",
    "fit": "train",
    "gradcam": "explain",
    "heatmap": "explain",
    "infer": "predict",
    "inspect": "check",
    "relabel": "review",
    "score": "evaluate",
    "test": "evaluate",
    "tune": "compare",
    "val": "evaluate",
    "validate": "evaluate",
    "visualize": "report",
}

# A section that is given as one value: the setting that is meant.
MAIN_SETTING: Mapping[str, str] = {
    "adapt": "adapt.target",
    "augment": "augment.preset",
    "cache": "cache.mode",
    "data": "dataset",
    "finetune": "finetune.epochs",
    "frozen": "frozen.epochs",
    "head": "head.hidden",
    "optimizer": "optimizer.name",
    "regularize": "regularize.name",
}

# What is asked of a command that has it in another form: words of others -> what to do.
_EXAMPLES = "The images or texts follow the model: MODEL IMAGES."
_RUN = "The run stands without an option: RUN."
ANSWERS: Mapping[str, Mapping[str, str]] = {
    "train": {
        "device": "Choose GPUs by the environment variable CUDA_VISIBLE_DEVICES.",
        "gpu": "Choose GPUs by the environment variable CUDA_VISIBLE_DEVICES.",
        "gpus": "Choose GPUs by the environment variable CUDA_VISIBLE_DEVICES.",
        "momentum": "--optimizer.name sgd and rmsprop have a momentum of 0.9.",
    },
    "evaluate": {
        "model": _RUN,
        "run": _RUN,
        "weights": _RUN,
    },
    "predict": {
        "conf": "Did you mean '--threshold'?",
        "dataset": _EXAMPLES,
        "images": _EXAMPLES,
        "model": _EXAMPLES,
        "run": _EXAMPLES,
        "source": _EXAMPLES,
        "weights": _EXAMPLES,
    },
    "explain": {
        "dataset": _EXAMPLES,
        "images": _EXAMPLES,
        "label": "Did you mean '--class'?",
        "model": _EXAMPLES,
        "run": _EXAMPLES,
        "target": "Did you mean '--class'?",
        "weights": _EXAMPLES,
    },
    "export": {
        "half": "Write --formats tflite --tflite float16.",
        "int8": "Write --formats tflite --tflite int8.",
        "model": _RUN,
        "output": "The files are written into the folder exports of the run.",
        "run": _RUN,
        "weights": _RUN,
    },
    "check": {"dataset": "The data set stands without an option: FOLDER."},
    "embed": {
        "backbone": "The network stands first, without an option: RUN_OR_BACKBONE FOLDER.",
        "dataset": "Data sets follow the network: RUN_OR_BACKBONE FOLDER.",
        "model": "The network stands first, without an option: RUN_OR_BACKBONE FOLDER.",
    },
    "review": {"dataset": "The data set stands without an option: DATASET."},
}


def suggest_option(option: str, options: Sequence[str], command: str = "") -> str:
    """Return the hint for an option or a setting that is unknown.

    Args:
        option: As it was given, `--lr`, or `lr` in a file.
        options: Those there are, in the same form.
        command: The verb that it was given to.
    """
    dashes = option[: len(option) - len(option.lstrip("-"))]
    word = option.lstrip("-").lower().replace("-", "_")
    if word in (answers := ANSWERS.get(command, {})):
        return answers[word]
    names = [each.lstrip("-") for each in options]
    candidates = (
        [word],
        [name for name in names if name.rpartition(".")[2] == word],
        FOREIGN.get(word, ()),
    )
    found = ([name for name in each if name in names] for each in candidates)
    if meant := next(filter(None, found), None):
        return "Did you mean " + " or ".join(f"'{dashes}{name}'" for name in meant) + "?"
    return suggest_close(option, options) or "See --help all."
