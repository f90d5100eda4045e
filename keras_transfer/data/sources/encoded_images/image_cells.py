"""One cell of a table of encoded images: bytes, or Hugging Face's {bytes, path}."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

MOST_BYTES = 2**30  # of a file that a cell names; a larger one is no photograph


def read_cell(cell: object, folder: Path) -> tuple[bytes, str]:
    """Return the encoded image of a cell, b"" where it is lost, and what it is called.

    Args:
        cell: Bytes, or a mapping with `bytes` and `path`; where there are no bytes, the path leads
            to a file.
        folder: Where relative paths start.
    """
    if isinstance(cell, bytes):
        return cell, ""
    if not isinstance(cell, Mapping):
        return b"", ""
    content, path = cell.get("bytes"), cell.get("path")
    name = path if isinstance(path, str) else ""
    if isinstance(content, bytes):
        return content, os.path.basename(name)
    return _read_file(os.path.join(folder, name)) if name else b"", os.path.basename(name)


def _read_file(path: str) -> bytes:
    """Return the bytes of a regular file; b"" where it cannot be had."""
    try:
        with open(path, "rb", opener=_open_at_once) as stream:
            status = os.fstat(stream.fileno())
            fits = stat.S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES
            return stream.read(MOST_BYTES) if fits else b""
    except (OSError, ValueError):  # a path with a null byte
        return b""


def _open_at_once(path: str, flags: int) -> int:
    """Open a file; a pipe is not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
