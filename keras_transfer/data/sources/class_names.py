"""The order of class names, and which of them are one name in two spellings."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

WHOLE = re.compile(r"[+-]?\d+(\.0*)?", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def order_class_names(names: Iterable[str]) -> list[str]:
    """Return names by their value where all are whole numbers (1, 2, 10), else sorted as text.

    So output i of a network that learned the labels 0 ... n - 1 is label i.
    """
    names = set(names)
    if all(WHOLE.fullmatch(name) for name in names):
        return sorted(names, key=lambda name: (float(name), name))
    return sorted(names)


def group_spellings(counts: Mapping[str, int]) -> list[list[str]]:
    """Return names that a person takes for one: `cat` and `Cat`, `1` and `1.0`, é in two codes.

    The most frequent one is first in each group. Single letters that differ in case are two names,
    as in sets of handwriting.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        groups[_fold(name)].append(name)
    alike = [names for names in groups.values() if len(names) > 1]
    return [sorted(names, key=lambda name: (-counts[name], name)) for names in alike]


def _fold(name: str) -> str:
    """Return what is left of a name without letter case, blanks, invisible signs, and zeros."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(letter for letter in text if unicodedata.category(letter) != "Cf").strip()
    if NUMBER.fullmatch(text):
        return str(float(text))
    return text if len(text) == 1 else re.sub(r"[\s_-]+", " ", text.casefold())
