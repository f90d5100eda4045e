"""Find a named part in a table, or say which names come close."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from keras_transfer.config.messages import say_value
from keras_transfer.system.errors import ConfigError


def suggest(name: str, names: Iterable[str]) -> str:
    """Return "Did you mean …?" for names close to `name`, else the sentence that lists them all."""
    known = [*names]
    return suggest_close(name, known) or "Known: " + ", ".join(known) + "."


def suggest_close(name: str, names: Iterable[str]) -> str:
    """Return "Did you mean …?" for names close to `name`; "" where none is."""
    spelled = {each.lower(): each for each in names}
    close = difflib.get_close_matches(name.lower(), spelled, n=3, cutoff=0.6)
    if not close:
        return ""
    return "Did you mean " + " or ".join(f"'{spelled[each]}'" for each in close) + "?"


Row = TypeVar("Row")


def lookup(table: Mapping[str, Row], kind: str, name: str) -> Row:
    """Return `table[name]`.

    Args:
        table: One of the program's tables, such as `BACKBONES`.
        kind: What a row of the table is, for the error: `"backbone"`.
        name: The row wanted.

    Raises:
        ConfigError: `name` is not in `table`; the message lists close names.
    """
    if name in table:
        return table[name]
    raise ConfigError(f"Unknown {kind} {say_value(name)}. {suggest(name, table)}")
