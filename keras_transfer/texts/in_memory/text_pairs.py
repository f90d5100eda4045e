"""Texts and labels side by side: `(texts, labels)`, lists of pairs, whatever gives such pairs."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources.in_memory.array_pairs import find_class_names, is_sized, peek
from keras_transfer.data.sources.in_memory.file_tables import check_lengths
from keras_transfer.data.sources.in_memory.given_labels import name_labels
from keras_transfer.data.sources.in_memory.given_sets import Listed, show_kind
from keras_transfer.data.sources.in_memory.keras_sets import (
    iterate_stream,
    refuse_endless,
    tell_weights,
)
from keras_transfer.data.sources.tables.read_table import simplify
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.in_memory.given_strings import (
    LOOKED_AT,
    is_text,
    list_texts_of,
    name_texts_of,
)
from keras_transfer.texts.sources.text_columns import CLASSES, pick_texts


def is_columns(dataset: Any) -> bool:
    """Return whether this is `(texts, labels)`."""
    if not isinstance(dataset, tuple | list) or len(dataset) != 2 or _are_pairs_only(dataset):
        return False
    texts, labels = dataset
    return holds_several(texts) and is_sized(labels) and np.ndim(peek(labels)) < 2


def read_columns_of_texts(dataset: Sequence[Any]) -> Listed:
    """Return what `(texts, labels)` hold.

    Raises:
        ConfigError: There is not one label for each text, or labels are no classes.
    """
    texts, labels = dataset
    return _list(list_texts_of(texts), labels, find_class_names(texts, labels))


def is_pairs(dataset: Any) -> bool:
    """Return whether this is a list of (text, label)."""
    several = isinstance(dataset, tuple | list) and bool(dataset)
    return several and all(map(_is_pair, dataset[:LOOKED_AT]))


def read_pairs_of_texts(dataset: Sequence[Any]) -> Listed:
    """Return what a list of (text, label) holds.

    Raises:
        ConfigError: An entry is none, or labels are no classes.
    """
    for row, entry in enumerate(dataset):
        if not isinstance(entry, tuple | list) or len(entry) != 2:
            raise ConfigError(
                f"Every entry must be (text, label). Received: {str(entry)[:60]} in place {row}."
            )
    return _list([entry[0] for entry in dataset], [entry[1] for entry in dataset], [])


def read_stream_of_texts(dataset: Any) -> Listed:
    """Return what a data set of (text, label) gives, batched or not.

    Raises:
        ConfigError: It never ends, or gives something else.
    """
    refuse_endless(dataset)
    tell_weights(dataset)
    names = find_class_names(dataset)
    texts: list[Any] = []
    labels: list[str] = []
    for found, label in _list_elements(dataset):
        texts += found
        labels += name_labels(label, names)
        check_lengths(len(texts), len(labels), "text")
    return _list(texts, labels, names)


def peek_stream(dataset: Any) -> list[Any]:
    """Return the texts of the first element of a data set; [] where they are none."""
    try:
        found = [example for part, _ in islice(_list_elements(dataset), 1) for example in part]
    except ConfigError:
        return []
    return found if all(map(is_text, found)) else []


def holds_several(things: Any) -> bool:
    """Return whether these are several texts."""
    if not is_sized(things):
        return False
    if hasattr(things, "columns"):
        return len(things) > 0 and is_text(list_texts_of(things[:1])[0])
    first = peek(things)
    if isinstance(first, np.ndarray) and first.shape == (1,):
        first = first[0]
    return is_text(first) or (first is None and any(map(is_text, islice(things, LOOKED_AT))))


def _list(texts: Sequence[Any], labels: Any, class_names: Sequence[str]) -> Listed:
    named = name_labels(labels, class_names)
    check_lengths(len(texts), len(named), "text")
    columns = name_texts_of(texts) | {"label": named, "split": [""] * len(named)}
    return Listed(columns=columns, class_names=tuple(class_names))


def _list_elements(dataset: Any) -> Iterator[tuple[list[Any], np.ndarray]]:
    """Yield the texts and the labels of one element after the other."""
    for element in iterate_stream(dataset):
        texts, label = _take_apart(element, dataset)
        parts, labels = [np.asarray(text) for text in texts], np.asarray(label)
        if any(part.dtype.kind not in "SUO" for part in parts):
            raise _refuse(element, dataset)
        if parts[0].ndim == 0:
            parts, labels = [part[None] for part in parts], labels[None]
        columns = [list_texts_of(part) for part in parts]
        yield columns[0] if len(columns) == 1 else list(zip(*columns, strict=True)), labels


def _take_apart(element: Any, dataset: Any) -> tuple[Sequence[Any], Any]:
    """Return the text, or the two, and the label in an element, whatever it is."""
    texts: Any = None
    label: Any = None
    if isinstance(element, Mapping):
        known = {simplify(str(name)): name for name in element}
        chosen = next((known[name] for name in CLASSES if name in known), None)
        label = None if chosen is None else element[chosen]
        texts = {name: element[name] for name in pick_texts(map(str, element))} or None
    elif isinstance(element, tuple | list) and len(element) in (2, 3):
        texts, label = element[:2]
    if isinstance(texts, Mapping):
        names = pick_texts(map(str, texts)) or (list(texts) if len(texts) <= 2 else [])
        texts = tuple(texts[name] for name in names) or None
    elif not (isinstance(texts, tuple) and len(texts) == 2):
        texts = None if texts is None else (texts,)
    if texts is None or label is None or isinstance(label, Mapping):
        raise _refuse(element, dataset)
    return texts, label


def _refuse(element: Any, dataset: Any) -> ConfigError:
    shown = name_some([*map(str, element)]) if isinstance(element, Mapping) else show_kind(element)
    return ConfigError(
        f"`dataset` must give (text, label). Received: {show_kind(dataset)} of {shown}. Map it to "
        "that, with labels."
    )


def _are_pairs_only(dataset: Sequence[Any]) -> bool:
    """Return whether a list of two holds pairs, which alone would look like texts with labels."""
    whole = isinstance(dataset, list) and all(isinstance(entry, tuple) for entry in dataset)
    return whole and all(map(_is_pair, dataset))


def _is_pair(entry: Any) -> bool:
    if not isinstance(entry, tuple | list) or len(entry) != 2:
        return False
    text, label = entry
    alone = isinstance(label, str | bytes | int | float | np.generic) or label is None
    return is_text(text) and (alone or (np.ndim(label) == 1 and not is_text(label)))
