"""Which images are equal, byte for byte, and which only look equal: resized or encoded anew.

A mirror image is neither.
"""

import itertools
import logging
import os
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from keras_transfer.data.examples import Examples
from keras_transfer.data.splits.row_groups import NO_LINKS, find_first, group_rows, link_to_first
from keras_transfer.images.decoding.decoding_memory import Least
from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.doctor.inspection import Inspection
from keras_transfer.images.doctor.value_span import resolve_range
from keras_transfer.system.machine import count_cores

logger = logging.getLogger(__name__)

DISTANCE = 4  # bits of 64 in which the perceptual hashes of near duplicates may differ
CROWD = 16  # hashes that may share a band by chance: among more, each meets too many others
SIDE = 32  # pixels of the thumbnails
LEAST = Least(14 * SIDE, 14 * SIDE)  # what the sides of the photographs reach that become them
# Root mean square difference of two thumbnails over their contrast. Of 696 photographs, 99 % of
# copies at 0.3 of the side and quality 60 are below 0.18, mirror images above 0.31, others 0.51.
UNLIKE = 0.25

ROWS = 512  # thumbnails that are compared at once with all others of close hashes
TOLD = 1000  # thumbnails: comparing more takes seconds, and minutes where all look alike
MOST_LINKS = 10**6  # that are gathered before those which add nothing are dropped
LEVEL = 1.0  # grey level of 255 that rounding may add, which tells of images without contrast


def link_alike(examples: Examples, inspection: Inspection) -> np.ndarray:
    """Find images that differ in their bytes and look equal.

    Two images do if their perceptual hashes differ in few bits and their thumbnails, in colour, by
    little. Of several equal files the first stands for all. Images with a short side under 64
    pixels have no near duplicates, nor have digits.

    Args:
        examples: The images.
        inspection: What `inspect_files` says of them.

    Returns:
        (links, 2) of int64 rows. Images that look equal are linked, if only through others, and
        the groups that the links make do not depend on the order of the images.
    """
    if examples.source == "digits":
        return NO_LINKS
    rows = np.flatnonzero(inspection.usable & inspection.told_by_look)
    rows = rows[find_first(inspection.sha256[rows]) == np.arange(len(rows))]
    looks, members = np.unique(inspection.looks[rows], return_inverse=True)
    near = group_rows(_link_looks(looks), len(looks))[members]
    several = np.bincount(near)[near] > 1
    rows, near = rows[several], near[several]
    if len(rows) > TOLD:
        logger.info("Comparing %s images that may look alike", f"{len(rows):,}")
    value_range = resolve_range(inspection.measure()["values"])
    thumbnails, read = _read_thumbnails(examples, rows, value_range)
    rows, near, thumbnails = rows[read], near[read], thumbnails[read]
    order = np.argsort(near, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(near[order])) + 1)
    looks = inspection.looks[rows]
    links = [part[_link_thumbnails(thumbnails[part], looks[part])] for part in parts]
    return rows[np.concatenate([NO_LINKS, *links])]


def list_bands(count: int) -> list[int]:
    """Return bits of a hash: hashes with four other bits are equal in one of these bands at least.

    Of five parts of a hash such two share one; of six they share two, which tell hundreds of times
    as many hashes apart, so that the work grows with the number of images and not with its square.
    Neighbouring bits tend to be equal in all images of a set, so no part is made of neighbours.

    Args:
        count: Different hashes.
    """
    for number in itertools.count(DISTANCE + 1):
        shared = number - DISTANCE
        if number == 64 or count <= CROWD * 2 ** (64 * shared / number):
            break
    parts = [sum(1 << bit for bit in range(start, 64, number)) for start in range(number)]
    return [sum(chosen) for chosen in itertools.combinations(parts, shared)]


def _link_looks(looks: np.ndarray) -> np.ndarray:
    """Return links between those of these different hashes that are close.

    Hashes are sorted by each band in turn, so those that share it are neighbours.
    """
    found, waiting = [NO_LINKS], 0
    for bits in list_bands(len(looks)):
        order = np.argsort(looks & np.uint64(bits), kind="stable")
        ordered = looks[order]
        band = ordered & np.uint64(bits)
        left = np.arange(len(looks))
        for step in itertools.count(1):
            left = left[: np.searchsorted(left, len(looks) - step)]
            left = left[band[left] == band[left + step]]
            if not len(left):
                break
            near = left[np.bitwise_count(ordered[left] ^ ordered[left + step]) <= DISTANCE]
            found.append(np.stack([order[near], order[near + step]], axis=1))
            waiting += len(near)
            if waiting > MOST_LINKS:
                found, waiting = [_thin(np.concatenate(found), len(looks))], 0
    return np.concatenate(found)


def _thin(links: np.ndarray, count: int) -> np.ndarray:
    """Return fewer than `count` links that make the same groups."""
    return link_to_first(group_rows(links, count))


def _read_thumbnails(
    examples: Examples, rows: np.ndarray, value_range: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images in small, (n, 3072) uint8, and which of them could be read, (n,) bool."""
    thumbnails = np.zeros((len(rows), SIDE * SIDE * 3), np.uint8)

    def read(index: int) -> bool:
        try:
            file = os.path.join(examples.root, examples.paths[rows[index]])
            pixels = load_image(file, LEAST, value_range)
        except Exception:  # it changed since it was inspected; whoever uses it will say so
            return False
        image = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX)
        thumbnails[index] = np.asarray(image).ravel()
        return True

    with warnings.catch_warnings(), ThreadPoolExecutor(count_cores()) as threads:
        warnings.simplefilter("ignore")  # of Pillow, on odd files
        return thumbnails, np.array([*threads.map(read, range(len(rows)))], bool)


def _link_thumbnails(thumbnails: np.ndarray, looks: np.ndarray) -> np.ndarray:
    """Return links between the thumbnails, (n, 3072), that look equal and have close hashes."""
    found = NO_LINKS
    order = np.argsort(looks, kind="stable")  # what a block is compared with is near it
    contrasts = np.array([thumbnail.std(dtype=np.float64) for thumbnail in thumbnails])
    for start in range(0, len(order), ROWS):
        block = order[start : start + ROWS]
        close = np.bitwise_count(looks[block, None] ^ looks) <= DISTANCE
        candidates = np.flatnonzero(close.any(axis=0))
        for others in np.array_split(candidates, len(candidates) // (8 * ROWS) + 1):
            apart = _measure_distances(thumbnails[block], thumbnails[others])
            contrast = np.sqrt((contrasts[block, None] ** 2 + contrasts[others] ** 2) / 2)
            one, other = np.nonzero(close[:, others] & (apart <= UNLIKE * contrast + LEVEL))
            links = np.stack([block[one], others[other]], axis=1)
            found = _thin(np.concatenate([found, links]), len(order))
    return found


def _measure_distances(ones: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the root mean square difference of each of the ones and each of the others."""
    a, b = (rows.astype(np.float32) - 128 for rows in (ones, others))
    squares = np.square(a).sum(1)[:, None] + np.square(b).sum(1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0) / a.shape[1])
