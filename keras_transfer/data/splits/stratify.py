"""Divide the clusters of each class among the splits that are made."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from keras_transfer.config.split_names import SPLITS
from keras_transfer.data.examples import Examples

SPLIT_TYPE = f"<U{max(map(len, SPLITS))}"


class Share(NamedTuple):
    """What a split takes of one class."""

    images: int  # as many as possible
    least: int  # clusters: 1, or 0 where the split has images of the class already


def divide_pool(
    examples: Examples,
    clusters: np.ndarray,
    splits: np.ndarray,
    pool: np.ndarray,
    made: dict[str, float],
) -> np.ndarray:
    """Return the split of each image in the pool: train, or one of those that are made.

    Args:
        examples: All images.
        clusters: (n,) of each image, in the order of their hashes.
        splits: (n,) of str; outside the pool, made splits may have images already.
        pool: (n,) of bool, the images to divide; of each class there are as many clusters as
            splits that have none of it.
        made: Share of each split that is made.
    """
    names = ("train", *made)
    _, own = np.unique(clusters[pool], return_inverse=True)
    sizes, classes = np.bincount(own), find_majorities(own, examples.labels[pool])
    held = count_held(examples, splits, pool, names)
    found: np.ndarray = np.full(len(sizes), "train", dtype=SPLIT_TYPE)  # of each cluster
    shares = (1 - sum(made.values()), *made.values())
    for label in range(len(examples.class_names)):
        chosen = np.flatnonzero(classes == label)
        lacking = [name for name, count in zip(names, held[:, label], strict=True) if not count]
        if len(chosen) < len(lacking):  # clusters where it is not the most frequent class must do
            found[chosen] = [*lacking[1:], *lacking[:1]][: len(chosen)]
        else:
            found[chosen] = _divide_class(sizes[chosen], held[:, label].tolist(), shares)
    return np.asarray(found[own])


def count_held(
    examples: Examples, splits: np.ndarray, pool: np.ndarray, names: Sequence[str]
) -> np.ndarray:
    """Return how many images of each class the splits have outside the pool, (splits, classes)."""
    rows = [examples.labels[(splits == name) & ~pool] for name in names]
    return np.stack([np.bincount(row, minlength=len(examples.class_names)) for row in rows])


def _divide_class(sizes: np.ndarray, held: list[int], shares: tuple[float, ...]) -> list[str]:
    """Return the split of each cluster of one class: test at the front, validation at the back.

    Args:
        sizes: (clusters,) images of each.
        held: Images of the class that train, validation and, where it is made, test have already.
        shares: Of the same splits, adding up to 1.
    """
    seats = count_seats(int(sizes.sum()) + sum(held), shares)
    wanted = [
        Share(max(0, seat - count), int(count == 0))
        for seat, count in zip(seats, held, strict=True)
    ]
    train, back, front = [*wanted, Share(0, 0)][:3]  # front: 0 where no test split is made
    last, first = choose_ends(sizes, back, front, train.least)
    middle = len(sizes) - first - last
    return ["test"] * first + ["train"] * middle + ["validation"] * last


def find_majorities(clusters: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the most frequent label of each cluster, the first of equals."""
    classes = labels.max(initial=0) + 1
    # one number a pair: sorting pairs takes ten times as long
    pairs, votes = np.unique(clusters * classes + labels, return_counts=True)
    members, classes_of = np.divmod(pairs, classes)
    order = np.lexsort((classes_of, -votes, members))
    first = np.unique(members[order], return_index=True)[1]
    return np.asarray(classes_of[order][first])


def choose_ends(
    sizes: np.ndarray, back: Share, front: Share, least_train: int = 1
) -> tuple[int, int]:
    """Choose how many clusters of one class go to validation and to test.

    Args:
        sizes: (clusters,) images of each, in the order of their hashes; at least as many clusters
            as all must have together.
        back: What validation takes, from the back.
        front: What test takes, from the front.
        least_train: Clusters that must be left.

    Returns:
        Clusters for validation and for test.
    """
    totals = np.concatenate([[0], np.cumsum(sizes)])
    spare = len(sizes) - back.least - front.least - least_train
    fronts = np.arange(front.least, front.least + spare + 1)
    taken = fronts[np.abs(totals[fronts] - front.images).argmin()]
    moved = totals[taken] - front.images  # images that test has too many
    backs = np.arange(back.least, len(sizes) - taken - least_train + 1)
    excess = totals[-1] - totals[len(sizes) - backs] - back.images
    # Train gets what the others leave: let validation's error undo that of test.
    worst = np.maximum(np.abs(excess), np.abs(excess + moved))
    return int(backs[np.lexsort((np.abs(excess), worst))[0]]), int(taken)


def count_seats(images: int, shares: tuple[float, ...]) -> list[int]:
    """Divide a number of images by shares that add up to 1; a share of 0 gets none.

    Each image in turn goes to the split that lacks most. So every count is within one of images x
    share, and one more image adds one to one split and takes none from the others, which rounding
    would not promise.
    """
    seats = [0] * len(shares)
    for count in range(1, images + 1):
        lacking = [share * count - seat for share, seat in zip(shares, seats, strict=True)]
        seats[lacking.index(max(lacking))] += 1
    return seats
