"""Files that are whole or not there: written under another name, flushed, renamed."""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Hand out a temporary name; on success what is there becomes `file`, flushed to disk."""
    temporary = name_unfinished(file)
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left of `replacing`; nobody else may be writing there."""
    for file in filter(is_unfinished, folder.glob(".*")):
        file.unlink()


def name_unfinished(path: Path) -> Path:
    """Return where this process prepares `path`; the suffix stays, since writers look at it."""
    return path.with_name(f".{os.getpid()}-{path.name}")


def is_unfinished(path: Path) -> bool:
    """Tell whether a process prepares something here, or did so when it ended."""
    return re.match(r"\.\d+-", path.name) is not None
