"""Near duplicates: texts that differ in case, marks or a few words, found without comparing all."""

import functools
import logging
from collections.abc import Iterator

import numpy as np

from keras_transfer.data.examples import Examples
from keras_transfer.data.splits.row_groups import NO_LINKS, group_rows, link_to_first
from keras_transfer.texts.doctor.shingles import (
    BANDS,
    cut,
    find_shingles,
    measure_jaccard,
    normalize,
    sign_all,
)
from keras_transfer.texts.doctor.text_inspection import TextInspection

logger = logging.getLogger(__name__)

ALIKE = 0.8  # Jaccard index of shingles from which on texts are near duplicates
DOUBT = 0.62  # of signatures: three standard deviations below, so few pairs need be looked at
FEW_WORDS, FEW_LETTERS = 5, 30  # below both, texts are alike only where their words are equal
# Of texts that agree in a band so many are compared with one another, and all of them with as many
ALL_PAIRS, FEWEST_FIRST = 16, 2
BLOCK = 2**16  # pairs of signatures that are compared at once
MOST_COMPARED = 100_000  # pairs of texts: more take ten seconds and longer
MANY = 1000  # links that make it worth to see at once which texts are of one group
ODD = np.uint64(0x9E3779B97F4A7C15)
MOST_CUT = 2000  # letters of two texts from which on NumPy is quicker than sets
CACHED = 1000  # texts whose shingles are kept
TOLD = 20_000  # texts: comparing more takes seconds

Texts = tuple[str, ...]  # the one of an example, or both, normalized


def link_alike(examples: Examples, inspection: TextInspection) -> np.ndarray:
    """Find texts that differ in their letters and say the same.

    Two texts do if their words are equal, without case and punctuation, or if they share four of
    five of their pieces of five letters; of pairs, both texts must. Of several equal examples the
    first stands for all. Texts of few words must be equal.

    Args:
        examples: With contents.
        inspection: What `inspect_texts` says of them.

    Returns:
        (links, 2) of int64 rows. Texts that are alike are linked, if only through others, and the
        groups that the links make do not depend on the order of the examples.
    """
    assert examples.contents is not None
    rows = np.flatnonzero(inspection.usable)
    rows = rows[np.sort(np.unique(inspection.sha256[rows], return_index=True)[1])]
    if len(rows) > TOLD:
        logger.info("Comparing %s texts", f"{len(rows):,}")
    first: dict[Texts, int] = {}
    links: list[tuple[int, int]] = []
    for row in rows.tolist():
        texts = tuple(map(normalize, examples.contents[row]))
        if not any(texts):  # marks alone, such as :) and :(, are not alike
            continue
        if (known := first.setdefault(texts, row)) != row:
            links.append((known, row))
    long = sorted(texts for texts in first if not _is_short(" ".join(texts)))
    there = np.array([first[texts] for texts in long], np.int64)
    equal = np.array(links, np.int64).reshape(-1, 2)
    return np.concatenate([equal, there[_link_near(long)]]) if long else equal


def _is_short(text: str) -> bool:
    """Return whether a word more or less makes another text of it."""
    return len(text) < FEW_LETTERS and text.count(" ") < FEW_WORDS - 1


def _link_near(texts: list[Texts]) -> np.ndarray:
    """Return links between those of these different texts that are near duplicates."""
    signatures = sign_all([" ".join(parts) for parts in texts])
    compare = _Comparison(texts, signatures)
    links, groups = NO_LINKS, np.arange(len(texts))
    for band in np.split(signatures, BANDS, axis=1):
        waiting = [links]
        for ones, others in _list_candidates(band):
            apart = groups[ones] != groups[others]
            waiting.append(compare.find_near(ones[apart], others[apart]))
            if len(waiting[-1]) > MANY:  # what is of one group by now need not be compared
                groups = group_rows(np.concatenate(waiting), len(texts))
        groups = group_rows(np.concatenate(waiting), len(texts))
        links = link_to_first(groups)
    return links


def _list_candidates(band: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows that agree in a band, the r-th of each set of those with all behind it.

    Small sets are compared wholly; of large ones only the first members are, so that the work
    grows as the number of texts does, also where very many are much alike.
    """
    keys = np.zeros(len(band), np.uint64)
    for column in band.T:  # sets of equal keys by chance are rare, and only cost time
        keys = (keys ^ column) * ODD
    members = np.unique(keys, return_inverse=True)[1]
    order = np.argsort(members, kind="stable")
    counts = np.bincount(members)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    sizes, places = np.repeat(counts, counts), np.arange(len(order)) - starts
    compared = np.minimum(sizes, np.maximum(FEWEST_FIRST, ALL_PAIRS**2 // sizes))
    for first in range(int(compared.max(initial=0))):
        behind = np.flatnonzero((places > first) & (first < compared))
        if len(behind):
            yield order[starts[behind] + first], order[behind]


class _Comparison:
    """Compares texts by their signatures, and those that may be alike by what they share."""

    def __init__(self, texts: list[Texts], signatures: np.ndarray) -> None:
        self._texts = texts
        self._signatures = signatures
        self._left = MOST_COMPARED
        self._find_shingles = functools.lru_cache(CACHED)(find_shingles)
        self._cut = functools.lru_cache(CACHED)(cut)

    def find_near(self, ones: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return those of these pairs of rows that are near duplicates, (m, 2)."""
        agree = np.zeros(len(ones))
        for start in range(0, len(ones), BLOCK):
            part = slice(start, start + BLOCK)
            same = self._signatures[ones[part]] == self._signatures[others[part]]
            agree[part] = same.mean(axis=1)
        pairs = np.stack([ones, others], axis=1)[agree >= DOUBT]
        if len(pairs) > self._left:  # too long a time: the signatures decide about the others
            sure = pairs[self._left :][agree[agree >= DOUBT][self._left :] >= ALIKE]
            pairs = pairs[: self._left]
        else:
            sure = NO_LINKS
        self._left -= len(pairs)
        near = [self._are_alike(self._texts[one], self._texts[other]) for one, other in pairs]
        return np.concatenate([pairs[np.array(near, bool)], sure])

    def _are_alike(self, ones: Texts, others: Texts) -> bool:
        return all(
            one == other
            or (not (_is_short(one) or _is_short(other)) and self._measure(one, other) >= ALIKE)
            for one, other in zip(ones, others, strict=True)
        )

    def _measure(self, one: str, other: str) -> float:
        if len(one) + len(other) > MOST_CUT:
            return measure_jaccard(self._find_shingles(one), self._find_shingles(other))
        ones, others = self._cut(one), self._cut(other)
        both = len(ones & others)
        return both / (len(ones) + len(others) - both)
