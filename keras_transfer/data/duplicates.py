"""Which images are equal, byte for byte, and which only look equal: resized or encoded anew.

A mirror image is neither.
"""

import itertools
import os
import warnings
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import scipy.sparse.csgraph
from PIL import Image

from keras_transfer.data.doctor import Inspection
from keras_transfer.data.examples import Examples
from keras_transfer.data.images import load_image

DISTANCE = 4  # bits of 64 in which the perceptual hashes of near duplicates may differ
# Every fifth bit, from five starts: hashes with four other bits are equal in one band at least.
# Neighbouring bits tend to be equal in all images of a set, so no band is made of neighbours.
BANDS = [sum(1 << bit for bit in range(start, 64, DISTANCE + 1)) for start in range(DISTANCE + 1)]
SIDE = 32  # pixels of the thumbnails
# Root mean square difference of two thumbnails over their contrast. Of 696 photographs, 99 % of
# copies at 0.3 of the side and quality 60 are below 0.18, mirror images above 0.31, others 0.51.
UNLIKE = 0.25
NO_PAIRS: np.ndarray = np.empty((0, 2), np.int64)
LEVEL = 1.0  # grey level of 255 that rounding may add, which tells of images without contrast


def find_near_pairs(examples: Examples, inspection: Inspection) -> np.ndarray:
    """Find images that differ in their bytes and look equal.

    Two images do if their perceptual hashes differ in few bits and their thumbnails, in colour, by
    little. Of several equal files the first stands for all. Images with a short side under 64
    pixels have no near duplicates, nor have digits.

    Args:
        examples: The images.
        inspection: What `inspect_files` says of them.

    Returns:
        (pairs, 2) of int64 rows. Where many look alike, each is paired with one of them that was
        found before, so the pairs connect them all without naming every two.
    """
    if examples.source == "digits":
        return NO_PAIRS
    rows = np.flatnonzero(inspection.usable & inspection.told_by_look)
    rows = rows[np.sort(np.unique(inspection.sha256[rows], return_index=True)[1])]
    looks, members = np.unique(inspection.looks[rows], return_inverse=True)
    close = _pair_looks(looks)
    common = np.bincount(members, minlength=len(looks)) > 1
    common[close] = True
    rows, members = rows[common[members]], members[common[members]]
    pairs = _compare(_read_thumbnails(examples, rows), members, close)
    return rows[np.array(pairs, np.int64).reshape(-1, 2)]


def link_equal(keys: np.ndarray) -> np.ndarray:
    """Return rows of equal keys, each with the first of them, (m, 2) of int64; "" equals nothing.

    Args:
        keys: (n,) of str.
    """
    rows = np.flatnonzero(keys != "")
    _, first, groups = np.unique(keys[rows], return_index=True, return_inverse=True)
    links = np.stack([rows[first[groups]], rows], axis=1)
    return np.asarray(links[links[:, 0] != links[:, 1]])


def group_rows(links: np.ndarray, count: int) -> np.ndarray:
    """Return the group of each row, (count,) of int64 from 0: linked rows share one, chained.

    Args:
        links: (m, 2) of int64 rows.
        count: Number of rows.
    """
    ones = np.ones(len(links), bool)
    graph = scipy.sparse.coo_array((ones, (links[:, 0], links[:, 1])), (count, count))
    groups = scipy.sparse.csgraph.connected_components(graph, directed=False)[1]
    return np.asarray(groups, np.int64)


def _pair_looks(looks: np.ndarray) -> np.ndarray:
    """Return which of these different hashes are close, (pairs, 2) of int64 indices.

    Hashes are sorted by each band in turn, so those that share it are neighbours.
    """
    found = [NO_PAIRS]
    for bits in BANDS:
        band = looks & np.uint64(bits)
        order = np.argsort(band, kind="stable")
        band = band[order]
        left = np.arange(len(looks))
        for step in itertools.count(1):
            left = left[: np.searchsorted(left, len(looks) - step)]
            left = left[band[left] == band[left + step]]
            if not len(left):
                break
            pairs = np.stack([order[left], order[left + step]], axis=1)
            bits_apart = np.bitwise_count(looks[pairs[:, 0]] ^ looks[pairs[:, 1]])
            found.append(pairs[bits_apart <= DISTANCE])
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _read_thumbnails(examples: Examples, rows: np.ndarray) -> np.ndarray:
    """Return the images in small, (n, 3072) uint8."""

    def read(row: int) -> np.ndarray:
        image = Image.fromarray(load_image(os.path.join(examples.root, examples.paths[row])))
        return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX)).ravel()

    with warnings.catch_warnings(), ThreadPoolExecutor() as threads:
        warnings.simplefilter("ignore")  # of Pillow, on odd files
        found = [*threads.map(read, rows.tolist())]
    return np.stack(found) if found else np.empty((0, SIDE * SIDE * 3), np.uint8)


def _compare(
    thumbnails: np.ndarray, members: np.ndarray, close: np.ndarray
) -> list[tuple[int, int]]:
    """Return pairs of rows of the thumbnails that look equal.

    Args:
        thumbnails: (n, 3072) uint8.
        members: (n,) index of each one's hash.
        close: (pairs, 2) indices of hashes that are close.
    """
    pairs = []
    different: dict[int, list[int]] = defaultdict(list)  # hash -> rows that do not look equal
    for row, member in enumerate(members.tolist()):
        known = different[member]
        like = np.flatnonzero(_look_alike(thumbnails[row], thumbnails[known]))
        if len(like):
            pairs.append((known[like[0]], row))
        else:
            known.append(row)
    for one, other in close.tolist():
        for row in different[one]:
            like = np.flatnonzero(_look_alike(thumbnails[row], thumbnails[different[other]]))
            pairs += [(row, different[other][index]) for index in like]
    return pairs


def _look_alike(thumbnail: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return whether each of the others, (n, 3072), shows the same as one thumbnail, (3072,)."""
    one, others = thumbnail.astype(np.float32), others.astype(np.float32)
    apart = np.sqrt(np.square(others - one).mean(axis=1))
    contrast = np.sqrt((np.square(others.std(axis=1)) + np.square(one.std())) / 2)
    return np.asarray(apart <= UNLIKE * contrast + LEVEL)
