"""Sources of examples as workers of a cluster can read them, and what stands for those they cannot.

A source is what `Modality.stream` reads: the name of a file, a content, or texts.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from keras_transfer.data.shards.member_files import name_container


def name_fully(sources: Iterable[Any]) -> list[Any]:
    """Return sources as others find them: workers are in other folders."""
    return [*map(_name_fully, sources)]


def list_seen(sources: Sequence[Any]) -> list[str]:
    """Return the file of the first source, if it is one, which each worker is to look for.

    Args:
        sources: As `name_fully` returns them.
    """
    first = [source for source in sources[:1] if isinstance(source, str | Path)]
    return [*filter(os.path.exists, map(name_container, first))]


def spare_lost(sources: Sequence[Any], lost: Mapping[int, str]) -> list[Any]:
    """Return sources with what can be read in place of those that would end the process."""
    return [_empty(each) if place in lost else each for place, each in enumerate(sources)]


def _name_fully(source: Any) -> Any:
    if isinstance(source, Path):
        return source.absolute()
    return os.path.abspath(source) if isinstance(source, str) else source


def _empty(source: Any) -> Any:
    if isinstance(source, tuple):  # of texts
        return ("",) * len(source)
    return ("",) if isinstance(source, Path) else b""
