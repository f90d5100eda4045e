"""What commands write for scripts: one JSON object or some paths, and nothing else beside it."""

import argparse
import contextlib
import json
import math
import numbers
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_transfer.system.terminal.visible_text import BLANKS, print_text


def add_json(parser: argparse.ArgumentParser, word: str = "print") -> None:
    """Add the option `--json` to a parser, whose help begins with this word, as the others' do."""
    text = f"{word} one JSON object, all else on standard error"
    parser.add_argument("--json", action="store_true", help=text)


@contextlib.contextmanager
def reserving_output(wanted: bool) -> Iterator[None]:
    """Send all that is printed to standard error, if standard output is for an answer alone.

    That goes for the lines of libraries, too: Keras shows there how far a download is.

    Args:
        wanted: Whether it is; if not, nothing changes.
    """
    with contextlib.redirect_stdout(sys.stderr) if wanted else contextlib.nullcontext():
        yield


def print_json(content: Mapping[str, Any]) -> None:
    """Print one JSON object in one line, in UTF-8 whatever the locale.

    Numbers that are not finite become null, since JSON has none; paths and NumPy's numbers become
    plain ones. Letters that cannot be seen are written as JSON escapes them: no terminal obeys
    them, and whoever parses the object has them back.

    Args:
        content: Plain values; docs/schemas says which.
    """
    text = json.dumps(_to_plain(content), ensure_ascii=False, allow_nan=False)
    _write("".join(map(_escape, text)), "utf-8")


def print_path(path: Path) -> None:
    """Print the full path of a file or folder, byte for byte as the disk has it."""
    if sys.stdout.isatty():
        print_text(str(path.absolute()))
    else:
        _write(str(path.absolute()), sys.getfilesystemencoding())


def _write(line: str, encoding: str) -> None:
    """Write a line in an encoding that need not be that of standard output."""
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:  # a notebook's
        sys.stdout.write(line + "\n")
        return
    sys.stdout.flush()
    stream.write(line.encode(encoding, "surrogateescape") + b"\n")
    stream.flush()


def _escape(letter: str) -> str:
    plain = letter.isascii() or (letter.isprintable() and letter not in BLANKS)
    return letter if plain else json.dumps(letter)[1:-1]


def _to_plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    if isinstance(value, Mapping):
        return {str(key): _to_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    return float(value) if math.isfinite(value) else None
