"""What a data set in memory becomes before it is written down: a table of files, or examples."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keras_transfer.config.split_names import SPLIT_WORDS, SPLITS
from keras_transfer.data.shards.member_files import is_there
from keras_transfer.data.sources.tables.read_table import Columns
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.short_names import shorten

SHOWN = 100  # letters of a path in a message
WANTED = (
    "a DataFrame of path,label or text,label, (images, labels), (paths, labels), (texts, labels), "
    "a tf.data.Dataset or PyDataset of (image, label), a datasets.Dataset, or (train, validation) "
    "of these"
)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Files with their labels."""

    columns: Columns
    """Of a table, as `read_csv` takes them, with absolute paths."""
    class_names: tuple[str, ...] = ()
    """In index order; (): as in every table."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """Examples in memory, or made when they are asked for."""

    pairs: Callable[[], Iterator[tuple[Any, str]]]
    """Begins anew with each call: examples with the names of their classes."""
    is_ordered: bool
    """Whether each pass gives the same examples in the same order, without work."""
    class_names: tuple[str, ...] = ()
    """In index order; (): as in every table."""


Given = Listed | Mapping[str, Held]  # split, "" where there is none: its examples


def join_splits(parts: Mapping[str, Given]) -> Given:
    """Return splits that were given one by one as one data set.

    Raises:
        ConfigError: Some are files and others are not, or one is divided itself.
    """
    if unknown := sorted(parts.keys() - SPLIT_WORDS.keys()):
        raise ConfigError(
            f"A split must be one of {', '.join(SPLIT_WORDS)}. Received: {', '.join(unknown)}."
        )
    named = {SPLIT_WORDS[word]: part for word, part in parts.items()}
    listed = {split: part for split, part in named.items() if isinstance(part, Listed)}
    if len(listed) == len(named):
        return _join_tables(listed)
    held = {
        split: part[""]
        for split, part in named.items()
        if not isinstance(part, Listed) and part.keys() == {""}
    }
    if len(held) == len(named):
        return held
    raise ConfigError(
        "Splits must all be files or all be images, and none be divided itself. Received: "
        f"{' and '.join(named)} of several kinds. Give them alike."
    )


def are_splits(dataset: Any, is_known: Callable[[Any], bool]) -> bool:
    """Return whether this is several data sets side by side, or a dict of them by split.

    Args:
        dataset: Anything.
        is_known: Tells whether something is a data set.
    """
    if isinstance(dataset, Mapping):
        return bool(dataset) and {str(name).lower() for name in dataset} <= SPLIT_WORDS.keys()
    several = isinstance(dataset, tuple | list) and len(dataset) in (2, 3)
    return several and all(map(is_known, dataset))


def name_splits(dataset: Any) -> Any:
    """Return `(train, validation)` and the like as a dict of splits; all else as it is."""
    of_datasets = is_kind(dataset, "datasets", "DatasetDict", "IterableDatasetDict")
    if isinstance(dataset, Mapping) and not of_datasets:
        return {str(name).lower(): part for name, part in dataset.items()}
    several = isinstance(dataset, tuple | list) and len(dataset) in (2, 3)
    return dict(zip(SPLITS, dataset, strict=False)) if several else dataset


def find_absolute(paths: list[str]) -> list[str]:
    """Return paths that start at the working directory in full.

    Raises:
        ConfigError: There is no file at any of them.
    """
    full = [path and os.path.abspath(os.path.expanduser(path)) for path in paths]
    if not any(map(is_there, full)):
        shown = shorten(repr(paths[0]), SHOWN) if paths else "nothing"
        named = not paths or os.path.splitext(paths[0])[1]
        advice = "Correct them." if named else "Correct them; of texts set `data.modality` to text."
        raise ConfigError(
            f"The files of a data set must exist. Received: none of {len(paths)}, such as {shown}; "
            f"paths start at {os.getcwd()}. {advice}"
        )
    return full


def is_kind(thing: Any, package: str, *names: str) -> bool:
    """Return whether a thing is of a class of a package, which is not imported for this."""
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] == package
        for kind in type(thing).__mro__
    )


def show_kind(thing: Any) -> str:
    """Return the type of a thing, and its shape if it has one."""
    shape = getattr(thing, "shape", None)
    name = f"{type(thing).__module__.partition('.')[0]}.{type(thing).__name__}"
    name = name.removeprefix("builtins.")
    return f"{name} of shape {tuple(shape)}" if shape is not None else name


def _join_tables(parts: Mapping[str, Listed]) -> Listed:
    """Return the rows of several tables in one, with a column of splits."""
    names = dict.fromkeys(name for part in parts.values() for name in part.columns)
    columns: Columns = {name: [] for name in [*names, "split"]}
    for split, part in parts.items():
        count = len(next(iter(part.columns.values())))
        for name, cells in columns.items():
            cells += [split] * count if name == "split" else part.columns.get(name, [""] * count)
    order = dict.fromkeys(name for part in parts.values() for name in part.class_names)
    return Listed(columns=columns, class_names=tuple(order))
