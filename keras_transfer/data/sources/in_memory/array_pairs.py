"""Images and labels side by side in Python code: `(images, labels)`, or a list of pairs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from keras_transfer.data.sources.in_memory.file_tables import check_lengths, list_files
from keras_transfer.data.sources.in_memory.given_labels import name_labels
from keras_transfer.data.sources.in_memory.given_sets import Given, Held, is_kind
from keras_transfer.system.errors import ConfigError

LOOKED_AT = 20  # pairs that tell that a list is one of pairs


def is_columns(dataset: Any) -> bool:
    """Return whether this is `(images, labels)` or `(paths, labels)`."""
    if not isinstance(dataset, tuple | list) or len(dataset) != 2:
        return False
    first, labels = dataset
    return holds_examples(first) and is_sized(labels) and np.ndim(peek(labels)) < 2


def read_columns_of_pairs(dataset: Sequence[Any]) -> Given:
    """Return what `(images, labels)` hold.

    Raises:
        ConfigError: There is not one label for each image, or labels are no classes.
    """
    images, labels = dataset
    class_names = find_class_names(images, labels)
    if is_kind(images, "pandas", "DataFrame") and len(images.columns) == 1:
        images = images.iloc[:, 0]  # of paths, as scikit-learn's users write X
    if _is_path(peek(images)):
        return list_files(images, labels, class_names)
    named = name_labels(labels, class_names)
    check_lengths(len(images), len(named))

    def pairs() -> Iterator[tuple[Any, str]]:
        return ((images[row], name) for row, name in enumerate(named))

    if is_kind(images, "pandas", "Series"):  # else [row] is looked up in its index
        images = images.to_list()
    return {"": Held(pairs=pairs, is_ordered=True, class_names=tuple(class_names))}


def is_pairs(dataset: Any) -> bool:
    """Return whether this is a list of (image, label) or of (path, label)."""
    return (
        isinstance(dataset, tuple | list)
        and bool(dataset)
        and all(map(_is_pair, dataset[:LOOKED_AT]))
    )


def read_pairs(dataset: Sequence[Any]) -> Given:
    """Return what a list of (image, label) holds.

    Raises:
        ConfigError: An entry is none, or labels are no classes.
    """
    for row, entry in enumerate(dataset):
        if not isinstance(entry, tuple | list) or len(entry) != 2:
            raise ConfigError(
                f"Every entry must be (image, label). Received: {str(entry)[:60]} in place {row}."
            )
    return read_columns_of_pairs(([entry[0] for entry in dataset], [entry[1] for entry in dataset]))


def find_class_names(*things: Any) -> list[str]:
    """Return the class names that an object says, in index order; [] if none does."""
    for thing in things:
        names = getattr(thing, "class_names", None)
        if isinstance(names, list | tuple | np.ndarray) and len(names):
            return [str(name) for name in names]
    return []


def holds_examples(things: Any) -> bool:
    """Return whether these are several images or paths, without labels."""
    if not is_sized(things):
        return False
    shape = getattr(things, "shape", None)
    if shape is not None and len(shape) != 1:
        return True  # (n, height, width …); of fewer axes: refused where it is read
    return len(things) == 0 or _is_path(peek(things)) or _is_image(peek(things))


def _is_pair(entry: Any) -> bool:
    if not isinstance(entry, tuple | list) or len(entry) != 2:
        return False
    first, label = entry
    return (_is_path(first) or _is_image(first)) and not (_is_image(label) or _is_path_list(label))


def _is_path_list(label: Any) -> bool:
    return isinstance(label, list | tuple) and bool(label) and _is_path(label[0])


def is_sized(things: Any) -> bool:
    """Return whether these are several things in a row, as many as `len` says."""
    try:
        len(things)
    except TypeError:  # of sparse matrices as well
        return False
    return not isinstance(things, str | bytes | Mapping)


def peek(things: Any) -> Any:
    """Return the first of several things, None of none."""
    return next(iter(things), None)


def _is_path(thing: Any) -> bool:
    return isinstance(thing, str | os.PathLike)


def _is_image(thing: Any) -> bool:
    return len(getattr(thing, "shape", ())) >= 2 or is_kind(thing, "PIL", "Image")
