"""MODALITIES: the kinds of examples that can be learned from, one row each."""

import os
from collections.abc import Mapping
from typing import Any

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.in_memory.unlabelled_sets import fill_labels
from keras_transfer.images.modality import IMAGE
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.in_memory.write_texts import holds_texts
from keras_transfer.texts.modality import TEXT
from keras_transfer.texts.sources.choose_text_source import looks_like_text

MODALITIES: Mapping[str, Modality] = {"image": IMAGE, "text": TEXT}


def choose_modality(config: TrainConfig) -> Modality:
    """Return the row of what `config` is about: as `data.modality` says, or its data set shows."""
    return MODALITIES[name_modality(config)]


def name_modality(config: TrainConfig) -> str:
    """Return the key in `MODALITIES` of what `config` is about."""
    if config.data.modality != "auto":
        return config.data.modality
    return "text" if looks_like_text(config.source) else "image"


def require_images(dataset: str, setting: str) -> None:
    """Raise a `ConfigError` for a data set of texts, where only images will do."""
    if looks_like_text(dataset):
        raise ConfigError(
            f"`{setting}` must hold images. Received: {dataset}, which holds texts. Name "
            "others. Backbones for texts, such as minilm, are for train, compare, review and embed."
        )


def name_datasets(
    settings: Mapping[str, Any], base: Mapping[Any, Any] | None = None
) -> dict[str, Any]:
    """Return settings in which every data set that Python code gives is named.

    Args:
        settings: Nested or by dotted names; `dataset` is as `name_dataset` takes it, the target of
            `adapt` too, and may lack labels: `adapt={"target": images}`.
        base: Those that they win over: `data.modality` may be among them.

    Raises:
        ConfigError: One of them cannot be used.
    """
    named, target = dict(settings), "adapt.target"
    if (dataset := named.get("dataset")) is not None:
        said = _find_modality(named) or _find_modality(base or {})
        named["dataset"] = name_dataset(dataset, said)
    if named.get(target) is not None:
        named[target] = name_dataset(fill_labels(named[target]))
    adapt = named.get("adapt")
    if isinstance(adapt, Mapping) and adapt.get("target") is not None:
        named["adapt"] = {**adapt, "target": name_dataset(fill_labels(adapt["target"]))}
    return named


def name_dataset(dataset: Any, modality: str = "auto") -> str:
    """Return what `--dataset` calls a data set that Python code gives; see `KINDS` for those.

    Args:
        dataset: A path or a word, which stays as it is; a DataFrame with the columns path and
            label, or text and label (and text_2, split and group), `(images, labels)` as arrays,
            `(paths, labels)`, `(texts, labels)`, a list of (image, path or text, label), a
            `tf.data.Dataset` or Keras `PyDataset` of (image, label) or (text, label), a
            `datasets.Dataset`, or `(train, validation)` or `(train, validation, test)` of these.
        modality: As `data.modality` has it. auto: texts where columns are called so, or strings
            are no files and have blanks between words; images otherwise.

    Raises:
        ConfigError: It is none of these, has no labels, or its examples cannot be kept.
    """
    if isinstance(dataset, str | os.PathLike):
        return os.fspath(dataset)
    if modality not in MODALITIES:
        modality = "text" if holds_texts(dataset) else "image"
    return MODALITIES[modality].name_given(dataset)


def _find_modality(settings: Mapping[Any, Any]) -> str:
    """Return what settings say that examples are, "" where they say nothing."""
    data = settings.get("data")
    within = data.get("modality") if isinstance(data, Mapping) else getattr(data, "modality", None)
    return str(settings.get("data.modality") or within or "")
