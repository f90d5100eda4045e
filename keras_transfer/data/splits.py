"""Which image is in which split: given splits are kept, missing ones are made from the content.

Neither a seed nor the names of the files play a part, so a set that grows keeps its splits.
"""

import logging
from typing import NamedTuple

import numpy as np

from keras_transfer.config import ConfigError, DataConfig
from keras_transfer.data.duplicates import NO_LINKS, group_rows, link_equal
from keras_transfer.data.examples import Examples
from keras_transfer.data.leaks import settle_leaks
from keras_transfer.data.pins import read_pins
from keras_transfer.predictions import SPLITS

logger = logging.getLogger(__name__)

SPLIT_TYPE = f"<U{max(map(len, SPLITS))}"
TOGETHER = (
    "Images of a group, equal ones and those that look equal stay together; "
    "--data.near_duplicates ignore divides the last."
)


class Share(NamedTuple):
    """What a split takes of one class."""

    images: int  # as many as possible
    least: int  # clusters: 1, or 0 where the split has images of the class already


def assign_splits(
    examples: Examples, sha256: np.ndarray, config: DataConfig, near: np.ndarray = NO_LINKS
) -> np.ndarray:
    """Give every image one split, such that no content is in two of them.

    Splits of `data.split_file` and those given are kept, but `settle_leaks` takes out what is in
    two of them. Validation is made from train where none is given; a test split is made only where
    no split is given at all. Made splits are stratified: in each class, images in the order of
    their hashes fill test from the front and validation from the back. Images of one group, of
    equal content or that look equal (a cluster) stay together; one with several classes counts for
    that of the most images. Where clusters have one class each, the counts of a class are within
    its largest cluster of the shares asked for, within one image where there are no clusters, but
    each split gets at least one; and without clusters an added image moves at most one other into
    or out of each of validation and test.

    Args:
        examples: The images; its `fractions`, if any, win over those of `config`.
        sha256: (n,) of str, content of each image; "" leaves it out.
        config: Shares, the file of splits, and what becomes of leaks.
        near: (m, 2) rows of images that look equal, as `link_alike` returns them.

    Returns:
        (n,) of str: train, validation, test, or "" for images that are left out.

    Raises:
        ConfigError: A class has too few images for one in each split that is made, or none to
            train on; or there are leaks, and they are an error.
    """
    usable = sha256 != ""
    clusters = find_clusters(sha256, np.where(usable, examples.groups, ""), near)
    pins = read_pins(examples, sha256, config.split_file)
    made = _name_made_splits(np.unique(examples.splits).tolist(), examples, config)
    fixed = _fix_splits(examples.splits, pins, clusters, bool(made))
    splits = np.where(fixed == "", "train", fixed).astype(SPLIT_TYPE)
    splits[~usable] = ""
    settle_leaks(examples, sha256, near, splits, config)
    if made:
        pool = (fixed == "") & (splits == "train")
        splits[pool] = _divide(examples, clusters, splits, pool, made)
    _check_classes(examples, splits, ("train", *made))
    _warn_about_groups(examples, splits)
    return splits


def _fix_splits(
    given: np.ndarray, pins: np.ndarray, clusters: np.ndarray, makes: bool
) -> np.ndarray:
    """Return the split of each image that is not ours to assign, "" for the others.

    Images without a split go with those of their cluster that have one. Of a given train split
    that validation has to be made from, only those that are pinned, or go with pinned ones, stay.

    Args:
        given: (n,) of str, splits as the data set gives them.
        pins: (n,) of str, splits as the file of splits gives them.
        clusters: (n,) of each image.
        makes: Whether validation is made.
    """
    divided = (pins == "") & (given == "train") & makes
    fixed = np.where(divided, "", np.where(pins == "", given, pins))
    kept = np.where(pins == "test", "", pins)  # what is given to train is not moved to test
    followed = np.where(given == "", _find_last(fixed, clusters), _find_last(kept, clusters))
    return np.where(fixed == "", followed, fixed)


