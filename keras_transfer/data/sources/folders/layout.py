"""Which folder holds images of which class and split: what is certain is taken, the rest refused.

Names and the names within are looked at, never an image. See `split_folders.py` for split folders.
"""

import logging
from pathlib import Path

from keras_transfer.config.messages import count_of
from keras_transfer.data.sources.folders.folder_tree import (
    ClassFolder,
    Layout,
    Tree,
    join,
    refuse_both,
    say_table,
)
from keras_transfer.data.sources.folders.folder_words import FOLD, UNLABELLED, are_piles, read_name
from keras_transfer.data.sources.folders.other_tasks import NEEDED
from keras_transfer.data.sources.folders.split_folders import assign_roles, find_splits
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


def find_layout(root: Path, reading: str) -> Layout:
    """Return the class folders of a data set and the split of each.

    Args:
        root: The data set.
        reading: `data.layout`.

    Raises:
        ConfigError: There are none, or the folders can be read in two ways.
    """
    tree = Tree(root)
    folders = tree.list_folders()
    plain = Layout([ClassFolder(name, name, "") for name in folders], [""])
    if reading == "classes":
        return plain
    sure = reading == "splits"
    plainly = {name.split for folder in folders if (name := read_name(folder)) and not name.rest}
    within = len(folders) > 1 and not {"train"} < plainly - {FOLD, UNLABELLED}
    found = _find_splits_within(tree, folders, sure) if within else None
    if found := found or find_splits(tree, folders, sure):
        return found
    _refuse_wrappers(tree, folders)
    _refuse_piles(tree, folders)
    _refuse_copies(tree, folders)
    _tell_equal_folders(tree, folders)
    return plain


def _find_splits_within(tree: Tree, folders: list[str], sure: bool) -> Layout | None:
    """Return the layout of class folders that hold train/ and others each: cats/train/1.jpg."""
    paths = {folder: tree.find_inner(folder) for folder in folders}
    within = {folder: tree.list_folders(path) for folder, path in paths.items()}
    named = {
        folder: {
            n: name
            for n in names
            if (name := read_name(n)) and not name.rest and name.split not in (FOLD, UNLABELLED)
        }
        for folder, names in within.items()
    }
    splits = {folder: {name.split for name in names.values()} for folder, names in named.items()}
    divided = [
        folder for folder in folders if "train" in splits[folder] and len(splits[folder]) > 1
    ]
    if not divided:
        return None
    first = divided[0]
    trains = [f"{paths[first]}/{n}" for n, name in named[first].items() if name.split == "train"]
    if tree.list_folders(trains[0]):
        raise ConfigError(
            f"`dataset` must be one data set. Received: {tree.root}, where "
            f"{join(list(named[first]))} with class folders lie in {join(divided)}. Use "
            f"{tree.root / paths[first]}, or add --data.layout classes if {join(folders)} are "
            "classes."
        )
    alike = all(within[folder] == within[first] == [*named[first]] for folder in folders)
    if not alike and not sure:
        refuse_both(
            tree.root,
            f"{paths[first]}/ with {join(within[first])} in it",
            "the sub-folders are splits of the class, or they are no more than sub-folders",
        )
    parts: list[ClassFolder] = []
    for folder in folders:
        path = paths[folder]
        roles = assign_roles(tree.root / path, named[folder]) if folder in divided else {}
        parts += [ClassFolder(f"{path}/{n}", folder, split) for n, split in roles.items()]
        parts += [] if roles else [ClassFolder(folder, folder, "")]
        if roles and (others := [name for name in within[folder] if name not in roles]):
            logger.warning("Ignored beside the splits in %s: %s.", path, join(others))
    logger.info("Splits are the folders in each class: %s.", join(within[first]))
    return Layout(parts, [paths[folder] for folder in divided])


def _refuse_wrappers(tree: Tree, folders: list[str]) -> None:
    """Refuse folders without class folders, and those that only wrap a folder with classes."""
    root, files = tree.root, tree.list_files()
    table = say_table(root)
    if not folders and table:
        raise ConfigError(
            f"`dataset` must hold class folders. Received: {root} with none, but a table.{table}"
        )
    if not folders and files:
        raise ConfigError(
            f"`dataset` must hold class folders. Received: {root}, where "
            f"{count_of(len(files), 'file lies', 'files lie')} directly, such as {files[0]}. "
            f"{NEEDED}, or a labels.csv with the columns path,label."
        )
    if len(folders) != 1:
        return
    path = tree.find_inner(folders[0])
    if inner := tree.list_folders(path):
        raise ConfigError(
            f"`dataset` must hold class folders or train/. Received: {root}, which holds only "
            f"{path}/ with {join(inner)} in it. Use {root / path}.{table}"
        )


def _refuse_piles(tree: Tree, folders: list[str]) -> None:
    """Refuse images_part_1/ and images_part_2/ beside a table: the classes stand in the table."""
    table = say_table(tree.root)
    if folders and table and are_piles(folders):
        raise ConfigError(
            f"`dataset` must hold class folders. Received: {tree.root} with {join(folders)}, which "
            f"look like one pile of images beside a table of their classes.{table} If these are "
            "classes, add --data.layout classes."
        )


def _refuse_copies(tree: Tree, folders: list[str]) -> None:
    """Refuse a folder with the names of all those beside it: cats/, dogs/ and pets/{cats,dogs}/."""
    for folder in folders:
        others = [name for name in folders if name != folder]
        if len(others) > 1 and {*others} <= {*tree.list_folders(path := tree.find_inner(folder))}:
            raise ConfigError(
                f"`dataset` must be one data set. Received: {tree.root}, where {path}/ holds "
                f"{join(others)} as well, so it looks like a copy of what is beside it. Move it "
                "away, or, if it is a class, add --data.layout classes."
            )


def _tell_equal_folders(tree: Tree, folders: list[str]) -> None:
    """Say which folders are taken for the classes where all hold sub-folders of the same names."""
    within = [tree.list_folders(tree.find_inner(folder)) for folder in folders]
    if len(within) > 1 and len(within[0]) > 1 and all(names == within[0] for names in within):
        logger.warning(
            "Taken for the classes: %s. Each holds %s; if those are the classes, name one folder "
            "as the data set.",
            join(folders),
            join(within[0]),
        )
