"""What a reviewed table decides about a data set, or why it cannot be applied."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.messages import count_of, name_some, say_value
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.class_names import group_spellings, spell
from keras_transfer.data.sources.tables.read_table import Columns
from keras_transfer.review.review_table import read_review, shield
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

YES = {"yes", "y", "x", "ok", "true", "accept"}
NO = {"no", "n", "false", "keep", "reject"}
REMOVE = {"remove", "delete", "drop"}
KEPT, REMOVED = -1, -2  # in the place of a label
HOW = (
    "Write into the column decision: yes (what is suggested), a class, remove, or no; or remove "
    "that column, so that every row that is left is a yes."
)


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What is to become of n images."""

    labels: np.ndarray
    """(n,) of int64, index into the class names of the examples: the new labels."""
    removed: np.ndarray
    """(n,) of bool: whether an image is to be left out."""
    undecided: int
    """Rows of the table without a decision."""


def read_decisions(table: Any, examples: Examples) -> Decisions:
    """Return what a reviewed table decides; what is not in it stays as it is.

    In its column `decision`, `yes` makes `suggested` the label, the name of a class makes that the
    label, `remove` leaves the image out, `no` and an empty cell change nothing. A class goes before
    a word. Without that column every row is a `yes`.

    Args:
        table: See `read_review`.
        examples: The data set.

    Raises:
        ConfigError: A path or a class is unknown, `label` is not what the data set says, an image
            has two decisions, or there is none at all.
    """
    columns = read_review(table)
    rows = _find_rows(columns["path"], examples)
    classes = _Classes(examples.class_names)
    _require_labels(columns, rows, classes, examples)
    decided = _collect(columns, rows, classes)
    labels, removed = examples.labels.copy(), np.zeros(len(examples.paths), bool)
    for row, said in decided.items():
        if said == REMOVED:
            removed[row] = True
        elif said != KEPT:
            labels[row] = said
    undecided = len({*rows} - decided.keys())
    return Decisions(labels=labels, removed=removed, undecided=undecided)


def _collect(columns: Columns, rows: Sequence[int], classes: "_Classes") -> dict[int, int]:
    """Return what is decided of each row of the data set: its new label, `KEPT` or `REMOVED`.

    Raises:
        ConfigError: A word is unknown, an image has two decisions, or there is none at all.
    """
    words = columns.get("decision", ["yes"] * len(rows))
    decided: dict[int, int] = {}
    for word in sorted({*words} & (YES | NO | REMOVE)):
        if classes.look_up(word) is not None:
            text = "In the column decision %r is the class of that name; x takes what is suggested"
            logger.warning(text, word)
    cells = zip(rows, columns["path"], words, columns["suggested"], strict=True)
    for row, path, word, suggested in cells:
        said = _read_word(word, suggested, path, classes) if word else None
        if said is not None and decided.setdefault(row, said) != said:
            raise ConfigError(
                f"Every example must have one decision. Received: several for {path}. Keep one row."
            )
    if not decided:
        raise ConfigError(
            f"A reviewed table must decide something. Received: {count_of(len(rows), 'row')} "
            f"without a decision. {HOW}"
        )
    return decided


class _Classes:
    """The classes of a data set by what stands for them in a cell.

    Args:
        names: In index order.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.index = {spell(shield(name)): label for label, name in enumerate(names)}
        self.index |= {spell(name.strip()): label for label, name in enumerate(names)}
        self.known: dict[str, int | None] = {}

    def look_up(self, cell: str) -> int | None:
        """Return the class that a cell means; None where it is none, or could be several."""
        if cell not in self.known:
            exact = self.index.get(spell(cell))
            self.known[cell] = self._find_alike(cell) if exact is None else exact
        return self.known[cell]

    def _find_alike(self, cell: str) -> int | None:
        """Return the class of a name as programs for tables rewrite it: 007 as 7, true as TRUE."""
        alike = group_spellings({cell: 0, **dict.fromkeys(self.index, 1)})
        found = {self.index[name] for group in alike if cell in group for name in group[:-1]}
        return found.pop() if len(found) == 1 else None

    def find(self, cell: str, column: str, path: str) -> int:
        """Return the class that a cell means.

        Raises:
            ConfigError: There is none.
        """
        label = self.look_up(cell)
        if label is None:
            hint = suggest_close(cell, self.names) or f"Classes are {name_some(self.names)}."
            raise ConfigError(
                f"`{column}` must be a class of the data set. Received: {say_value(cell)} for "
                f"{path}. {hint}"
            )
        return label


def _read_word(word: str, suggested: str, path: str, classes: _Classes) -> int:
    """Return the new label that a word means, `KEPT` or `REMOVED`."""
    if (label := classes.look_up(word)) is not None:
        return label
    if word.casefold() in YES:
        return classes.find(suggested, "suggested", path)
    if word.casefold() in NO:
        return KEPT
    if word.casefold() in REMOVE:
        return REMOVED
    hint = suggest_close(word, classes.names) or HOW
    raise ConfigError(
        "`decision` must be yes, no, remove or a class of the data set. Received: "
        f"{say_value(word)} for {path}. {hint}"
    )


def _find_rows(paths: Sequence[str], examples: Examples) -> list[int]:
    """Return the row of each path in the data set."""
    known = {path.strip(): row for row, path in enumerate(examples.paths.tolist())}
    known |= {path: row for row, path in enumerate(examples.paths.tolist())}
    plain = [path if path in known else os.path.normpath(path) for path in paths]
    if unknown := [path for path, found in zip(paths, plain, strict=True) if found not in known]:
        raise ConfigError(
            "Every path must be one of the data set. Received: "
            f"{name_some(unknown, most=2)}, of which {examples.root} has none. Apply the table to "
            "the data set that was reviewed."
        )
    return [known[path] for path in plain]


def _require_labels(
    columns: Columns, rows: Sequence[int], classes: _Classes, examples: Examples
) -> None:
    """Refuse a table whose column `label` says something else than the data set."""
    cells = zip(columns["label"], columns["path"], strict=True)
    given = np.array([classes.find(cell, "label", path) for cell, path in cells], np.int64)
    names, now = examples.class_names, examples.labels[rows]
    if len(wrong := np.flatnonzero(given != now)):
        first = wrong[0]
        raise ConfigError(
            "`label` must be the label that the data set has. Received: "
            f"{names[given[first]]} for {examples.paths[rows[first]]}, which is "
            f"{names[now[first]]} there ({len(wrong):,} of {count_of(len(rows), 'row')} differ). "
            "New labels belong into the column decision; where the data set has changed, review it "
            "anew."
        )
