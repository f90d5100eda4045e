"""Every file below a folder that may be an image, by its name alone."""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.run_files import is_output

logger = logging.getLogger(__name__)

# Files that people and programs leave beside images. Everything else is taken for an image,
# whatever its name, so that a broken or misnamed one is reported rather than overlooked.
SIDE_SUFFIXES = {".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml"}
SIDE_SUFFIXES |= {".html", ".htm", ".log", ".ini", ".py", ".ipynb"}
SIDE_NAMES = {"thumbs.db", "ehthumbs.db", ".ds_store", ".gitkeep", ".gitignore", ".keep"}
SIDE_FOLDERS = {"__macosx", "__pycache__", "@eadir", "$recycle.bin"}
DEPTH = 3  # of run directories below a folder that holds nothing else


def walk_images(folder: Path | str, relative: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Yield every file below a folder that may be an image, sorted within each folder.

    Hidden folders, what lies beside images (texts, tables, thumbnails' databases) and what this
    program wrote (run directories, comparisons, exports) are ignored. What cannot be read (folders
    without permission, links to themselves) and what is no file (pipes, devices) is yielded:
    whoever opens it says so.

    Args:
        folder: Read with all its sub-folders and links to folders, each of them once.
        relative: What the '/'-separated paths begin with.
        seen: Folders that are not to be read again, as (device, inode); grows.
    """
    for above in Path(os.path.realpath(folder)).parents:  # a link there leads to other classes
        with contextlib.suppress(OSError):
            seen.add(_identify(os.stat(above)))
    waiting = [(str(folder), relative)]  # no recursion: folders may be a thousand deep
    while waiting:
        folder, relative = waiting.pop()
        try:
            here = _identify(os.stat(folder))
            if here in seen:
                logger.warning(
                    "%s is not read: a link to a folder that is above it or read already", folder
                )
                continue
            seen.add(here)
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            yield relative
            continue
        below: list[tuple[str, str]] = []
        for entry in found:
            path = f"{relative}/{entry.name}"
            if is_folder(entry):
                if not (is_side_folder(entry.name) or is_output(entry.path)):
                    below.append((entry.path, path))
            elif not is_side_file(entry.name):
                yield path
        waiting += reversed(below)


def _identify(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder, or a link that leads to one."""
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def is_regular(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a file, or a link that leads to one; no pipe and no device."""
    try:
        return entry.is_file()
    except OSError:
        return False


def is_side_folder(name: str) -> bool:
    """Return whether a folder of this name is hidden, or lies beside images."""
    return name.startswith(".") or name.lower() in SIDE_FOLDERS


def is_side_file(name: str) -> bool:
    """Return whether a file of this name lies beside images and is none."""
    name = name.lower()
    return name in SIDE_NAMES or os.path.splitext(name)[1] in SIDE_SUFFIXES


def list_folders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted, without side and output folders."""
    with os.scandir(folder) as entries:
        names = sorted(e.name for e in entries if not is_side_folder(e.name) and is_folder(e))
    return [name for name in names if not holds_outputs(os.path.join(folder, name))]


def holds_outputs(folder: str, depth: int = DEPTH) -> bool:
    """Return whether a folder is a run directory or the like, or holds such and no image."""
    if is_output(folder):
        return True
    found = os.path.basename(folder) == TrainConfig.output.name  # also before the first run
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    if not is_side_file(entry.name):
                        return False
                elif not is_side_folder(entry.name):
                    if not depth or not holds_outputs(entry.path, depth - 1):
                        return False
                    found = True
    except OSError:  # whoever wants to read it says why that fails
        return False
    return found


def list_files(folder: Path) -> list[str]:
    """Return the names of the files in a folder that may be images, sorted."""
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if is_regular(e) and not is_side_file(e.name))
