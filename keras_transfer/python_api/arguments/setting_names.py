"""Names of settings as Python code gives them, and what is meant by those that are none."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from keras_transfer.config.help.foreign_words import FOREIGN
from keras_transfer.config.layers import SHORT_OPTIONS, flatten
from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.system.errors import ConfigError


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


def _find_hint(name: str, names: Sequence[str], dotted: Sequence[str]) -> str:
    word = name.lower()
    within = [each for each in dotted if each.rpartition(".")[2] == word]
    meant = within or [each for each in FOREIGN.get(word, ()) if each in (*names, *dotted)]
    if meant:
        return f"Did you mean {' or '.join(map(_write, meant))}?"
    return suggest_close(name, [*names, *dotted]) or "See help(keras_transfer.TrainConfig)."


def _write(setting: str) -> str:
    """Return how Python code gives a setting: within a section, where it has a dot."""
    section, _, field = setting.rpartition(".")
    return f"{section}={{{field!r}: …}}" if section else repr(setting)
