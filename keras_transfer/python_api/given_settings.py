"""Settings as Python code gives them: `dataset` may be a thing in memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.modalities.table import name_dataset
from keras_transfer.run import load_settings


def load_config(path: str | Path | None = None, /, **overrides: Any) -> TrainConfig:
    """Read settings from a YAML file, with keyword arguments on top of it.

    Args:
        path: A YAML file that states what differs from the defaults, or None for the defaults.
        **overrides: Top-level fields, or sections as dicts: `finetune={"epochs": 3}`. `dataset` is
            what `--dataset` takes, or what `keras_transfer.modalities.table.name_dataset` does:
            `(images, labels)`, a DataFrame, a `tf.data.Dataset` … . With `resume=RUN` the settings
            of that run take the place of the defaults.

    Raises:
        ConfigError: The file cannot be read, or a setting does not fit.
    """
    return load_settings.load_config(path, **name_given(overrides))


def name_given(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings in which `dataset` has a name, see `name_dataset`.

    Raises:
        ConfigError: It is no data set.
    """
    if settings.get("dataset") is None:
        return dict(settings)
    return {**settings, "dataset": name_dataset(settings["dataset"])}
