"""MODALITIES: the kinds of examples that can be learned from, one row each."""

from collections.abc import Mapping
from typing import Any

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.in_memory.name_data_set import name_data_set
from keras_transfer.data.sources.in_memory.unlabelled_sets import fill_labels
from keras_transfer.images.modality import IMAGE
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


def name_datasets(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in which every data set that Python code gives is named.

    Args:
        settings: Nested or by dotted names; `dataset` is as `name_dataset` takes it, the target of
            `adapt` too, and may lack labels: `adapt={"target": images}`.

    Raises:
        ConfigError: One of them cannot be used.
    """
    named, target = dict(settings), "adapt.target"
    if (dataset := named.get("dataset")) is not None:
        named["dataset"] = name_dataset(dataset)
    if named.get(target) is not None:
        named[target] = name_dataset(fill_labels(named[target]))
    adapt = named.get("adapt")
    if isinstance(adapt, Mapping) and adapt.get("target") is not None:
        named["adapt"] = {**adapt, "target": name_dataset(fill_labels(adapt["target"]))}
    return named


def name_dataset(dataset: Any) -> str:
    """Return what `--dataset` calls a data set that Python code gives; see `KINDS` for those.

    Args:
        dataset: A path or a word, which stays as it is; a DataFrame with the columns path and
            label (and split and group), `(images, labels)` as arrays, `(paths, labels)`, a list of
            (image or path, label), a `tf.data.Dataset` or Keras `PyDataset` of (image, label), or
            `(train, validation)` or `(train, validation, test)` of these.

    Raises:
        ConfigError: It is none of these, has no labels, or its images cannot be kept.
    """
    return name_data_set(dataset, MODALITIES["image"])
