"""Find a named part in a table, or say which names come close."""

from collections.abc import Mapping
from typing import TypeVar

from keras_transfer.config import ConfigError, suggest

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
    raise ConfigError(f"Unknown {kind} {name!r}. {suggest(name, table)}")
