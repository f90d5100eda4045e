"""Data sets in memory that may lack labels, as those of another domain: each gets empty ones."""

import os
from typing import Any

from keras_transfer.data.sources.in_memory.array_pairs import holds_examples, is_columns, is_pairs
from keras_transfer.data.sources.in_memory.file_tables import is_frame, read_frame
from keras_transfer.data.sources.in_memory.given_sets import is_kind
from keras_transfer.system.errors import ConfigError


def fill_labels(dataset: Any) -> Any:
    """Return a data set with an empty label for each example where it has none, else as it is.

    Args:
        dataset: What `name_data_set` takes; or images or paths alone: an array (n, height, width,
            channels), a list of either, a table with a column of paths, a `tf.data.Dataset`.
    """
    if isinstance(dataset, str | os.PathLike):
        return dataset
    if is_frame(dataset):
        return _fill_frame(dataset)
    if is_kind(dataset, "tensorflow", "DatasetV2"):
        return _fill_stream(dataset)
    labelled = is_columns(dataset) or is_pairs(dataset)
    if not labelled and holds_examples(dataset) and not is_kind(dataset, "datasets", "Dataset"):
        return dataset, [""] * len(dataset)
    return dataset


def _fill_frame(frame: Any) -> Any:
    try:
        read_frame(frame)
    except ConfigError:
        names = list(getattr(frame, "columns", frame))
        columns = {str(name): list(frame[name]) for name in names}
        count = len(next(iter(columns.values()), []))
        return columns | {"label": [""] * count}  # what is wrong besides is said of this
    return frame


def _fill_stream(dataset: Any) -> Any:
    spec = dataset.element_spec
    shape = getattr(spec, "shape", None)
    if isinstance(spec, tuple | dict) or shape is None:
        return dataset
    is_batch = shape.rank == (1 if spec.dtype.name == "string" else 4)
    images = dataset.unbatch() if is_batch else dataset
    return images.map(lambda image: (image, ""))
