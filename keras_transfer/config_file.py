"""A `TrainConfig` from layers of settings, such as YAML files, and back to YAML.

Later layers win. What a layer does not state stays as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from keras_transfer.config import ConfigError, TrainConfig, suggest, to_dict

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

# How YAML 1.2 reads unquoted values. PyYAML follows YAML 1.1, to which 1e-4 is text, `on` is true
# and 2026-11-20 a date.
PLAIN_VALUES = [
    ("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z")),
    ("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    ("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")),
    (
        "tag:yaml.org,2002:float",
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
    ),
]


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {None: PLAIN_VALUES}  # noqa: RUF012


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 or YAML 1.2 would not read back as text."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        **yaml.SafeDumper.yaml_implicit_resolvers,
        None: PLAIN_VALUES,
    }


def dump_config(config: TrainConfig) -> str:
    """Return the settings as YAML that `--config` reads back to the same settings."""
    return dump_settings(to_dict(config))


def dump_settings(settings: Mapping[str, Any]) -> str:
    """Return plain values as YAML that `read_yaml` reads back to the same."""
    return str(yaml.dump(dict(settings), Dumper=_Dumper, sort_keys=False, allow_unicode=True))


def read_yaml(file: str | Path) -> Mapping[Any, Any]:
    """Return the settings that a YAML file states.

    Raises:
        ConfigError: It cannot be read, or holds something else.
    """
    try:
        content = yaml.load(Path(file).read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        fault = error.strerror or str(error)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        fault = f"line {line}: {error.problem}"
    except (yaml.YAMLError, ValueError) as error:  # bytes that are no text
        fault = str(error)
    else:
        if content is None:  # empty, or comments only
            return {}
        if isinstance(content, Mapping):
            return content
        fault = "it holds no `name: value` lines"
    raise ConfigError(
        f"`config` must be a YAML file of settings. Received: {file} ({' '.join(fault.split())})."
    )


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
    hint = suggest(option, options)
    return hint if hint.startswith("Did") else "See --help for all of them."
