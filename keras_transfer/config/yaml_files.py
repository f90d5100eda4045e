"""Settings as YAML, read and written."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.system.errors import ConfigError

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
