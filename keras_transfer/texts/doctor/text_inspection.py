"""The data doctor of texts: what is in every text of a data set.

It looks; what is left out or dropped is decided in `data/splits`.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.data.examples import Examples
from keras_transfer.data.modality import Keeping
from keras_transfer.data.same_files.file_states import GONE
from keras_transfer.texts.doctor.odd_texts import find_odd

QUANTILES = {"smallest": 0.0, "quarter": 0.25, "median": 0.5, "three_quarters": 0.75, "largest": 1}
MISSING, EMPTY, BLANK = "no text", "empty", "only white space"
BETWEEN = "\0"  # the texts of a pair: it is in no text


@dataclass(frozen=True, kw_only=True)
class TextInspection:
    """What was found in each text, or pair of texts, in the order of the examples."""

    sha256: np.ndarray
    """(n,) of str, hexadecimal digest of the texts as UTF-8; "" where there is none."""
    reasons: np.ndarray
    """(n,) of str objects: "" where there is something to read, else why not."""
    odd: np.ndarray
    """(n,) of str objects: what is unusual about the text, words joined by ", "."""
    states: np.ndarray
    """(n, 2) of int64: 0, or -1 where there is no text."""
    lengths: np.ndarray
    """(n, 2) of int64: words and characters, of both texts of a pair together."""

    @property
    def usable(self) -> np.ndarray:
        """(n,) of bool: whether there is something to read."""
        return np.asarray(self.reasons == "")

    def take(self, rows: np.ndarray) -> "TextInspection":
        """Return what was found in these rows."""
        columns = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return TextInspection(**{name: column[rows] for name, column in columns.items()})

    def measure(self) -> dict[str, Any]:
        """Return facts of all usable texts: `words` and `letters`, quantiles of their lengths."""
        words, letters = self.lengths[self.usable].T
        return {"words": _find_quantiles(words), "letters": _find_quantiles(letters)}


def inspect_texts(examples: Examples, keeping: Keeping | None = None) -> TextInspection:
    """Hash every text and say what is in it.

    Args:
        examples: With contents.
        keeping: Nothing need be kept: the texts are in memory.
    """
    assert examples.contents is not None
    count = len(examples.paths)
    found = TextInspection(
        sha256=np.full(count, "", dtype=object),
        reasons=np.full(count, "", dtype=object),
        odd=np.full(count, "", dtype=object),
        states=np.zeros((count, 2), np.int64),
        lengths=np.zeros((count, 2), np.int64),
    )
    for row, texts in enumerate(examples.contents):
        if any(text is None for text in texts):
            found.states[row], found.reasons[row] = GONE, MISSING
            continue
        content = BETWEEN.join(texts).encode("utf-8", "surrogatepass")
        found.sha256[row] = hashlib.sha256(content).hexdigest()
        found.reasons[row] = "" if all(map(str.strip, texts)) else _explain_blank(texts)
        if not found.reasons[row]:
            found.odd[row] = find_odd(tuple(texts))
            found.lengths[row] = sum(map(_count_words, texts)), sum(map(len, texts))
    return found


def say_lengths(report: Mapping[str, Any]) -> str:
    """Return how long the texts of a data_report.json are, in a line or two; "" without any."""
    lines = [_say("Words", report["words"]), _say("Characters", report["letters"])]
    return "\n".join(line for line in lines if line)


def _say(what: str, lengths: Mapping[str, int]) -> str:
    if not lengths:
        return ""
    smallest, quarter, median, three_quarters, largest = lengths.values()
    if smallest == largest:
        return f"{what} of every text: {smallest:,}"
    return (
        f"{what} of a text: {smallest:,} to {largest:,}, half of them {quarter:,} to "
        f"{three_quarters:,}, median {median:,}"
    )


def _explain_blank(texts: np.ndarray) -> str:
    return EMPTY if any(text == "" for text in texts) else BLANK


def _count_words(text: str) -> int:
    return len(text.split())


def _find_quantiles(numbers: np.ndarray) -> dict[str, int]:
    found = QUANTILES.items() if len(numbers) else ()
    return {name: int(np.quantile(numbers, share)) for name, share in found}
