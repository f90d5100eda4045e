"""Images of which it does not matter whether they are labelled: those of another domain."""

import dataclasses
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples, is_text
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.buckets.local_copies import bring_here
from keras_transfer.data.sources.choose_source import choose_source
from keras_transfer.data.sources.class_names import order_class_names, spell
from keras_transfer.data.sources.file_walk import walk_images
from keras_transfer.data.sources.folders.folder_words import read_name
from keras_transfer.data.sources.tables.find_columns import find_classes, find_paths
from keras_transfer.data.sources.tables.labels_csv import leave_out_comments
from keras_transfer.data.sources.tables.read_table import read_columns
from keras_transfer.data.sources.tables.table_files import find_root, locate_files
from keras_transfer.data.sources.tables.table_labels import is_filled
from keras_transfer.data.sources.tables.table_splits import find_folder_splits, find_splits
from keras_transfer.run.run_files import is_output
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

UNKNOWN = -1  # the label of an image without one, or of a class that is not asked for


def read_perhaps_labelled(
    dataset: str, config: DataConfig, modality: Modality, class_names: Sequence[str] | None = None
) -> Examples:
    """List the examples of a data set that may have no labels, or only some; texts have all.

    Args:
        dataset: A folder of class folders or of any others, a table with a column of labels or
            without, or what else `read_examples` takes.
        config: How it is read.
        modality: Of the examples.
        class_names: Classes that labels are wanted of, in index order. None: those that there are.

    Returns:
        Examples with these class names, ordered by path; labels are `UNKNOWN` where there is none
        of them.

    Raises:
        ConfigError: There is no such data set, or no image in it.
    """
    dataset = bring_here(dataset)
    source = "" if modality.noun == "text" else choose_source(dataset)
    if source == "csv":
        found = _read_table(Path(os.path.abspath(Path(dataset).expanduser())))
    elif source == "folder":
        found = _read_folder(dataset, config, modality)
    else:
        found = modality.read_examples(dataset, config)
    if class_names is None:
        return found
    index = {spell(name): label for label, name in enumerate(class_names)}
    named = [index.get(spell(name), UNKNOWN) for name in found.class_names]
    labels = np.array([*named, UNKNOWN], np.int64)[found.labels]  # UNKNOWN finds the last one
    return dataclasses.replace(found, labels=labels, class_names=tuple(class_names))


def _read_folder(dataset: str, config: DataConfig, modality: Modality) -> Examples:
    """Return the images of class folders, or all below a folder that is read as no such."""
    root = Path(os.path.abspath(Path(dataset).expanduser()))
    if is_output(root):
        raise ConfigError(
            f"Images must lie in a folder of their own. Received: {root}, which a command has "
            "left. Name the folder of the images."
        )
    try:
        return modality.read_examples(dataset, config)
    except ConfigError as error:
        walked = [path.lstrip("/") for path in walk_images(root, "", set())]
        paths = [path for path in walked if is_text(path)]
        if not paths:
            raise
        logger.info("%s is taken without labels: %s", root, error)
    return _hold("folder", root, paths, [""] * len(paths), _find_splits(paths))


def _find_splits(paths: Sequence[str]) -> list[str]:
    """Return the split of each image where all lie in folders of splits, else ""."""
    folders = [read_name(path.split("/")[0]) if "/" in path else None for path in paths]
    words = [folder.split if folder else "" for folder in folders]
    return words if {*words} <= {"train", "validation", "test"} else [""] * len(paths)


def _read_table(table: Path) -> Examples:
    """Return the images of a table, whatever it says of labels."""
    columns = read_columns(table)
    path = find_paths(table, columns)
    columns = leave_out_comments(table, columns, path)
    try:
        classes = find_classes(table, columns, {path, "split", "group"})
        names = [label * is_filled(label) for label in classes.labels]
        taken = {path, "group", *classes.columns}
    except ConfigError as error:
        logger.info("%s is taken without labels: %s", table, error)
        names, taken = [""] * len(columns[path]), {path, "group"}
    splits, split_columns = find_splits(table, columns, taken)
    rows = [row for row, cell in enumerate(columns[path]) if cell]
    if not rows:
        raise ConfigError(f"A table must have rows. Received: {table}, which has only a header.")
    files = locate_files(table, [columns[path][row] for row in rows])
    root = find_root(table, files)
    paths = [os.path.relpath(file, root).replace(os.sep, "/") for file in files]
    given = [splits[row] for row in rows]
    found = given if split_columns else find_folder_splits(table, paths)
    return _hold("csv", root, paths, [names[row] for row in rows], found)


def _hold(
    source: str, root: Path, paths: Sequence[str], names: Sequence[str], splits: Sequence[str]
) -> Examples:
    """Return examples of paths that may occur more than once; the first row of each is taken."""
    paths_found, first = np.unique(np.array(paths), return_index=True)
    class_names = tuple(order_class_names({name for name in names if name}))
    labels = [class_names.index(names[row]) if names[row] else UNKNOWN for row in first]
    return Examples(
        source=source,
        root=root,
        paths=paths_found,
        labels=np.array(labels, np.int64),
        class_names=class_names,
        splits=np.array([splits[row] for row in first], dtype=object).astype(str),
        groups=np.full(len(first), ""),
    )
