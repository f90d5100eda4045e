"""What every data source hands out: labelled examples in columns, and the checks they all share.

No pixels here; where the files come from is decided in `sources/choose_source.py`.
"""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.system.errors import ConfigError

Row = tuple[str, str, str, str]  # path, class name, split, group


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Labelled files, or texts, in columns of equal length n, ordered by path."""

    source: str
    """Key in `SOURCES`."""
    root: Path
    """Folder that the paths are relative to."""
    paths: np.ndarray
    """(n,) of str objects, '/'-separated, each once."""
    labels: np.ndarray
    """(n,) of int64, index into `class_names`."""
    class_names: tuple[str, ...]
    """Label names in index order."""
    splits: np.ndarray
    """(n,) of str: train, validation or test as the data set gives it, "" where it gives none."""
    groups: np.ndarray
    """(n,) of str objects: images of one group stay in one split. "": no group."""
    image_size: int | None = None
    """Side in pixels that the source asks for, if it does."""
    flips: bool = True
    """Whether a mirror image shows the same class."""
    fractions: tuple[float, float] | None = None
    """(validation, test) shares that the source asks for, if it does."""
    value_range: str | None = None
    """What `data.value_range` is for arrays such as the files were made of, if they were."""
    contents: np.ndarray | None = None
    """(n, k) of str objects: the texts of each example, one or a pair, None where it is gone. None:
    each example is a file of its own."""

    @property
    def noun(self) -> str:
        """What one of them is called."""
        return "image" if self.contents is None else "text"

    def take(self, rows: np.ndarray) -> "Examples":
        """Return the examples in these rows; the class names stay."""
        columns = ["paths", "labels", "splits", "groups"]
        columns += [] if self.contents is None else ["contents"]
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in columns})


def make_examples(
    source: str,
    root: Path,
    rows: Sequence[Row],
    class_names: Sequence[str] | None = None,
    contents: Sequence[tuple[str | None, ...]] | None = None,
) -> Examples:
    """Build `Examples` from rows in any order.

    Args:
        source: Key in `SOURCES`.
        root: Folder that the paths are relative to.
        rows: One per image.
        class_names: Label names in index order. None: the names that occur, sorted.
        contents: The texts of each row, where they are not in files of their own.

    Raises:
        ConfigError: There is no image, or a class name is more than one line of text.
    """
    if not rows:
        raise ConfigError(
            f"`dataset` must hold images. Received: {root}, where none was found. "
            "Put them into one folder per class, such as cats/1.jpg and dogs/1.jpg."
        )
    paths, names, splits, groups = zip(*rows, strict=True)
    class_names = tuple(sorted(set(names)) if class_names is None else class_names)
    for name in class_names:
        refuse_odd_name(name, root)
    index = {name: label for label, name in enumerate(class_names)}
    order = np.array(sorted(range(len(paths)), key=paths.__getitem__), np.int64)
    held = None
    if contents is not None:
        held = np.empty((len(contents), len(contents[0])), object)
        held[:] = contents
    return Examples(
        source=source,
        root=root,
        paths=np.array(paths, object)[order],
        labels=np.array([index[name] for name in names], dtype=np.int64)[order],
        class_names=class_names,
        splits=np.array(splits)[order],
        groups=np.array(groups, object)[order],
        contents=None if held is None else held[order],
    )


def check_examples(examples: Examples, config: DataConfig) -> Examples:
    """Return `examples`, without split words where only train is given, or refuse them.

    Args:
        examples: As they were found.
        config: `rare_classes` may have those left out that train lacks.

    Raises:
        ConfigError: Fewer than two classes; split words but no train; or validation or test
            images of classes that train lacks.
    """
    if len(examples.class_names) < 2:
        raise ConfigError(
            "`dataset` must hold at least two classes. Received: only "
            f"{examples.class_names[0]!r} in {examples.root}. Add examples of another class."
        )
    given = set(np.unique(examples.splits).tolist())
    if given <= {"", "train"}:
        return dataclasses.replace(examples, splits=np.full_like(examples.splits, ""))
    if not given & {"", "train"}:
        raise ConfigError(
            f"`dataset` must hold a train split. Received: only {' and '.join(sorted(given))} "
            f"in {examples.root}. Add training examples, or give no split at all."
        )
    if config.rare_classes == "drop":
        return examples
    learned = np.unique(examples.labels[np.isin(examples.splits, ("", "train"))])
    for split in sorted(given - {"", "train"}):
        unknown = np.setdiff1d(examples.labels[examples.splits == split], learned)
        if unknown.size:
            names = ", ".join(examples.class_names[label] for label in unknown)
            raise ConfigError(
                f"Every class of {split} must be in train. Received: {names}, of which train has "
                f"no example ({examples.root}). Add training examples, take them out of "
                f"{split}, or leave the class out with --data.rare_classes drop."
            )
    return examples


def leave_out_classes(examples: Examples, left_out: np.ndarray) -> tuple[Examples, np.ndarray]:
    """Return the examples of the other classes, labelled anew, and their rows.

    Args:
        examples: All.
        left_out: Labels of the classes that go.
    """
    rows = np.flatnonzero(~np.isin(examples.labels, left_out))
    kept = np.setdiff1d(np.arange(len(examples.class_names)), left_out)
    found = examples.take(rows)
    names = tuple(examples.class_names[label] for label in kept)
    labels = np.searchsorted(kept, found.labels)
    return dataclasses.replace(found, labels=labels, class_names=names), rows


def refuse_odd_name(name: str, where: Path | str) -> None:
    """Raise `ConfigError` unless a class name is one line of text."""
    if name.splitlines() != [name] or not is_text(name):
        raise ConfigError(
            f"A class name must be one line of text. Received: {name!a} in {where}. Rename it."
        )


def refuse_several_labels(class_names: Iterable[str], where: Path) -> None:
    """Raise `ConfigError` if class names look like lists of labels, such as `cat;dog`."""
    names = set(class_names)
    for name in sorted(names):
        parts = {part.strip() for part in re.split(r"[;|,]", name)}
        if len(parts) > 1 and (";" in name or "|" in name or parts <= names):
            raise ConfigError(
                f"Every example must have exactly one class. Received: {name!r} in {where}, which "
                "looks like multi-label data. Keep one class per example, or join them with '_'."
            )


def is_text(text: str) -> bool:
    """Return whether UTF-8 can hold `text`: names of files on disk can be any bytes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
