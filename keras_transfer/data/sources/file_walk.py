"""Every file below a folder that may be an image, by its name alone."""

import os
from collections.abc import Iterator
from pathlib import Path

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.run_files import is_output

# Files that people and programs leave beside images. Everything else is taken for an image,
# whatever its name, so that a broken or misnamed one is reported rather than overlooked.
SIDE_SUFFIXES = {".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml"}
SIDE_SUFFIXES |= {".html", ".htm", ".log", ".ini", ".py", ".ipynb"}
SIDE_NAMES = {"thumbs.db", "ehthumbs.db", ".ds_store", ".gitkeep", ".gitignore", ".keep"}
SIDE_FOLDERS = {"__macosx", "__pycache__", "@eadir", "$recycle.bin"}
DEPTH = 3  # of run directories below a folder that holds nothing else


def walk_images(folder: Path | str, relative: str, parents: set[tuple[int, int]]) -> Iterator[str]:
    """Yield every file below a folder that may be an image, in no order.

    Hidden folders, what lies beside images (texts, tables, thumbnails' databases) and what this
    program wrote (run directories, comparisons, exports) are ignored.

    Args:
        folder: Read with all its sub-folders and links to folders.
        relative: What the '/'-separated paths begin with.
        parents: Folders above it that a link could lead back to, as (device, inode).
    """
    status = os.stat(folder)
    here = (status.st_dev, status.st_ino)
    if here in parents:  # a link that leads back to a folder above
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if not (is_side_folder(entry.name) or is_output(entry.path)):
                    yield from walk_images(entry.path, f"{relative}/{entry.name}", parents | {here})
            elif not is_side_file(entry.name):
                yield f"{relative}/{entry.name}"


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
        names = sorted(e.name for e in entries if not is_side_folder(e.name) and e.is_dir())
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
        return sorted(e.name for e in entries if e.is_file() and not is_side_file(e.name))
