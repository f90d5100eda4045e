"""Hashes of what a result is determined by: the files of a model, and the examples."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from keras_transfer.system.files.file_hashes import hash_file


def hash_model(parts: Iterable[Path]) -> str:
    """Return the hash of files, and of all files in folders, by what is in them.

    Args:
        parts: Those of a model that its answers come from.
    """
    lines = []
    for part in parts:
        files = sorted(part.rglob("*")) if part.is_dir() else [part]
        lines += [
            f"{file.relative_to(part.parent)} {hash_file(file)}\n"
            for file in files
            if file.is_file()
        ]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def hash_sources(
    names: Iterable[str],
    sources: Iterable[Any],
    read_state: Callable[[str | Path], tuple[int, int]],
) -> str:
    """Return the hash of the names of examples and of what they come from.

    Of files it takes size and time of the last change: reading them is the work that is spared.

    Args:
        names: Of n examples.
        sources: As `Modality.list_words` returns them: files, contents or texts.
        read_state: Returns size and time of a file, whether it is there or not.
    """
    found = hashlib.sha256()
    for name, source in zip(names, sources, strict=True):
        said = _describe(source, read_state)
        found.update(f"{len(name)} {name} {len(said)} ".encode("utf-8", "surrogatepass") + said)
    return found.hexdigest()


def _describe(source: Any, read_state: Callable[[str | Path], tuple[int, int]]) -> bytes:
    if isinstance(source, bytes):
        return hashlib.sha256(source).digest()
    if not isinstance(source, str | Path):
        return repr(source).encode("utf-8", "surrogatepass")
    size, changed = read_state(source)
    return f"{size} {changed}".encode()
