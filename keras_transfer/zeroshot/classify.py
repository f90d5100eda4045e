"""One call from the preset and the sentences to the folder: what is wrong is told before the work.

Nothing heavy is imported before the words of the call are known to be right.
"""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.config.pixels.preparation import Preparation, find_preparation
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import choose_split
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.divided_examples import Division
from keras_transfer.data.sources.class_names import check_names
from keras_transfer.modalities.table import choose_modality, require_images
from keras_transfer.models.hub.hub_presets import Preset, open_preset, require_hub
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json, write_text
from keras_transfer.system.files.output_folder import check_new, refuse_inside
from keras_transfer.zeroshot.prompts import Prompts, Wording, read_wording
from keras_transfer.zeroshot.zeroshot_folder import (
    NEW,
    PROBE_FIGURE,
    PROBE_FILE,
    PROMPTS_FILE,
    begin_folder,
)

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer.data.training_data import TrainingData
    from keras_transfer.run.predictions_csv import Predictions
    from keras_transfer.zeroshot.classifier_files import Checked
    from keras_transfer.zeroshot.clip_model import Clip
    from keras_transfer.zeroshot.image_embeddings import Embeddings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a call is asked for."""

    preset: str
    """Of CLIP in KerasHub: its name, an address, or a folder."""
    dataset: str | None = None
    """As `--dataset` of train takes it. None: only a classifier is made, of the classes that
    `prompts` names."""
    prompts: Path | None = None
    """File with a template a line, or with the sentences of each class in YAML or JSON. None:
    eight templates of Radford et al. 2021."""
    probe: bool = False
    """Compare with logistic regression on a few training images of each class."""
    export: bool = False
    """Leave the classifier as a SavedModel and a .keras file."""
    output: Path | None = None
    """New or empty folder. None: a new one in saved_models."""
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    """Settings that a training would have; the preset decides how images become squares."""
    quiet: bool = True
    """Show no progress."""


@dataclass(frozen=True, kw_only=True)
class ZeroShot:
    """What a call left."""

    folder: Path
    """With predictions.csv, metrics.json and the others."""
    facts: Mapping[str, Any]
    """Content of zeroshot.json: what was asked for."""
    metrics: Mapping[str, Any]
    """Content of metrics.json: what was found."""


def classify_zero_shot(asked: Asked) -> ZeroShot:
    """Classify the images of a data set by what CLIP makes of sentences about its classes.

    Raises:
        ConfigError: The preset, the prompts or the data set cannot be used, and why.

    References:
        Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision.
    """
    wording = read_wording(asked.prompts)
    if asked.output is not None:
        check_new(asked.output, NEW)
    require_hub("--preset")
    if asked.dataset is None:
        return _make_classifier(asked, wording)
    if asked.output is not None:
        refuse_inside(asked.output, asked.dataset)
    require_images(asked.dataset, "dataset")
    config = TrainConfig(dataset=asked.dataset, data=asked.data, quiet=asked.quiet)
    modality = choose_modality(config)
    examples = modality.read_examples(config.source, config.data)
    prompts = wording.write_prompts(examples.class_names)
    preset = _open_clip(asked.preset)
    from keras_transfer.zeroshot.image_embeddings import divide_measured

    divided = divide_measured(examples, config, modality, learns=asked.probe)
    return _measure(asked, config, preset, prompts, divided)


def _open_clip(name: str) -> Preset:
    preset = open_preset(name)
    if preset.kind != "clip":
        raise ConfigError(
            "`preset` must be of CLIP, which knows images and texts. Received: "
            f"{preset.name}, of {preset.backbone}. Choose one such as clip_vit_base_patch32."
        )
    return preset


def _measure(
    asked: Asked, config: TrainConfig, preset: Preset, prompts: Prompts, divided: Division
) -> ZeroShot:
    """Embed sentences and images, compare them, and leave what comes of it."""
    from keras_transfer.data.load_splits import record_division
    from keras_transfer.evaluation.inference import write_predictions
    from keras_transfer.evaluation.metrics import score_splits
    from keras_transfer.zeroshot.classifier_files import take_checked
    from keras_transfer.zeroshot.clip_model import build_image_tower, load_clip, settle_images
    from keras_transfer.zeroshot.image_embeddings import embed_splits, predict_classes
    from keras_transfer.zeroshot.linear_probe import list_shots
    from keras_transfer.zeroshot.text_embeddings import embed_classes

    examples, findings = divided.take_used()
    prompts = {name: prompts[name] for name in examples.class_names}
    shots = list_shots(examples) if asked.probe else []
    clip = load_clip(preset)
    config = dataclasses.replace(config, data=settle_images(clip, config.data))
    data = choose_modality(config).hold_splits(examples, config, clip.image_size, findings)
    classes = embed_classes(clip, prompts, config.quiet)
    embeddings = embed_splits(build_image_tower(clip), data, config.quiet)
    predictions = predict_classes(clip, embeddings, classes, data)
    facts = _state(asked, preset)
    folder = Run(begin_folder(asked.output, facts))
    record_division(divided, examples, folder)
    write_predictions(predictions, folder)
    metrics = _describe(clip, prompts) | {"splits": score_splits(predictions)}
    if shots:
        metrics["probe"] = _probe(embeddings, data, shots, predictions, folder.path)
    if asked.export:
        preparation = find_preparation(data.settle(config).data)
        checked = take_checked(data, predictions, choose_split(predictions.split_names))
        metrics["exports"] = _export(clip, classes, prompts, preparation, checked, folder.path)
    return _finish(folder.path, facts, prompts, metrics)


def _make_classifier(asked: Asked, wording: Wording) -> ZeroShot:
    """Leave a classifier of the classes that the sentences are of; no image is read."""
    if asked.probe:
        raise ConfigError(
            "`probe` must have a data set to learn from. Received: --probe without --dataset. "
            "Give --dataset FOLDER, or leave --probe out."
        )
    lacking = "no --export" if not asked.export else f"{len(wording.classes)} in {asked.prompts}"
    if not asked.export or asked.prompts is None or len(wording.classes) < 2:
        raise ConfigError(
            "`dataset` must be given, or --export with a --prompts file of two classes or more "
            f"with their sentences. Received: {lacking if asked.prompts else 'no --prompts'}. Give "
            "--dataset FOLDER."
        )
    check_names(wording.classes, asked.prompts)
    preset = _open_clip(asked.preset)
    from keras_transfer.zeroshot.classifier_files import draw_noise
    from keras_transfer.zeroshot.clip_model import load_clip, settle_images
    from keras_transfer.zeroshot.text_embeddings import embed_classes

    prompts = wording.write_prompts(tuple(wording.classes))
    clip = load_clip(preset)
    classes = embed_classes(clip, prompts, asked.quiet)
    facts = _state(asked, preset)
    folder = begin_folder(asked.output, facts)
    write_text(Run(folder).class_names_file, "".join(f"{name}\n" for name in prompts))
    metrics = _describe(clip, prompts) | {"splits": {}}
    preparation = find_preparation(settle_images(clip, asked.data))
    metrics["exports"] = _export(
        clip, classes, prompts, preparation, draw_noise(clip, classes), folder
    )
    return _finish(folder, facts, prompts, metrics)


def _state(asked: Asked, preset: Preset) -> dict[str, Any]:
    """Return the content of zeroshot.json."""
    return {
        "preset": preset.name,
        "source": preset.source,
        "licence": preset.licence,
        "dataset": asked.dataset,
        "prompts": None if asked.prompts is None else str(asked.prompts),
    }


def _describe(clip: "Clip", prompts: Prompts) -> dict[str, Any]:
    """Return the entries of metrics.json that say what the answers are made of."""
    return {
        "strategy": "zero_shot",
        "preset": clip.preset.name,
        "backbone": clip.preset.backbone,
        "weights_sha256": clip.preset.weights_sha256,
        "image_size": clip.image_size,
        "logit_scale": clip.logit_scale,
        "class_names": list(prompts),
        "sentences": sum(map(len, prompts.values())),
    }


def _probe(
    embeddings: "Embeddings",
    data: "TrainingData",
    shots: Sequence[int],
    predictions: "Predictions",
    folder: Path,
) -> dict[str, Any]:
    """Measure the regressions, and leave their table and figure; return their summary."""
    from keras_transfer.zeroshot.linear_probe import run_probe, summarize_probe, write_probe
    from keras_transfer.zeroshot.probe_figure import draw_probe

    logger.info("Fitting the probe")
    rows = run_probe(embeddings, data, shots)
    write_probe(rows, folder / PROBE_FILE)
    summary = summarize_probe(rows, predictions)
    drawn = [row for row in rows if row.split == summary["split"]]
    values = {shot: [row.accuracy for row in drawn if row.shots == shot] for shot in shots}
    draw_probe(summary, values, folder / PROBE_FIGURE)
    return summary


def _export(
    clip: "Clip",
    classes: "np.ndarray",
    prompts: Prompts,
    preparation: Preparation,
    checked: "Checked",
    folder: Path,
) -> list[dict[str, Any]]:
    """Leave the classifier in files; return the rows of parity.json."""
    from keras_transfer.exports.usage import Usage
    from keras_transfer.zeroshot.classifier_files import export_classifier
    from keras_transfer.zeroshot.clip_model import build_classifier

    usage = Usage(class_names=tuple(prompts), preparation=preparation)
    model, modality = build_classifier(clip, classes), choose_modality(TrainConfig())
    rows: list[dict[str, Any]] = export_classifier(model, usage, modality, checked, folder)
    return rows


def _finish(
    folder: Path, facts: Mapping[str, Any], prompts: Prompts, metrics: Mapping[str, Any]
) -> ZeroShot:
    write_json(folder / PROMPTS_FILE, {name: list(each) for name, each in prompts.items()})
    write_json(Run(folder).metrics_file, metrics)  # last: it says that all is there
    return ZeroShot(folder=folder, facts=facts, metrics=metrics)
