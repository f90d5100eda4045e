"""Names of settings as Python code gives them, and what is meant by those that are none."""

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from keras_transfer.config.layers import SECTIONS, SHORT_OPTIONS, flatten
from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.system.errors import ConfigError

# What people call settings elsewhere, where no letters come close
OTHER_WORDS = {
    "lr": "learning_rate",
    "base_lr": "learning_rate",
    "bs": "batch_size",
    "batch": "batch_size",
    "imgsz": "image_size",
    "img_size": "image_size",
    "input_shape": "image_size",
    "arch": "backbone",
    "model": "backbone",
    "data_augmentation": "augment",
    "verbose": "quiet",
}


def refuse_unknown(stated: Iterable[Any], own: Iterable[str] = ()) -> None:
    """Raise a `ConfigError` for a name that is no setting, with what comes close in Python's words.

    Args:
        stated: Names of settings, those within sections by their dotted names.
        own: Names that are no settings of a training and are taken as well.

    Raises:
        ConfigError: There is no such setting.
    """
    names = [*(each.name for each in fields(TrainConfig)), *SHORT_OPTIONS, *own]
    dotted = flatten(to_dict(TrainConfig()))
    for name in stated:
        if name not in names and name not in dotted:
            hint = _find_hint(str(name), names, list(dotted))
            raise ConfigError(f"Unknown setting {name!r}. {hint}")


def _find_hint(name: str, names: list[str], dotted: list[str]) -> str:
    meant = OTHER_WORDS.get(name, name)
    if meant in names:
        return f"Did you mean {meant!r}?"
    within = [each.partition(".") for each in dotted if each.rpartition(".")[2] == meant]
    if sections := [section for section, _, _ in within if section in SECTIONS]:
        ways = [f"{section}={{{meant!r}: …}}" for section in sections]
        return f"It is set within a section: {' or '.join(ways)}."
    return suggest_close(name, [*names, *dotted]) or "See help(keras_transfer.TrainConfig)."