def _find_last(words: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Return the last split in the cluster of each image, "" where it has none."""
    ranks = np.array([SPLITS.index(word) if word else -1 for word in words.tolist()], np.int64)
    last = np.full(clusters.max(initial=-1) + 1, -1)
    np.maximum.at(last, clusters, ranks)
    return np.array([*SPLITS, ""])[last[clusters]]


def _name_made_splits(given: list[str], examples: Examples, config: DataConfig) -> dict[str, float]:
    """Return the share of each split that has to be made."""
    validation, test = examples.fractions or (config.validation_fraction, config.test_fraction)
    if given == [""] and test > 0:
        return {"validation": validation, "test": test}
    return {} if "validation" in given else {"validation": validation}


def _divide(
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
        pool: (n,) of bool, the images to divide.
        made: Share of each split that is made.
    """
    names = ("train", *made)
    labels, (_, own) = examples.labels, np.unique(clusters[pool], return_inverse=True)
    sizes, classes = np.bincount(own), _find_majorities(own, labels[pool])
    held = [
        np.bincount(labels[(splits == name) & ~pool], minlength=len(examples.class_names))
        for name in names
    ]
    needs = (np.stack(held) == 0).sum(axis=0)  # splits of which each class still has no image
    kept = bool(np.stack(held).any())
    _refuse_scarce(labels[pool], own, examples.class_names, names, needs, kept)
    ends: np.ndarray = np.full(len(sizes), "train", dtype=SPLIT_TYPE)  # of each cluster
    shares = (1 - sum(made.values()), *made.values())
    for label in range(len(examples.class_names)):
        chosen = np.flatnonzero(classes == label)
        has = [int(count[label]) for count in held]
        if len(chosen) < needs[label]:  # clusters where it is not the most frequent class must do
            lacking = [name for name, count in zip(names, has, strict=True) if not count]
            ends[chosen] = [*lacking[1:], *lacking[:1]][: len(chosen)]
            continue
        seats = count_seats(int(sizes[chosen].sum()) + sum(has), shares)
        found = zip(seats, has, strict=True)
        wanted = [Share(max(0, seat - count), int(count == 0)) for seat, count in found]
        train, back, front = [*wanted, Share(0, 0)][:3]  # front: 0 where no test split is made
        last, first = choose_ends(sizes[chosen], back, front, train.least)
        ends[chosen[:first]] = "test"
        ends[chosen[len(chosen) - last :]] = "validation"
    return np.asarray(ends[own])


def find_clusters(
    sha256: np.ndarray, groups: np.ndarray, near: np.ndarray = NO_LINKS
) -> np.ndarray:
    """Return the cluster of each image: of one group, equal or nearly equal ones, chained.

    Args:
        sha256: (n,) of str.
        groups: (n,) of str, "": no group.
        near: (m, 2) rows of images that look equal, as `link_alike` returns them.

    Returns:
        (n,) of int64 from 0, in the order of the smallest hash in each cluster.
    """
    links = np.concatenate([link_equal(sha256), link_equal(groups), near])
    clusters = group_rows(links, len(sha256))
    order = np.argsort(sha256, kind="stable")
    _, first = np.unique(clusters[order], return_index=True)
    return np.argsort(np.argsort(first))[clusters]


def _find_majorities(clusters: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the most frequent label of each cluster, the first of equals."""
    pairs, votes = np.unique(np.stack([clusters, labels]), axis=1, return_counts=True)
    order = np.lexsort((pairs[1], -votes, pairs[0]))
    first = np.unique(pairs[0][order], return_index=True)[1]
    return np.asarray(pairs[1][order][first])


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


def _refuse_scarce(
    labels: np.ndarray,
    clusters: np.ndarray,
    class_names: tuple[str, ...],
    names: tuple[str, ...],
    needs: np.ndarray,
    kept: bool,
) -> None:
    """Raise the error for classes in fewer clusters than there are splits that need one.

    Args:
        labels: (n,) of the images that are divided.
        clusters: (n,) of the same images.
        class_names: Index order.
        names: The splits.
        needs: (classes,) splits of which each class has no image yet.
        kept: Whether there are images that are not divided.
    """
    images = np.bincount(labels, minlength=len(class_names))
    pairs = np.unique(np.stack([labels, clusters]), axis=1)
    found = np.bincount(pairs[0], minlength=len(class_names))
    scarce = np.flatnonzero(found < needs)
    if not scarce.size:
        return
    words = [
        f"{class_names[label]} ({images[label]}"
        + (")" if found[label] == images[label] else f" in {found[label]} groups or copies)")
        for label in scarce[:5]
    ]
    more = f" and {len(scarce) - 5} more" if len(scarce) > 5 else ""
    raise ConfigError(
        f"Every class must have at least one image in each of {', '.join(names)}. Received: "
        f"{', '.join(words)}{more}, a class with fewer images than splits. Add images, remove the "
        "class"
        + (", set data.test_fraction to 0" if "test" in names else "")
        + (f". {TOGETHER}" if (found < images).any() else ".")
        + (" Images that have a split keep it." if kept else "")
    )


def _check_classes(examples: Examples, splits: np.ndarray, needed: tuple[str, ...]) -> None:
    """Refuse classes that a needed split lacks; warn of those that a given one lacks."""
    if "validation" not in splits:
        raise ConfigError(
            "The validation split must have at least one usable image that is not in test as well. "
            "Received: none. Add images to it, or remove it to have one made from train."
        )
    for split in SPLITS:
        if split not in splits and split != "train":
            continue
        present = np.unique(examples.labels[splits == split])
        lacking = np.setdiff1d(np.arange(len(examples.class_names)), present)
        names = ", ".join(examples.class_names[label] for label in lacking[:5])
        names += f" and {len(lacking) - 5} more" if len(lacking) > 5 else ""
        if lacking.size and split in needed:
            raise ConfigError(
                f"Every class must have a usable image in {split}. Received: none of {names}. "
                f"Add images or remove the class. {TOGETHER}"
            )
        if lacking.size:
            logger.warning("Classes without an image in %s: %s.", split, names)


def _warn_about_groups(examples: Examples, splits: np.ndarray) -> None:
    """Warn of groups that the given splits divide: their images may be near copies."""
    used = (examples.groups != "") & (splits != "")
    pairs = np.unique(np.stack([examples.groups[used], splits[used]]), axis=1)
    names, counts = np.unique(pairs[0], return_counts=True)
    if divided := int((counts > 1).sum()):
        example = names[counts > 1][0]
        logger.warning("The given splits divide %d groups, such as %s.", divided, example)
