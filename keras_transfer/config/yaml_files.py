"""Settings as YAML, read and written."""

import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import Any

import yaml
from yaml.composer import ComposerError

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


MOST_BYTES = 10**5  # of a file of settings
MOST_VALUES = 2000  # of one, aliases written out
LONGEST = 200  # letters of what is said of one
DEEPEST = 20  # sections within sections


class _Loader(yaml.SafeLoader):
    """Refuses what unfolds without measure, and keys that stand twice."""

    yaml_implicit_resolvers = {None: PLAIN_VALUES}  # noqa: RUF012

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[int, int] = {}  # id of a whole node -> values, aliases written out

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return the next node, which is not too deep or large."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self._depth += 1
        if self._depth > DEEPEST:
            raise _refuse(f"it is nested more than {DEEPEST} deep", event)
        node = super().compose_node(parent, index)
        self._depth -= 1
        assert node is not None
        if isinstance(event, yaml.AliasEvent):
            if id(node) not in self._sizes:
                raise _refuse(f"*{event.anchor} stands within &{event.anchor}", event)
        else:
            self._sizes[id(node)] = 1 + sum(self._sizes[id(part)] for part in _list(node))
            if isinstance(node, yaml.MappingNode):
                _refuse_repeated(node)
        if max(len(self._sizes), self._sizes[id(node)]) > MOST_VALUES:
            raise _refuse(f"it holds more than {MOST_VALUES:,} values", event)
        return node


def _refuse(fault: str, event: yaml.Event) -> ComposerError:
    return ComposerError(None, None, fault, event.start_mark)  # type: ignore[arg-type]


def _list(node: yaml.Node) -> list[yaml.Node]:
    """Return the nodes directly in a node."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _refuse_repeated(node: yaml.MappingNode) -> None:
    """Refuse a key that stands twice: PyYAML would take the last value without a word."""
    lines: dict[Any, int] = {}
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode):
            line = key.start_mark.line + 1
            if key.value in lines:
                fault = f"{key.value!r} stands in line {lines[key.value]} already"
                raise ComposerError(None, None, fault, key.start_mark)
            lines[key.value] = line


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
        content = yaml.load(_read_text(file), Loader=_Loader)
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
        f"`config` must be a YAML file of settings. Received: {file} "
        f"({shorten(fault, LONGEST, placeholder=' …')})."
    )


def _read_text(file: str | Path) -> str:
    """Return what is in a file, or a pipe, of settings; /dev/zero would never end.

    Raises:
        ValueError: It is too large, or no text.
    """
    with open(file, "rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES:,} bytes")
    return content.decode("utf-8")
