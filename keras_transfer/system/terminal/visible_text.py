"""Names, paths and reasons that come from outside, as text that nothing hides in or acts from.

Class names, file names and settings may hold anything: escape sequences that a terminal obeys,
marks that turn the direction of what follows, letters that cannot be seen. Whatever is printed,
logged or drawn passes through here; files of data, such as predictions.csv, keep the bytes.
"""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TextIO

# Printable to Python, and nothing to the eye.
BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Unseen parts of words in Arabic, Hindi … and of emoji, and nothing but a trap behind "cat".
JOINERS = frozenset("\u034f\u200c\u200d") | {chr(code) for code in range(0xFE00, 0xFE10)}
JOINED = "\u0600"  # the scripts that need them begin here


def show(text: str, keep: str = "") -> str:
    r"""Return `text` with every letter that cannot be seen written out: `\x1b`, `\u202e`, `\n`.

    They are those that `repr` writes so, too. What is shown is not changed by showing it again.

    Args:
        text: Of any letters.
        keep: Letters that stay as they are, such as the ends of our own lines.
    """
    if text.isascii() and text.isprintable():
        return text
    shown, before = [], ""
    for letter in text:
        if letter in JOINERS:
            plain = before >= JOINED
        else:
            plain = letter in keep or (letter.isprintable() and letter not in BLANKS)
        shown.append(letter if plain else _write_out(letter))
        before = letter if plain else ""
    return "".join(shown)


def show_name(name: str) -> str:
    r"""Return a name in one line; blanks at its ends are written out, too: `cat\x20`."""
    core = name.strip(" ")
    start = len(name) - len(name.lstrip(" "))
    return "\\x20" * start + show(core) + "\\x20" * (len(name) - len(core) - start)


def quote_word(word: str | Path) -> str:
    """Return a word as it can be typed in a shell; bash and zsh read `$'…'` with its escapes."""
    text = os.fspath(word)
    if show(text) == text:
        return shlex.quote(text)
    return "$'" + show(re.sub(r"([\\'])", r"\\\1", text)) + "'"


def print_text(text: str, stream: TextIO | None = None) -> None:
    """Print lines of text, to standard output unless another stream is given."""
    print(show(text, keep="\n"), file=stream or sys.stdout)


def count_cells(text: str) -> int:
    """Return how many columns of a terminal a text takes: two for each Chinese letter."""
    if text.isascii():
        return len(text)
    import rich.cells

    return rich.cells.cell_len(text)


def _write_out(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # how Python holds a byte that is not UTF-8
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode("ascii")
