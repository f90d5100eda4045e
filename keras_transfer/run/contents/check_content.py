"""Whether plain values, as JSON holds them, are what a type hint says; where they are not, which.

Hints may be `TypedDict`s and dataclasses, `dict`, `list`, `tuple`, `Literal`, unions, and numbers
with a range: `Annotated[float, (0, 1)]`. Keys that no hint names are let through: another version
may have more of them.
"""

import dataclasses
import math
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

MOST = 2**53  # whole numbers beyond it are no count of anything
ROUNDING = 1e-6  # a mean of ones in float32 may be above 1
SHOWN = 60  # letters of a value in a message
WORDS = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    list: "a list",
    dict: "an object",
    NoneType: "null",
}

Share = Annotated[float, (0, 1)]
Count = Annotated[int, (0, MOST)]
Positive = Annotated[int, (1, MOST)]


class WrongContent(ValueError):
    """A value is not what it must be.

    Args:
        place: Where it is: "splits.test.accuracy"; "" for the whole.
        must: What it must be, in words.
        received: What it is, in words.
    """

    def __init__(self, place: str, must: str, received: str) -> None:
        super().__init__(f"{place or 'it'} must be {must}, and is {received}")
        self.place, self.must, self.received = place, must, received


def check_content(value: Any, kind: Any, place: str = "") -> None:
    """Raise `WrongContent` unless a value is of a kind.

    Args:
        value: Plain: of dicts, lists, texts, numbers, true, false and None.
        kind: A type hint.
        place: Where the value is, for the error.
    """
    origin = get_origin(kind)
    if origin is Annotated:
        base, (low, high) = get_args(kind)
        check_content(value, base, place)
        _require(low - ROUNDING <= value <= high + ROUNDING, value, kind, place)
    elif origin in (Union, UnionType):
        _check_one_of(value, kind, place)
    elif origin is Literal:
        _require(isinstance(value, str) and value in get_args(kind), value, kind, place)
    elif is_typeddict(kind) or dataclasses.is_dataclass(kind):
        _check_fields(value, kind, place)
    elif origin is not None:
        _require(isinstance(value, dict if origin is dict else list), value, kind, place)
        _check_items(value, origin, get_args(kind), place)
    elif kind is not Any:
        _require(_is_plain(value, kind), value, kind, place)


def _is_plain(value: Any, kind: type) -> bool:
    if kind is float:
        # of whole numbers those that a float holds
        number = isinstance(value, float) or (isinstance(value, int) and abs(value) <= MOST)
        return number and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _check_one_of(value: Any, kind: Any, place: str) -> None:
    """Check a union; the error is that of its last part, unless the value is null."""
    parts = get_args(kind)
    for part in parts:
        try:
            check_content(value, part, place)
        except WrongContent as error:
            fault = error
        else:
            return
    raise WrongContent(place, _say(kind), fault.received) if fault.place == place else fault


def _check_fields(value: Any, kind: Any, place: str) -> None:
    _require(isinstance(value, Mapping), value, kind, place)
    for name, hint in get_type_hints(kind, include_extras=True).items():
        if get_origin(hint) is NotRequired:
            (hint,) = get_args(hint)
        where = f"{place}.{name}".lstrip(".")
        if name in value:
            check_content(value[name], hint, where)
        elif name in getattr(kind, "__required_keys__", ()):
            raise WrongContent(where, _say(hint), "nothing")


def _check_items(value: Any, origin: Any, kinds: tuple[Any, ...], place: str) -> None:
    if origin is dict:
        for name, item in value.items():
            check_content(name, kinds[0], f"a name in {place}".rstrip(" in"))
            check_content(item, kinds[1], f"{place}.{name}".lstrip("."))
        return
    if origin is tuple and len(value) != len(kinds):
        raise WrongContent(place, f"a list of {len(kinds)}", f"{len(value)} of them")
    parts = kinds if origin is tuple else kinds * len(value)
    for index, (item, kind) in enumerate(zip(value, parts, strict=True)):
        check_content(item, kind, f"{place}[{index}]")


def _require(holds: bool, value: Any, kind: Any, place: str) -> None:
    if not holds:
        raise WrongContent(place, _say(kind), _show(value))


def _say(kind: Any) -> str:
    """Return a kind in words."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        base, (low, high) = parts
        return f"{_say(base)} from {low}" + ("" if high == MOST else f" to {high}")
    if origin in (Union, UnionType):
        return " or ".join(map(_say, parts))
    if origin is Literal:
        return f"one of {', '.join(parts)}"
    if origin in (list, tuple):
        return WORDS[list]
    return WORDS.get(kind, WORDS[dict])


def _show(value: Any) -> str:
    """Return what a value is: itself if it is short, else its kind."""
    if isinstance(value, dict | list):
        return WORDS[type(value)]
    try:
        text = repr(value)
    except ValueError:  # a whole number of more digits than Python writes
        return "a number without measure"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
