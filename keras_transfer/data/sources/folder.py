"""The source `folder`: class folders, alone or inside train/, val/ and test/.

Files are listed, not opened; what is no image is found by the data doctor.
"""

import logging
import os
from pathlib import Path

from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.data.examples import (
    Examples,
    Row,
    is_text,
    make_examples,
    refuse_several_labels,
)
from keras_transfer.data.sources.class_names import order_class_names
from keras_transfer.data.sources.file_walk import is_side_file, list_folders, walk_images
from keras_transfer.data.sources.other_tasks import NEEDED, refuse_other_tasks
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


def read_folder(dataset: str, config: DataConfig) -> Examples:
    """List the images of a folder that holds class folders, or train/ and val/ and/or test/.

    Split folders may be called train, training, val, valid, validation, test or testing in any
    letter case. Beside train/ and val/ or test/, other folders are ignored with a warning. A class
    folder is read with all its sub-folders. Hidden folders are ignored, hidden files are not.

    Raises:
        ConfigError: There is no image, no class folder, or the tree looks like another task's.
    """
    root = Path(os.path.abspath(Path(dataset).expanduser()))
    folders = list_folders(root)
    split_folders = [name for name in folders if name.lower() in SPLIT_WORDS]
    refuse_other_tasks(root, split_folders)
    rows: list[Row]
    if _has_splits(root, folders, split_folders):
        rows, class_names = _read_splits(root, split_folders)
    else:
        _refuse_flat(root, folders)
        rows = [row for name in folders for row in _read_class(root, name, name, "")]
        class_names = order_class_names(folders)
        if rows:
            _warn_of_unused(root)
    refuse_several_labels(class_names, root)
    return make_examples("folder", root, rows, class_names)


def _read_splits(root: Path, split_folders: list[str]) -> tuple[list[Row], list[str]]:
    """List the images of all splits, and the classes: an empty folder in train/ is one, too."""
    rows: list[Row] = []
    learned: set[str] = set()
    for folder in split_folders:
        split = SPLIT_WORDS[folder.lower()]
        class_names = list_folders(root / folder)
        if split == "train":
            learned.update(class_names)
        _warn_of_unused(root / folder)
        for name in class_names:
            rows += _read_class(root, f"{folder}/{name}", name, split)
    return rows, order_class_names(learned | {name for _, name, _, _ in rows})


def _read_class(root: Path, folder: str, class_name: str, split: str) -> list[Row]:
    """List one class folder, which may hold sub-folders and links to folders."""
    rows: list[Row] = []
    unnamed = 0
    for path in walk_images(root / folder, folder, set()):
        if path.isascii() or is_text(path):
            rows.append((path, class_name, split, ""))
        else:
            unnamed += 1
    if unnamed:
        logger.warning("%s: left out %d files whose names are not UTF-8.", folder, unnamed)
    return rows


def _warn_of_unused(folder: Path) -> None:
    """Warn of files beside the class folders, such as the unlabelled images of a competition."""
    if files := _list_candidates(folder):
        logger.warning(
            "Not used, since they lie in no class folder: %d files such as %s.",
            len(files),
            folder / files[0],
        )


def _list_candidates(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_file() and not is_side_file(e.name))


def _has_splits(root: Path, folders: list[str], split_folders: list[str]) -> bool:
    """Return whether the split words name splits; a class may also be called "test"."""
    words = [SPLIT_WORDS[name.lower()] for name in split_folders]
    nested = [name for name in split_folders if list_folders(root / name)]
    others = [name for name in folders if name not in split_folders]
    if not split_folders or (others and not nested):
        return False
    if "train" not in [SPLIT_WORDS[name.lower()] for name in nested]:
        raise ConfigError(
            "A folder of splits must hold train/ with class folders, such as train/cats/1.jpg. "
            f"Received: {root} with {_join(split_folders)}. Add train/, or rename the folders "
            "if these are classes."
        )
    if len(words) != len(set(words)):
        raise ConfigError(
            f"Each split must have one folder. Received: {_join(split_folders)} in {root}. "
            "Join or rename them."
        )
    if others and set(words) == {"train"}:
        raise ConfigError(
            f"A folder must hold either classes or splits. Received: {_join(folders)} in {root}. "
            "Move the other folders away, or rename train/ if it is a class."
        )
    if others:
        logger.warning("Ignored beside the splits in %s: %s.", root, _join(others))
    return True


def _refuse_flat(root: Path, folders: list[str]) -> None:
    """Refuse folders without class folders, and those that only wrap a folder with classes."""
    files = _list_candidates(root)
    tables = sorted(path.name for path in root.glob("*.csv"))
    if not folders and tables:
        raise ConfigError(
            f"`dataset` must hold class folders. Received: {root} with none, but {tables[0]}. "
            f"If that table has the columns path,label, use {root / tables[0]}."
        )
    if not folders and files:
        raise ConfigError(
            f"`dataset` must hold class folders. Received: {root}, where {len(files)} files lie "
            f"directly, such as {files[0]}. {NEEDED}, or a labels.csv with the columns path,label."
        )
    inner = list_folders(root / folders[0]) if len(folders) == 1 else []
    if len(inner) > 1 or (inner and inner[0].lower() in SPLIT_WORDS):
        raise ConfigError(
            f"`dataset` must hold class folders or train/. Received: {root}, which holds only "
            f"{folders[0]}/ with {_join(inner)} in it. Use {root / folders[0]}."
        )


def _join(names: list[str]) -> str:
    return name_some([f"{name}/" for name in names])
