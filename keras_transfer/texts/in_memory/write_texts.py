"""The one way in for texts that Python code holds: a table in the cache stands for them.

So the doctor, the splits, a resume and the command line read it as any other table.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from keras_transfer.data.sources.in_memory.given_sets import (
    Listed,
    are_splits,
    join_splits,
    name_splits,
    show_kind,
)
from keras_transfer.data.sources.in_memory.keras_sets import is_stream
from keras_transfer.data.sources.in_memory.write_given import keep_table
from keras_transfer.data.sources.tables.read_table import Columns
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts import hugging_face_texts as hugging_face
from keras_transfer.texts.in_memory.given_strings import are_sentences, list_texts_of
from keras_transfer.texts.in_memory.text_frames import (
    is_frame,
    read_frame_of_texts,
)
from keras_transfer.texts.in_memory.text_pairs import (
    holds_several,
    is_columns,
    is_pairs,
    peek_stream,
    read_columns_of_texts,
    read_pairs_of_texts,
    read_stream_of_texts,
)
from keras_transfer.texts.sources.text_columns import is_about_files, pick_texts

TABLE = "texts.jsonl"  # escapes keep every letter and the ends of lines of a text
WANTED = (
    "a DataFrame of text,label, (texts, labels), a list of (text, label), a tf.data.Dataset of "
    "(text, label), a datasets.Dataset, or (train, validation) of these"
)


class Kind(NamedTuple):
    """A kind of data sets."""

    tells: Callable[[Any], bool]  # whether something is of it; nothing is imported for this
    read: Callable[[Any], Listed]
    shows: Callable[[Any], bool]  # whether one of it holds texts, not images or their paths


def name_texts(dataset: Any) -> str:
    """Return the path of a table of the texts of a data set in memory, written to the cache once.

    Args:
        dataset: Of one of `KINDS`.

    Raises:
        ConfigError: It is of no kind, has no labels, or something in it is no text.
    """
    given = read_given_texts(dataset)
    if not next(iter(given.columns.values()), []):
        raise ConfigError("`dataset` must hold texts. Received: none. Give at least a few.")
    return keep_table(TABLE, _write_lines(given.columns), given)


def read_given_texts(dataset: Any) -> Listed:
    """Return the columns of a data set in memory.

    Raises:
        ConfigError: It is of no kind, or not as its kind must be.
    """
    for kind in KINDS.values():
        if kind.tells(dataset):
            return kind.read(dataset)
    advice = ""
    if isinstance(dataset, Iterator):
        advice = " It can be read only once: make it a list."
    elif hasattr(dataset, "collect"):  # a LazyFrame of polars
        advice = " Give dataset.collect()."
    elif holds_several(dataset):
        advice = " Labels are missing: give (texts, labels)."
    raise ConfigError(
        f"`dataset` must be a path, tfds:NAME, or {WANTED}, where the examples are texts. "
        f"Received: {show_kind(dataset)}.{advice}"
    )


def holds_texts(dataset: Any) -> bool:
    """Return whether a data set in memory holds texts; what is no data set of texts holds none."""
    return any(kind.tells(dataset) and kind.shows(dataset) for kind in KINDS.values())


def _write_lines(columns: Columns) -> bytes:
    rows = zip(*columns.values(), strict=True)
    lines = (json.dumps(dict(zip(columns, row, strict=True))) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode("ascii")


def _shows_by_names(dataset: Any) -> bool:
    """Return whether columns are called like texts, and none like files."""
    names = list(map(str, getattr(dataset, "columns", dataset)))
    return bool(pick_texts(names)) and not is_about_files(names)


def _are_parts(dataset: Any) -> bool:
    return are_splits(dataset, lambda part: any(kind.tells(part) for kind in KINDS.values()))


def _read_parts(dataset: Any) -> Listed:
    parts = {name: read_given_texts(part) for name, part in name_splits(dataset).items()}
    return join_splits(parts)  # type: ignore[return-value]  # of tables it is one


def _show_parts(dataset: Any) -> bool:
    return any(map(holds_texts, name_splits(dataset).values()))


def _show_columns(dataset: Any) -> bool:
    texts = dataset[0]
    names = [str(name) for name in getattr(texts, "columns", ())]
    return (bool(pick_texts(names)) and not is_about_files(names)) or are_sentences(
        list_texts_of(texts)
    )


# The first that tells is taken.
KINDS: Mapping[str, Kind] = {
    "hugging_face": Kind(
        hugging_face.is_hugging_face,
        hugging_face.read_hugging_face_texts,
        hugging_face.holds_texts,
    ),
    "table": Kind(is_frame, read_frame_of_texts, _shows_by_names),
    "splits": Kind(_are_parts, _read_parts, _show_parts),
    "columns": Kind(is_columns, read_columns_of_texts, _show_columns),
    "pairs": Kind(is_pairs, read_pairs_of_texts, lambda d: are_sentences(text for text, _ in d)),
    "stream": Kind(is_stream, read_stream_of_texts, lambda d: are_sentences(peek_stream(d))),
}
