"""A `TrainConfig` from layers of settings, such as YAML files, and back to YAML.

Later layers win. What a layer does not state stays as it is.
"""

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any, get_type_hints

from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.system.errors import ConfigError

# What people type without knowing the sections -> the settings meant.
SHORT_OPTIONS = {
    "batch_size": ("data.batch_size",),
    "image_size": ("data.image_size",),
    "epochs": ("frozen.epochs", "finetune.epochs"),
}

SECTIONS: dict[str, type[Any]] = {
    name: kind
    for name, kind in get_type_hints(TrainConfig).items()
    if isinstance(kind, type) and is_dataclass(kind)
}


def merge_layers(*layers: Mapping[Any, Any]) -> TrainConfig:
    """Build the settings from layers of nested dicts; later ones win.

    Within a layer a setting wins over the short option that means it, too.
    """
    settings: dict[str, Any] = {}
    for layer in layers:
        stated = flatten(layer)
        for short, fields in SHORT_OPTIONS.items():
            if short in stated:
                value = stated.pop(short)
                stated = dict.fromkeys(fields, value) | stated
        settings |= stated
    known = flatten(to_dict(TrainConfig()))
    if unknown := [key for key in settings if key not in known]:
        hint = suggest_option(unknown[0], [*known, *SHORT_OPTIONS])
        raise ConfigError(f"Unknown setting {unknown[0]!r}. {hint}")
    values: dict[str, Any] = {section: {} for section in SECTIONS}
    for key, value in settings.items():
        section, _, name = key.rpartition(".")
        (values[section] if section else values)[name] = value
    return TrainConfig(**values | {name: kind(**values[name]) for name, kind in SECTIONS.items()})


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


def explain_section(name: str, received: Any) -> str:
    """Return the error for a section that is given as one value."""
    first, *_ = SECTIONS[name].__dataclass_fields__
    return f"`{name}` must be a section of settings such as {name}.{first}. Received: {received!r}."


def suggest_option(option: str, options: list[str]) -> str:
    """Return the hint for an unknown option: those that come close to it."""
    return suggest_close(option, options) or "See --help for all of them."
