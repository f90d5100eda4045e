"""The split of each row of a table: a column of words, of yes and no, or the folders of paths."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.data.sources.tables.read_table import Columns, simplify
from keras_transfer.data.sources.tables.table_labels import is_filled
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

# Columns that are likely to name splits, by `simplify`.
NAMES = ("dataset", "set", "fold", "subset", "phase", "usage", "partition", "datasplit", "part")
# Columns of yes and no, by `simplify`.
MARK = re.compile(r"is(train|test|val)(id|idation|ing)?(image|img|set)?")

TRUTH = {"1": True, "1.0": True, "true": True, "yes": True, "t": True, "y": True}
TRUTH |= {"0": False, "0.0": False, "false": False, "no": False, "f": False, "n": False, "": False}


def find_splits(table: Path, columns: Columns, taken: set[str]) -> tuple[list[str], list[str]]:
    """Return the split of each row, "" where there is none, and the columns that say so.

    A column `split` is always it. Else it is one whose every word is a split, with train among
    several, or columns such as `is_valid` of yes and no.

    Args:
        table: Named in messages.
        columns: Of it.
        taken: Columns that hold something else.

    Raises:
        ConfigError: A word is no split, or columns disagree.
    """
    if "split" in columns:
        return [read_split(table, word) for word in columns["split"]], ["split"]
    rest = {name: cells for name, cells in columns.items() if name not in taken}
    found = {name: splits for name, cells in rest.items() if (splits := _read_words(cells))}
    found |= _read_marks(table, rest)
    for name, cells in rest.items():
        if name not in found and is_split_name(name):
            _refuse_half(table, name, cells)
    if not found:
        _tell_of_others(table, rest)
        return [""] * len(next(iter(columns.values()))), []
    first, *others = found
    if any(found[name] != found[first] for name in others):
        raise ConfigError(
            "A table must give an example one split. Received: the columns "
            f"{name_some([*found])} in {table}, which disagree. Write what you want into a column "
            "split."
        )
    logger.info("%s: the splits are in the column %s", table.name, name_some([*found]))
    return found[first], [part for name in found for part in name.split(" + ")]


def find_folder_splits(table: Path, paths: Sequence[str]) -> list[str]:
    """Return the split of each image where all lie in folders train, val or test, else ""."""
    folders = [path.rpartition("/")[0] for path in paths]
    parts = {folder: folder.lower().split("/") if folder else [] for folder in folders}
    for depth in range(min(map(len, parts.values()))):
        words = [parts[folder][depth] for folder in folders]
        if splits := _read_words(words):
            logger.info(
                "%s: the splits are the folders %s (to have them made: an empty column split)",
                table.name,
                name_some(sorted({f"{word}/" for word in words})),
            )
            return splits
    return [""] * len(paths)


def read_split(table: Path, word: str, column: str = "split") -> str:
    """Return the split that a word in a table means; "" means none."""
    if is_filled(word) and word.lower() not in SPLIT_WORDS:
        raise ConfigError(
            f"A split must be one of {', '.join(SPLIT_WORDS)} or empty. Received: {word!r} in "
            f"{table}. Correct the column {column}."
        )
    return SPLIT_WORDS.get(word.lower(), "")


def is_split_name(column: str) -> bool:
    """Return whether a column is likely to hold splits, by its name."""
    return simplify(column) in NAMES


def name_mark(column: str) -> str:
    """Return the split of a yes in a column such as `is_valid`, "" for other columns."""
    found = MARK.fullmatch(simplify(column))
    return SPLIT_WORDS[found[1]] if found else ""


def _read_words(cells: Sequence[str]) -> list[str] | None:
    """Return the splits of a column whose words are train and others, else None."""
    words = {cell: SPLIT_WORDS.get(cell.lower()) for cell in {*cells} if is_filled(cell)}
    if None in words.values() or not {"train"} < {*words.values()}:
        return None
    return [words.get(cell) or "" for cell in cells]


def _read_marks(table: Path, rest: Columns) -> Columns:
    """Return the splits that columns of yes and no give together, under their joined names."""
    given: dict[str, str] = {}
    for name, cells in rest.items():
        if split := name_mark(name):
            if unknown := {cell.lower() for cell in cells} - TRUTH.keys():
                raise ConfigError(
                    f"The column {name} must hold 1 and 0, or true and false. Received: "
                    f"{name_some(sorted(unknown))} in {table}. Correct it."
                )
            given[name] = split
    if not given:
        return {}
    yes = [
        [split if TRUTH[cell.lower()] else "" for cell in rest[name]]
        for name, split in given.items()
    ]
    splits = [{*row} - {""} for row in zip(*yes, strict=True)]
    if twice := sum(len(row) > 1 for row in splits):
        raise ConfigError(
            f"A table must give an example one split. Received: {count_of(twice, 'row')} of "
            f"{table} with a yes in several of {name_some([*given])}. Correct them."
        )
    # nobody says what is not trained on: the stricter reading, on which nothing is chosen
    other = "test" if {*given.values()} == {"train"} else "train"
    return {" + ".join(given): [next(iter(row), other) for row in splits]}


def _refuse_half(table: Path, name: str, cells: Sequence[str]) -> None:
    """Refuse a column in which some words are splits and others are not."""
    words = sorted({cell for cell in cells if is_filled(cell)})
    unknown = [word for word in words if word.lower() not in SPLIT_WORDS]
    if unknown and len(unknown) < len(words):
        read_split(table, unknown[0], name)


def _tell_of_others(table: Path, rest: Columns) -> None:
    """Say which columns are called like splits and hold none."""
    for name, cells in rest.items():
        if is_split_name(name) and (words := sorted({cell for cell in cells if is_filled(cell)})):
            logger.warning(
                "%s: %s gives no splits (%s); a column split of train, val, test would",
                table.name,
                name,
                name_some(words, most=4),
            )
