"""A `TrainConfig` from layers of settings, such as YAML files, and back to YAML.

Later layers win. What a layer does not state stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from typing import Any, get_type_hints

from keras_transfer.config.help.foreign_words import MAIN_SETTING, suggest_option
from keras_transfer.config.messages import VALUE, say_value
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.short_names import shorten

# What people type without knowing the sections -> the settings meant.
SHORT_OPTIONS = {
    "batch_size": ("data.batch_size",),
    "image_size": ("data.image_size",),
    "epochs": ("frozen.epochs", "finetune.epochs"),
}
# Strategies of one phase -> the setting that `epochs` means there, and the one that it leaves at 0.
ONE_PHASE = {
    "feature_extraction": ("frozen.epochs", "finetune.epochs"),
    "partial": ("finetune.epochs", "frozen.epochs"),
    "full": ("finetune.epochs", "frozen.epochs"),
    "from_scratch": ("finetune.epochs", "frozen.epochs"),
}

SECTIONS: dict[str, type[Any]] = {
    name: kind
    for name, kind in get_type_hints(TrainConfig).items()
    if isinstance(kind, type) and is_dataclass(kind)
}


def merge_layers(*layers: Mapping[Any, Any], equally_long: bool = False) -> TrainConfig:
    """Build the settings from layers of nested dicts; later ones win.

    Within a layer a setting wins over the short option that means it, too.

    Args:
        *layers: The settings.
        equally_long: Whether `epochs` are those of each of two phases under every strategy, so that
            one with a single phase trains as long as two_phase. False: it is all that it trains.
    """
    stated = [flatten(layer) for layer in layers]
    strategy = next((each["strategy"] for each in reversed(stated) if "strategy" in each), None)
    settings: dict[str, Any] = {}
    for each in stated:
        settings |= _write_in_full(each, None if equally_long else strategy)
    known = flatten(to_dict(TrainConfig()))
    if unknown := [key for key in settings if key not in known]:
        hint = suggest_option(unknown[0], [*known, *SHORT_OPTIONS])
        raise ConfigError(f"Unknown setting {unknown[0]!r}. {hint}")
    values: dict[str, Any] = {section: {} for section in SECTIONS}
    for key, value in settings.items():
        section, _, name = key.rpartition(".")
        (values[section] if section else values)[name] = value
    try:
        sections = {name: kind(**values[name]) for name, kind in SECTIONS.items()}
        return TrainConfig(**values | sections)
    except ConfigError as error:
        raise ConfigError(_name_as_given(str(error), stated)) from error


def _name_as_given(message: str, stated: Sequence[Mapping[str, Any]]) -> str:
    """Return an error that names the short option where that is what was given."""
    for short, fields in SHORT_OPTIONS.items():
        if any(short in each for each in stated):
            own = any(field in each for each in stated for field in fields)
            for name in (" and ".join(fields), *(() if own else fields)):
                message = message.replace(f"`{name}` must", f"`{short}` must")
    return message


def _write_in_full(stated: Mapping[str, Any], strategy: Any) -> dict[str, Any]:
    """Return flat settings with those that the short options among them mean."""
    settings = dict(stated)
    for short, fields in SHORT_OPTIONS.items():
        if short not in settings:
            continue
        value = settings.pop(short)
        meant = dict.fromkeys(fields, value)
        if short == "epochs" and value != "auto" and str(strategy) in ONE_PHASE:
            spent, unused = ONE_PHASE[str(strategy)]
            meant = {spent: value, unused: 0}
        settings = meant | settings
    return settings


def flatten(layer: Mapping[Any, Any]) -> dict[str, Any]:
    """Return nested settings as {"data.batch_size": 32}."""
    flat: dict[str, Any] = {}
    for key, value in layer.items():
        if key not in SECTIONS:
            flat[str(key)] = value
            continue
        if isinstance(value, SECTIONS[key]):
            value = vars(value)
        if value is None:  # in YAML: every line below it is commented out
            continue
        if not isinstance(value, Mapping):
            raise ConfigError(explain_section(key, value))
        flat |= {f"{key}.{name}": item for name, item in value.items()}
    return flat


def explain_section(name: str, received: Any, dashes: str = "") -> str:
    """Return the error for a section that is given as one value.

    Args:
        name: Of the section.
        received: The value.
        dashes: What options begin with where it came from.
    """
    first, *_ = SECTIONS[name].__dataclass_fields__
    value, meant = say_value(received), dashes + MAIN_SETTING[name]
    if dashes:
        meant = f"{meant} {shorten(str(received), VALUE)}"
    return (
        f"`{name}` must be a section of settings such as {name}.{first}. Received: {value}. "
        f"Did you mean '{meant}'?"
    )
