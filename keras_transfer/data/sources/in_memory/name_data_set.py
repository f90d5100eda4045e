"""The one way in for data sets that Python code holds: each gets a name that can be read again.

That is the path of a labels.csv in the cache, beside the images where these were no files. So the
doctor, the splits, a resume and the command line find it as any other table.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from keras_transfer.data.modality import ExampleFiles
from keras_transfer.data.sources.encoded_images.hugging_face import (
    is_hugging_face,
    write_hugging_face,
)
from keras_transfer.data.sources.in_memory.array_pairs import (
    is_columns,
    is_pairs,
    read_columns_of_pairs,
    read_pairs,
)
from keras_transfer.data.sources.in_memory.file_tables import is_frame, read_frame
from keras_transfer.data.sources.in_memory.given_sets import (
    WANTED,
    Given,
    Listed,
    are_splits,
    join_splits,
    name_splits,
    show_kind,
)
from keras_transfer.data.sources.in_memory.keras_sets import is_stream, read_stream
from keras_transfer.data.sources.in_memory.write_given import write_examples, write_table
from keras_transfer.system.errors import ConfigError


class Kind(NamedTuple):
    """A kind of data sets."""

    tells: Callable[[Any], bool]  # whether something is of it; nothing is imported for this
    read: Callable[[Any], Given]


def name_data_set(dataset: Any, begin_files: Callable[[], ExampleFiles]) -> str:
    """Return what `--dataset` calls a data set, which is written to the cache where it must be.

    Args:
        dataset: A path or a word, which stays as it is; or of one of `KINDS`, or of the package
            `datasets`, whose images are copied as they are encoded.
        begin_files: Begins to write its examples to files, where they are none.

    Raises:
        ConfigError: It is of no kind, has no labels, or its examples cannot be kept.
    """
    if isinstance(dataset, str | os.PathLike):
        return os.fspath(dataset)
    if is_hugging_face(parts := name_splits(dataset)):
        return os.fspath(write_hugging_face(dataset))
    if isinstance(parts, Mapping) and parts and all(map(is_hugging_face, parts.values())):
        return os.fspath(write_hugging_face(parts))  # with the class names that each part has
    given = read_given(dataset)
    return write_table(given) if isinstance(given, Listed) else write_examples(given, begin_files())


def read_given(dataset: Any) -> Given:
    """Return what a data set in memory holds.

    Raises:
        ConfigError: It is of no kind, or not as its kind must be.
    """
    for kind in KINDS.values():
        if kind.tells(dataset):
            return kind.read(dataset)
    raise ConfigError(
        f"`dataset` must be a path, tfds:NAME, digits, or {WANTED}. Received: "
        f"{show_kind(dataset)}. {_advise(dataset)}".rstrip()
    )


def _advise(dataset: Any) -> str:
    if hasattr(dataset, "__array__") or isinstance(dataset, list):
        return "Labels are missing: give (images, labels), or (texts, labels)."
    if hasattr(dataset, "collect"):  # a LazyFrame of polars
        return "Give dataset.collect()."
    if isinstance(dataset, Iterator):
        return "It can be read only once: make it a list, or a tf.data.Dataset.from_generator."
    if isinstance(dataset, Mapping):
        return "Give (images, labels), or a dict whose keys are splits: train, validation, test."
    if isinstance(dataset, tuple | list) and len(dataset) == 4:
        return "Give two pairs: ((images, labels), (validation_images, validation_labels))."
    if isinstance(dataset, tuple) and len(dataset) == 3:
        return "Weights of images are not taken; `data.class_weight` has those of classes."
    return ""


def _is_known(dataset: Any) -> bool:
    return any(kind.tells(dataset) for kind in KINDS.values())


def _are_splits(dataset: Any) -> bool:
    return are_splits(dataset, _is_known)


def _read_splits(dataset: Any) -> Given:
    return join_splits({name: read_given(part) for name, part in name_splits(dataset).items()})


# The first that tells is taken.
KINDS = {
    "table": Kind(is_frame, read_frame),
    "splits": Kind(_are_splits, _read_splits),
    "columns": Kind(is_columns, read_columns_of_pairs),
    "pairs": Kind(is_pairs, read_pairs),
    "stream": Kind(is_stream, read_stream),
}
