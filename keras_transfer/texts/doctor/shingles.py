"""Texts as sets of the pieces of five letters in them, and short signatures of such sets.

References:
    Broder, "On the resemblance and containment of documents", 1997.
    Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", chapter 3.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

PIECE = 5  # letters of a shingle
# A band is `ROWS` of the smallest hashes. Sets of Jaccard index s share one of the bands with a
# chance of 1 - (1 - s**ROWS)**BANDS: 0.999 for 0.8, 0.31 for 0.5, and 3e-5 for 0.05.
BANDS, ROWS = 16, 5
MOST = 200_000  # shingles that all count; of texts with more a like share of them does
PRIME = np.uint32(0x9E3779B1)
BLOCK = 2**20  # letters of one text that become shingles at once
TOGETHER = 2**17  # letters of several

BETWEEN_WORDS = re.compile(r"[\W_]+")

_draw = np.random.default_rng(20250101).integers
FACTORS = _draw(0, 2**32, BANDS * ROWS, np.uint32) | np.uint32(1)
SUMMANDS = _draw(0, 2**32, BANDS * ROWS, np.uint32)


def normalize(text: str) -> str:
    """Return the words of a text without letter case, punctuation and kinds of letters."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return BETWEEN_WORDS.sub(" ", text.casefold()).strip()


def find_shingles(text: str) -> np.ndarray:
    """Return hashes of the different shingles of a text of `PIECE` letters or more, sorted.

    Of a text with more than `MOST` of them only hashes below a limit are kept: those of two like
    texts are kept in both or in neither, so the Jaccard index of what is left is that of the whole.
    """
    letters = _read_letters(text)
    found = [
        np.unique(_hash_pieces(letters[start : start + BLOCK + PIECE - 1]))
        for start in range(0, len(letters) - PIECE + 1, BLOCK)
    ]
    hashes = found[0] if len(found) == 1 else np.unique(np.concatenate(found))
    # powers of two, lest texts that differ by little have limits that do
    if (share := len(hashes) // MOST) > 0:  # a text that repeats itself has few shingles
        hashes = hashes[hashes < np.uint32(0xFFFFFFFF >> share.bit_length())]
    return hashes


def cut(text: str) -> frozenset[str]:
    """Return the different shingles of a short text of `PIECE` letters or more."""
    return frozenset(text[start : start + PIECE] for start in range(len(text) - PIECE + 1))


def sign_all(texts: Sequence[str]) -> np.ndarray:
    """Return the smallest of the hashes of each text under each of many hash functions.

    Args:
        texts: n of them, of at least `PIECE` letters each.

    Returns:
        (n, BANDS * ROWS) of uint32.
    """
    signatures = np.empty((BANDS * ROWS, len(texts)), np.uint32)
    for start, stop in _divide([len(text) for text in texts]):
        hashes, counts = _hash_together(texts[start:stop])
        firsts = np.cumsum(counts) - counts
        for row, (factor, summand) in enumerate(zip(FACTORS, SUMMANDS, strict=True)):
            numbers = _mix(hashes * factor + summand)
            signatures[row, start:stop] = np.minimum.reduceat(numbers, firsts)
    return np.ascontiguousarray(signatures.T)


def measure_jaccard(ones: np.ndarray, others: np.ndarray) -> float:
    """Return how many shingles two texts share, of all that they have."""
    both = len(np.intersect1d(ones, others, assume_unique=True))
    return both / max(1, len(ones) + len(others) - both)


def _divide(lengths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield where texts begin and end that are hashed together: many short ones, or a long one."""
    start = letters = 0
    for row, length in enumerate(lengths):
        if row > start and letters + length > TOGETHER:
            yield start, row
            start, letters = row, 0
        letters += length
    if lengths:
        yield start, len(lengths)


def _hash_together(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the hashes of the shingles of texts, one after another, and how many each has."""
    if len(texts) == 1:
        found = find_shingles(texts[0])
        return found, np.array([len(found)])
    hashes = _hash_pieces(_read_letters("".join(texts)))
    ends = np.cumsum([len(text) for text in texts])
    within = np.ones(ends[-1], bool)
    within[(ends[:, None] - np.arange(1, PIECE)).ravel()] = False  # they reach into the next text
    return hashes[within[: len(hashes)]], np.diff(ends, prepend=0) - PIECE + 1


def _read_letters(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _hash_pieces(letters: np.ndarray) -> np.ndarray:
    count = len(letters) - PIECE + 1
    hashes = np.zeros(count, np.uint32)
    for place in range(PIECE):
        hashes = _mix((hashes ^ letters[place : place + count]) * PRIME)
    return hashes


def _mix(numbers: np.ndarray) -> np.ndarray:
    """Return numbers whose upper bits count in the lower ones, too."""
    return numbers ^ (numbers >> np.uint32(15))
