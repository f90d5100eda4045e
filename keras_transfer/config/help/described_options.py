"""What a parser knows of its options, as a person reads it: words, values, defaults."""

import argparse
import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

WIDEST_CHOICES = 30  # letters of a|b|c before a word stands for them

# What stands for the value of a setting where its type says too little.
VALUES = {
    "backbone": "NAME",
    "config": "FILE",
    "dataset": "WHERE",
    "finetune.rates": "{BLOCK: RATE}",
    "images": "WHERE",
    "name": "NAME",
    "output": "FOLDER",
    "regularize.source": "WHERE",
    "resume": "RUN",
    "strategy": "NAME",
    "weights": "WHICH",
}
KINDS = {int: "N", float: "X", Path: "PATH"}  # type of a value -> what stands for it


@dataclass(frozen=True, kw_only=True)
class Option:
    """An option or a positional word of a command."""

    name: str
    """Without its dashes: `data.batch_size`, or `RUN` of a positional word."""
    spelled: str
    """With its value: `--data.batch_size N`."""
    words: str
    """What it does, whole."""
    default: str
    """What it is where it is not given; "" where there is nothing to say."""
    choices: tuple[str, ...] = ()
    """What its value may be, where that is a list."""
    is_flag: bool = False
    """Whether it may stand alone."""
    is_many: bool = False
    """Whether several values may follow it."""
    is_positional: bool = False
    """Whether it is a word without dashes, as RUN."""

    @property
    def section(self) -> str:
        """Name of its section; "" of those without."""
        return self.name.rpartition(".")[0]

    @property
    def first_sentence(self) -> str:
        """What it does, in short."""
        return re.split(r"(?<=[.!?])\s", self.words, maxsplit=1)[0]


def describe_options(parser: argparse.ArgumentParser) -> list[Option]:
    """Return all options of a parser that are shown, in order, the positional words first."""
    shown = [action for action in parser._actions if _is_shown(action)]
    shown.sort(key=lambda action: bool(action.option_strings))
    return [_describe(action) for action in shown]


def _is_shown(action: argparse.Action) -> bool:
    # a section as one word (`--data FILE`) is jsonargparse's, and no one's to write
    section = type(action).__name__ == "_ActionConfigLoad"
    return not section and action.help != argparse.SUPPRESS and action.dest != "help"


def _describe(action: argparse.Action) -> Option:
    positional = not action.option_strings
    name = str(action.metavar or action.dest) if positional else action.option_strings[-1][2:]
    words = " ".join((action.help or "").split())
    words, default = _split_default(words, action.default)
    choices = _list_choices(action)
    is_flag = action.nargs == 0 or choices == ("true", "false")
    bare = action.nargs == 0 or (is_flag and action.default is False)
    value = "" if bare else _say_value(action, name, choices)
    spelled = value if positional else f"--{name} {value}".rstrip()
    return Option(
        name=name,
        spelled=spelled,
        words=words,
        default=default,
        choices=choices,
        is_flag=is_flag,
        is_many=action.nargs == "+",
        is_positional=positional,
    )


def _list_choices(action: argparse.Action) -> tuple[str, ...]:
    """Return the words that a value may be; none where it may be anything of its type."""
    if action.choices:
        return tuple(map(str, action.choices))
    kind = getattr(action, "_typehint", None)
    if get_origin(kind) is Literal:
        return tuple(get_args(kind))
    return ("true", "false") if bool in (kind, *get_args(kind)) else ()


def _say_value(action: argparse.Action, name: str, choices: Sequence[str]) -> str:
    """Return what stands for the value: `N`, `crop|pad|stretch`, `NAME …`."""
    if isinstance(action.metavar, str) and not action.metavar.startswith("{"):
        value = action.metavar
    elif choices and len("|".join(choices)) <= WIDEST_CHOICES:
        value = "|".join(choices)
    else:
        kinds = _list_kinds(action)
        value = VALUES.get(name) or next((KINDS[kind] for kind in kinds if kind in KINDS), "WORD")
    return f"{value} …" if action.nargs == "+" else value


def _list_kinds(action: argparse.Action) -> tuple[Any, ...]:
    kind = getattr(action, "_typehint", None) or action.type
    return get_args(kind) or (kind,)


def _split_default(words: str, default: Any) -> tuple[str, str]:
    """Return the words without what they say of the default, and the default in words.

    A setting says what None means: "Name of the run. None: the time." has the default "the time".
    """
    if found := re.search(r"\s*\(default: (.+)\)\Z", words):
        return words[: found.start()], found[1]
    if default is None:
        found = re.search(r"(?:\A|\s)None: (.+?)\.?(?=\s[A-Za-z0-9_]+: |\Z|\.\s)", words)
        if not found:
            return words, ""
        kept = words[: found.start()] + words[found.end() :]
        return re.sub(r"\.\.(?=\s|\Z)", ".", kept).strip(), found[1]
    if default is argparse.SUPPRESS or default is False or default == ():
        return words, ""
    return words, _say_default(default)


def _say_default(default: Any) -> str:
    if isinstance(default, list | tuple):
        return " ".join(map(_say_default, default))
    if isinstance(default, enum.Enum):
        return str(default.value)
    return f"{default:g}" if isinstance(default, float) else str(default)
