r"""The files that the cells of a table name, as people write them: `a/1.jpg`, `a\1.jpg`, `1`."""

import itertools
import logging
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.data.shards.member_files import find_folder, is_there
from keras_transfer.data.sources.file_walk import walk_images
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

ABSOLUTE = re.compile(r"/|[A-Za-z]:/")

Index = dict[str, list[str]]  # names of files, with and without suffix: paths


def locate_files(table: Path, cells: Sequence[str]) -> list[str]:
    """Return the absolute path that each cell means; there need not be a file.

    Where not one cell is a path from the folder of the table, the one file below that folder is
    taken whose path ends like the cell, with or without its suffix and in any letter case: `1` may
    be `train/1.jpg`. Of absolute paths, the folder that all of them share is left out. Where this
    finds nothing either, paths may begin in the folder above or in the current one.

    Raises:
        ConfigError: Not one file exists, or a cell fits several.
    """
    folder = table.parent
    written = [cell.replace("\\", "/") for cell in cells]
    files = _join(folder, written)
    if any(map(is_there, files)):
        return files
    found = _find_ends(table, written)
    if found:
        example = next(iter(found.items()))
        files_are = count_of(len(found), "file by its end", "files by their ends")
        logger.info("%s: found %s: %s is %s", table.name, files_are, *example)
        return [
            os.path.join(folder, found[path]) if path in found else file
            for path, file in zip(written, files, strict=True)
        ]
    for start in (folder.parent, Path.cwd()):
        begun = _join(start, written)
        if any(map(is_there, begun)):
            logger.info("%s: its paths begin at %s", table.name, start)
            return begun
    raise ConfigError(
        f"The files of a table must exist. Received: {table}, where none of {len(files)} does, "
        f"such as {name_some(written, most=2)}. {_advise(folder, written)}"
    )


def find_root(table: Path, files: Sequence[str]) -> Path:
    """Return the folder of the table, or the deepest one that holds all files that exist."""
    outside = f"{table.parent}{os.sep}"
    if all(file.startswith(outside) for file in files):
        return table.parent
    return find_folder(filter(is_there, files))


def _join(folder: Path, written: Sequence[str]) -> list[str]:
    return [os.path.normpath(os.path.join(folder, path)) for path in written]


def _find_ends(table: Path, written: Sequence[str]) -> dict[str, str]:
    """Return the one file below the folder of the table that ends like each path, if any does."""
    index = _index_files(table.parent)
    found = {}
    for path, end in _strip_shared(written).items():
        fitting = _match_end(index, end)
        if len(fitting) > 1:
            raise ConfigError(
                f"Every path of a table must name one file. Received: {path} in {table}, which "
                f"fits {name_some(fitting, most=2)}. Write more of the path, which starts at "
                f"{table.parent}."
            )
        if fitting:
            found[path] = fitting[0]
    return found


def _index_files(folder: Path) -> Index:
    index: Index = defaultdict(list)
    for walked in walk_images(folder, "", set()):
        path = walked.removeprefix("/")
        name = _fold(os.path.basename(path))
        for key in {name, os.path.splitext(name)[0]}:
            index[key].append(path)
    return dict(index)


def _match_end(index: Index, end: str) -> list[str]:
    """Return the files whose path ends like `end`; the whole name counts more than its stem."""
    end = _fold(end)
    near = [(path, f"/{_fold(path)}") for path in index.get(end.rpartition("/")[2], [])]
    whole = [path for path, folded in near if folded.endswith(f"/{end}")]
    return whole or [p for p, folded in near if os.path.splitext(folded)[0].endswith(f"/{end}")]


def _strip_shared(written: Sequence[str]) -> dict[str, str]:
    """Return what is looked for of each path: of absolute ones, what is below all they share."""
    ends = {path: os.path.normpath(path) for path in written}
    absolute = [path for path in ends if ABSOLUTE.match(path)]
    folders = [path.split("/")[:-1] for path in absolute]
    shared = list(
        itertools.takewhile(lambda parts: len({*parts}) == 1, zip(*folders, strict=False))
    )
    return ends | {path: "/".join(path.split("/")[len(shared) :]) for path in absolute}


def _fold(path: str) -> str:
    """Return a path without letter case; é of one sign (Windows) and of two (macOS) are equal."""
    return unicodedata.normalize("NFC", path).casefold()


def _advise(folder: Path, written: Sequence[str]) -> str:
    if any("://" in path for path in written):
        return "Those are addresses: download the files, and write their paths."
    return f"Correct the paths, which start at {folder}."
