"""Text from outside as Markdown shows it: no link, image, HTML or table that it could begin."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from keras_transfer.system.terminal.visible_text import show_name

# What begins something, on GitHub and Hugging Face, too; a_b is a_b everywhere.
ACTIVE = r"[\\`*\[\]<>|#&~$@]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])"
LINKED = r"(?i)\b(https?|ftp)(://)|\bwww(\.)"  # what GitHub makes a link of without any marks


def escape(text: str) -> str:
    """Return a name or a sentence in one line that Markdown shows as it is."""
    text = re.sub(f"({ACTIVE})", r"\\\1", show_name(text))
    return re.sub(LINKED, lambda found: found[0].replace("://", r"\://").replace(".", r"\."), text)


def quote_code(text: str) -> str:
    """Return text as a span of code, in one line; its own backticks do not end it."""
    text = show_name(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}"


def draw_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a table, of whatever text in the cells."""
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(escape(str(cell)) for cell in row) + " |"
