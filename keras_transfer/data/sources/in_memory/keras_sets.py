"""Data sets of Keras and TensorFlow, and whatever else gives (image, label) in a loop."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources.in_memory.array_pairs import find_class_names
from keras_transfer.data.sources.in_memory.file_tables import check_lengths, list_files
from keras_transfer.data.sources.in_memory.given_labels import name_labels
from keras_transfer.data.sources.in_memory.given_sets import Given, Held, Listed, is_kind, show_kind
from keras_transfer.data.sources.tables.find_columns import LABELS, PATHS
from keras_transfer.data.sources.tables.read_table import simplify
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

# An image goes before the name of its file: sets of TensorFlow Datasets hold both.
IMAGE_KEYS = ("image", "images", "img", "pixels", "pixelvalues", "input", "inputs", "x", *PATHS)
LABEL_KEYS = (*LABELS, "y")
CHANNELS = (1, 3, 4)
INFINITE = -1  # of the cardinality of a tf.data.Dataset


def is_stream(dataset: Any) -> bool:
    """Return whether this can be looped over more than once and is no array, list or text."""
    if is_kind(dataset, "tensorflow", "DatasetV2") or is_kind(dataset, "keras", "PyDataset"):
        return True
    plain = isinstance(dataset, str | bytes | Mapping | list | tuple | set | Iterator)
    by_place = hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")
    again = hasattr(dataset, "__iter__") or by_place
    return again and not plain and not hasattr(dataset, "__array__")


def read_stream(dataset: Any) -> Given:
    """Return what a data set of (image, label) holds, batched or not.

    One that names its files, as those of `image_dataset_from_directory` do, is read from these.

    Raises:
        ConfigError: It never ends, or holds files that are not decoded.
    """
    class_names = find_class_names(dataset)
    if found := _find_files(dataset, class_names):
        return found
    refuse_endless(dataset)
    tell_weights(dataset)
    if _holds_text(dataset):
        pairs = list(_list_pairs(dataset, class_names))
        if any("\0" in path for path, _ in pairs):
            raise ConfigError(
                "Images of a data set must be decoded, or named by their paths. Received: the "
                "content of files. Map it with tf.io.decode_image(image, expand_animations=False)."
            )
        return list_files([path for path, _ in pairs], [name for _, name in pairs])

    def begin() -> Iterator[tuple[Any, str]]:
        return _list_pairs(dataset, class_names)

    return {"": Held(pairs=begin, is_ordered=False, class_names=tuple(class_names))}


def _find_files(dataset: Any, class_names: list[str]) -> Listed | None:
    """Return the files that a data set was made from, if it says them and their classes."""
    indices = getattr(dataset, "class_indices", None)
    files = getattr(dataset, "filepaths", None)  # of a DirectoryIterator
    if indices and files is not None and getattr(dataset, "classes", None) is not None:
        names = [str(name) for name in sorted(indices, key=indices.__getitem__)]
        return list_files(files, dataset.classes, names)
    files = getattr(dataset, "file_paths", None)
    if not class_names or not files or not os.path.isfile(files[0]):
        return None
    labels = _read_folders([os.path.abspath(file) for file in files], class_names)
    return list_files(files, labels, class_names) if labels else None


def _read_folders(files: list[str], class_names: list[str]) -> list[str]:
    """Return the class of each file by its folder below one that all share; [] if that is none."""
    shared = os.path.commonpath([os.path.dirname(file) for file in files])
    for root in (shared, os.path.dirname(shared)):  # all may be of one class
        labels = [os.path.relpath(file, root).split(os.sep)[0] for file in files]
        if {*labels} <= {*class_names}:
            return labels
    return []


def refuse_endless(dataset: Any) -> None:
    """Raise `ConfigError` for a data set that never ends."""
    count = 0
    if is_kind(dataset, "tensorflow", "DatasetV2"):
        count = int(dataset.cardinality())
    elif is_kind(dataset, "keras", "PyDataset") and dataset.num_batches is None:
        count = INFINITE
    if count == INFINITE:
        raise ConfigError(
            "`dataset` must end, as an epoch shows each example once. Received: "
            f"{show_kind(dataset)} without an end. Leave out repeat()."
        )


def tell_weights(dataset: Any) -> None:
    """Warn of weights of examples, which are left out."""
    element = getattr(dataset, "element_spec", None)
    if is_kind(dataset, "keras", "PyDataset") and dataset.num_batches:
        element = dataset[0]
    if isinstance(element, tuple | list) and len(element) == 3:
        logger.warning(
            "The data set gives weights of examples, which are not taken: all count the same. "
            "`data.class_weight` has weights of classes"
        )


def _holds_text(dataset: Any) -> bool:
    """Return whether the examples of a tf.data.Dataset are names of files."""
    spec = getattr(dataset, "element_spec", None)
    if spec is None:
        return False
    return getattr(_take_apart(spec, dataset)[0], "dtype", None) == "string"


def _list_pairs(dataset: Any, class_names: list[str]) -> Iterator[tuple[Any, str]]:
    """Yield each example with the name of its class."""
    is_batched: bool | None = None
    for element in iterate_stream(dataset):
        first, second = _take_apart(element, dataset)
        label = _to_array(second)
        if is_kind(first, "PIL", "Image"):  # as an array it would lose its palette or its inks
            yield first, name_labels(label[None], class_names)[0]
            continue
        image = _to_array(first)
        if is_batched is None:
            is_batched = _is_batch(image, label)
        images, labels = (image, label) if is_batched else (image[None], label[None])
        names = name_labels(labels, class_names)
        check_lengths(len(images), len(names))
        texts = images.dtype.kind in "SUO"
        yield from zip(map(os.fsdecode, images) if texts else images, names, strict=True)


def iterate_stream(dataset: Any) -> Iterable[Any]:
    """Return the elements of a data set, from the first one on."""
    if is_kind(dataset, "keras", "PyDataset"):
        return (dataset[index] for index in range(dataset.num_batches))
    if hasattr(dataset, "__iter__"):
        return iter(dataset)
    return (dataset[index] for index in range(len(dataset)))


def _take_apart(element: Any, dataset: Any) -> tuple[Any, Any]:
    """Return the image and the label in an element, whatever it is."""
    if isinstance(element, Mapping):
        image, label = (_pick(element, keys) for keys in (IMAGE_KEYS, LABEL_KEYS))
    elif isinstance(element, tuple | list) and len(element) in (2, 3):
        image, label = element[:2]
        if isinstance(image, Mapping) and len(image) == 1:
            (image,) = image.values()
    else:
        image = label = None
    if image is None or label is None or isinstance(image, Mapping) or isinstance(label, Mapping):
        shown = name_some([*map(str, element)]) if isinstance(element, Mapping) else ""
        raise ConfigError(
            "`dataset` must give (image, label). Received: "
            f"{show_kind(dataset)} of {shown or show_kind(element)}. Map it to that, with labels."
        )
    return image, label


def _pick(element: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    found = {simplify(str(name)): name for name in element}
    return next((element[found[key]] for key in keys if key in found), None)


def _to_array(part: Any) -> np.ndarray:
    if is_kind(part, "tensorflow", "RaggedTensor"):
        raise ConfigError(
            f"The images of a batch must have one size. Received: {show_kind(part)}. Give them one "
            "by one: dataset.unbatch()."
        )
    return np.asarray(part)


def _is_batch(image: np.ndarray, label: np.ndarray) -> bool:
    """Return whether the first element of a data set is a batch rather than one example."""
    if image.dtype.kind in "SUO":
        return image.ndim == 1
    if image.ndim != 3 or image.shape[2] in CHANNELS or label.ndim == 0:
        return image.ndim == 4
    # one image with its channels first and a one-hot label is refused for its shape
    one_hot = label.ndim == 1 and {*label.tolist()} == {0, 1} and label.sum() == 1
    return len(label) == len(image) and not (one_hot and len(image) in CHANNELS)
