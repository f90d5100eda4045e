"""The source `folder`: class folders, alone or in folders that are splits.

Files are listed, not opened; what is no image is found by the data doctor.
"""

import logging
import os
from pathlib import Path

from keras_transfer.config.messages import count_of
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import (
    Examples,
    Row,
    is_text,
    make_examples,
    refuse_several_labels,
)
from keras_transfer.data.sources.class_names import order_class_names
from keras_transfer.data.sources.file_walk import (
    holds_outputs,
    is_folder,
    is_side_folder,
    list_files,
    list_folders,
    walk_images,
)
from keras_transfer.data.sources.folders.folder_tree import join
from keras_transfer.data.sources.folders.folder_words import read_name
from keras_transfer.data.sources.folders.layout import find_layout
from keras_transfer.data.sources.folders.other_tasks import refuse_other_tasks

logger = logging.getLogger(__name__)


def read_folder(dataset: str, config: DataConfig) -> Examples:
    """List the images of a folder that holds class folders, or train/ and val/ and/or test/.

    What is a split is read from names and sub-folders, see `split_folders.find_splits`. A class
    folder is read with all its sub-folders. Hidden folders are ignored, hidden files are not.

    Raises:
        ConfigError: There is no image, no class folder, the folders can be read in two ways, or
            the tree looks like another task's.
    """
    root = Path(os.path.abspath(Path(dataset).expanduser()))
    refuse_other_tasks(root, [name for name in list_folders(root) if read_name(name)])
    _tell_outputs(root)
    layout = find_layout(root, config.layout)
    rows = [row for folder in layout.folders for row in _read_class(root, *folder)]
    # an empty folder is a class, too, unless it is in a split that nothing is learned from
    learned = {found.class_name for found in layout.folders if found.split in ("", "train")}
    class_names = order_class_names(learned | {name for _, name, _, _ in rows})
    if rows:
        for parent in layout.parents:
            _warn_of_unused(root / parent)
    refuse_several_labels(class_names, root)
    return make_examples("folder", root, rows, class_names)


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
        which = count_of(unnamed, "file whose name is", "files whose names are")
        logger.warning("%s: left out %s not UTF-8.", folder, which)
    return rows


def _tell_outputs(root: Path) -> None:
    """Say which folders are left out because this program wrote what is in them."""
    with os.scandir(root) as entries:
        named = [e for e in entries if is_folder(e) and not is_side_folder(e.name)]
        if found := sorted(e.name for e in named if holds_outputs(e.path)):
            logger.info("Left out, since they hold runs or exports: %s", join(found))


def _warn_of_unused(folder: Path) -> None:
    """Warn of files beside the class folders, such as the unlabelled images of a competition."""
    if files := list_files(folder):
        logger.warning(
            "Not used, since they lie in no class folder: %s such as %s.",
            count_of(len(files), "file"),
            folder / files[0],
        )
