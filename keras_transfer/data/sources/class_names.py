"""The order of class names, and names that a reader cannot tell apart."""

import dataclasses
import itertools
import logging
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.examples import Examples
from keras_transfer.system.errors import ConfigError

WHOLE = re.compile(r"[+-]?\d+(\.0*)?", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

logger = logging.getLogger(__name__)


def order_class_names(names: Iterable[str]) -> list[str]:
    """Return names by their value where all are whole numbers (1, 2, 10), else sorted as text.

    So output i of a network that learned the labels 0 ... n - 1 is label i.
    """
    names = set(names)
    if all(WHOLE.fullmatch(name) for name in names):
        return sorted(names, key=lambda name: (float(name), name))
    return sorted(names)


def settle_names(examples: Examples) -> Examples:
    """Return `examples` with one class for each name that is the same text, however it is encoded.

    An accent may be a letter of its own: files from macOS often have it so.

    Raises:
        ConfigError: Names differ only in what cannot be seen.
    """
    if same := _find_alike(examples.class_names, spell):
        examples = _join(examples)
        named = name_some([spell(names[0]) for names in same])
        logger.warning("One class each, though their names are encoded in two ways: %s", named)
    check_names(examples.class_names, examples.root)
    return examples


def check_names(class_names: Collection[str], where: Path) -> None:
    """Warn of names that may be spellings of one.

    Raises:
        ConfigError: Names differ only in what cannot be seen.
    """
    if alike := _find_alike(class_names, _show):
        raise ConfigError(
            "Class names must differ in what can be seen. Received: "
            f"{name_some([' and '.join(map(ascii, names)) for names in alike])} in "
            f"{where}. Rename or join them."
        )
    if alike := _find_alike(class_names, _fold):
        named = name_some([" and ".join(names) for names in alike])
        logger.warning("Classes whose names may be spellings of one: %s", named)


def spell(name: str) -> str:
    """Return a name as it is compared with others: equal texts are equal, however encoded."""
    return unicodedata.normalize("NFC", name)


def group_spellings(counts: Mapping[str, int]) -> list[list[str]]:
    """Return names that a person takes for one: `cat` and `Cat`, `1` and `1.0`, é in two codes.

    The most frequent one is first in each group. Single letters that differ in case are two names,
    as in sets of handwriting.
    """
    alike = _find_alike(counts, _fold)
    return [sorted(names, key=lambda name: (-counts[name], name)) for names in alike]


def _join(examples: Examples) -> Examples:
    """Return `examples` with the classes of equal spelling as one."""
    spelled = [spell(name) for name in examples.class_names]
    pairs = zip(spelled, examples.class_names, strict=True)
    names = [new if spelled.count(new) > 1 else name for new, name in pairs]
    joined = order_class_names(names)
    labels = np.array([joined.index(name) for name in names], np.int64)[examples.labels]
    return dataclasses.replace(examples, labels=labels, class_names=tuple(joined))


def _find_alike(names: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[key(name)].append(name)
    return [group for group in groups.values() if len(group) > 1]


def name_index(index: int, class_names: Sequence[str], where: str = "") -> str:
    """Return the name of the class that a number means.

    Args:
        index: From 0 on, where the numbers have names.
        class_names: Of the numbers; (): the numbers are the names.
        where: It was read from, for the message; "": Python code gave it.

    Raises:
        ConfigError: There is no such class.
    """
    if not class_names:
        return str(index)
    if not 0 <= index < len(class_names):
        place = f" in {where}" if where else ""
        raise ConfigError(
            f"A label must be one of the {len(class_names)} classes, from 0 on. Received: {index}"
            f"{place}. Correct the label, or the names of the classes."
        )
    return class_names[index]


def name_class(value: object, class_names: Sequence[str], where: str) -> str | None:
    """Return the name of a class that a file gives as a number or as text; None for none.

    Args:
        value: As it was read; -1 and an empty text mean none.
        class_names: Of the numbers; () where they have none.
        where: What it was read from.

    Raises:
        ConfigError: A number is none of those that have names, or the value is no class.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    text = str(value).strip()
    if isinstance(value, list | dict | float | bytes):
        raise ConfigError(
            f"A label must be text or a whole number. Received: {text[:60]} in {where}. Write one "
            "class for each image."
        )
    if not re.fullmatch(r"-?\d+", text, re.ASCII):
        return text
    index = int(text[:20])
    if index == -1:
        return None
    return name_index(index, class_names, where)


def _show(name: str) -> str:
    """Return what is seen of a name: no zero-width letters, one kind of blank, none at the ends."""
    kinds = ((letter, unicodedata.category(letter)) for letter in name)
    seen = (" " if kind[0] == "Z" else letter for letter, kind in kinds if kind != "Cf")
    return " ".join("".join(itertools.filterfalse(_is_selector, seen)).split())


def _is_selector(letter: str) -> bool:
    """Return whether a letter says how the one before is drawn, and is nothing itself."""
    return "\ufe00" <= letter <= "\ufe0f"


def _fold(name: str) -> str:
    """Return what is left of a name without letter case, blanks, invisible signs, and zeros."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf").strip()
    if NUMBER.fullmatch(text):
        return str(float(text))
    return text if len(text) == 1 else re.sub(r"[\s_-]+", " ", text.casefold())
