"""Which image is in which split: given splits are kept, missing ones are made from the content.

Neither a seed nor the names of the files play a part, so a set that grows keeps its splits.
"""

import logging

import numpy as np

from keras_transfer.config import ConfigError, DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.predictions import SPLITS

logger = logging.getLogger(__name__)

SPLIT_TYPE = f"<U{max(map(len, SPLITS))}"


def assign_splits(examples: Examples, sha256: np.ndarray, config: DataConfig) -> np.ndarray:
    """Give every image one split, such that no content is in two of them.

    Given splits are kept, but content that is also in test leaves train and validation, and content
    that is also in validation leaves train. Validation is made from train where none is given; a
    test split is made only where no split is given at all. Made splits are stratified: in each
    class, images in the order of their hashes fill test from the front and validation from the
    back. Images of one group or of equal content (a cluster) stay together. Counts are within one
    image, or half the largest cluster and one, of the shares asked for, and an added image moves at
    most one other into or out of each of validation and test.

    Args:
        examples: The images; its `fractions`, if any, win over those of `config`.
        sha256: (n,) of str, content of each image; "" leaves it out.
        config: `validation_fraction` and `test_fraction`.

    Returns:
        (n,) of str: train, validation, test, or "" for images that are left out.

    Raises:
        ConfigError: A class has too few images for one in each split that is made, or none to
            train on.
    """
    given = np.unique(examples.splits).tolist()
    splits = np.full(len(sha256), "", dtype=SPLIT_TYPE)
    usable = sha256 != ""
    splits[usable] = np.where(examples.splits == "", "train", examples.splits)[usable]
    made = _name_made_splits(given, examples, config)
    _drop_leaks(examples, sha256, splits)
    if made:
        pool = np.flatnonzero(splits == "train")
        splits[pool] = _divide(
            examples.labels[pool], examples.groups[pool], sha256[pool], examples.class_names, made
        )
    _check_classes(examples, splits, ("train", *made))
    _warn_about_groups(examples, splits)
    return splits


def _name_made_splits(given: list[str], examples: Examples, config: DataConfig) -> dict[str, float]:
    """Return the share of each split that has to be made."""
    validation, test = examples.fractions or (config.validation_fraction, config.test_fraction)
    if given == [""] and test > 0:
        return {"validation": validation, "test": test}
    return {} if "validation" in given else {"validation": validation}


def _drop_leaks(examples: Examples, sha256: np.ndarray, splits: np.ndarray) -> None:
    """Empty the split of images whose content is also in a later one; test comes last."""
    ranks = np.array([SPLITS.index(split) if split else -1 for split in splits])
    _, contents = np.unique(sha256, return_inverse=True)
    last = np.full(contents.max(initial=0) + 1, -1)
    np.maximum.at(last, contents, ranks)
    leaks = np.flatnonzero((ranks >= 0) & (ranks < last[contents]))
    if not leaks.size:
        return
    twin = np.flatnonzero((contents == contents[leaks[0]]) & (ranks == last[contents[leaks[0]]]))[0]
    logger.warning(
        "Dropped %d images that are also in a later split, such as %s (%s), the same as %s (%s).",
        leaks.size,
        examples.paths[leaks[0]],
        splits[leaks[0]],
        examples.paths[twin],
        splits[twin],
    )
    splits[leaks] = ""


def _divide(
    labels: np.ndarray,
    groups: np.ndarray,
    sha256: np.ndarray,
    class_names: tuple[str, ...],
    made: dict[str, float],
) -> np.ndarray:
    """Return (n,) of str: train, or one of the splits that are made."""
    clusters = find_clusters(sha256, groups)
    sizes, classes = np.bincount(clusters), _find_majorities(clusters, labels)
    _refuse_scarce(labels, classes, class_names, ("train", *made))
    ends: np.ndarray = np.full(len(sizes), "train", dtype=SPLIT_TYPE)  # of each cluster
    for label in range(len(class_names)):
        own = np.flatnonzero(classes == label)
        back, front = choose_ends(sizes[own], made["validation"], made.get("test", 0.0))
        ends[own[:front]] = "test"
        ends[own[len(own) - back :]] = "validation"
    return np.asarray(ends[clusters])


def find_clusters(sha256: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Return the cluster of each image: those of one group or equal content share one, chained.

    Args:
        sha256: (n,) of str.
        groups: (n,) of str, "": no group.

    Returns:
        (n,) of int64 from 0, in the order of the smallest hash in each cluster.
    """
    _, contents = np.unique(sha256, return_inverse=True)
    _, named = np.unique(groups, return_inverse=True)
    parents = list(range(contents.max(initial=-1) + 1))

    def find(content: int) -> int:
        while parents[content] != content:
            parents[content] = content = parents[parents[content]]
        return content

    first: dict[int, int] = {}  # group -> a content in it
    for row in np.flatnonzero(groups != "").tolist():
        one = find(contents[row])
        other = find(first.setdefault(int(named[row]), contents[row]))
        parents[max(one, other)] = min(one, other)
    roots = np.array([find(content) for content in range(len(parents))], dtype=np.int64)
    return np.unique(roots[contents], return_inverse=True)[1]


def _find_majorities(clusters: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the most frequent label of each cluster, the first of equals."""
    pairs, votes = np.unique(np.stack([clusters, labels]), axis=1, return_counts=True)
    order = np.lexsort((pairs[1], -votes, pairs[0]))
    first = np.unique(pairs[0][order], return_index=True)[1]
    return np.asarray(pairs[1][order][first])


def choose_ends(sizes: np.ndarray, validation: float, test: float) -> tuple[int, int]:
    """Choose how many clusters of one class go to validation and to test.

    Args:
        sizes: (clusters,) images of each, in the order of their hashes; more of them than splits.
        validation: Share of the images for validation, taken from the back.
        test: Share of the images for test, taken from the front. 0: no test.

    Returns:
        Clusters for validation and for test, at least one for each split.
    """
    images = int(sizes.sum())
    _, back_quota, *rest = count_seats(images, (1 - validation - test, validation, test))
    front, moved = 0, 0
    if test:
        totals = np.cumsum(sizes[:-2])  # two clusters stay for train and validation
        front = int(np.abs(totals - rest[0]).argmin()) + 1
        moved = int(totals[front - 1]) - rest[0]  # images that test has too many
    totals = np.cumsum(sizes[front + 1 :][::-1])  # one cluster stays for train
    excess = totals - back_quota
    # Train gets what the others leave: let validation's error undo that of test.
    worst = np.maximum(np.abs(excess), np.abs(excess + moved))
    return int(np.lexsort((np.abs(excess), worst))[0]) + 1, front


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
    labels: np.ndarray, classes: np.ndarray, class_names: tuple[str, ...], names: tuple[str, ...]
) -> None:
    """Raise the error for classes with fewer images, or clusters, than splits."""
    images = np.bincount(labels, minlength=len(class_names))
    clusters = np.bincount(classes, minlength=len(class_names))
    scarce = np.flatnonzero(clusters < len(names))
    if not scarce.size:
        return
    found = [
        f"{class_names[label]} ({images[label]}"
        + (")" if clusters[label] == images[label] else f" in {clusters[label]} groups or copies)")
        for label in scarce[:5]
    ]
    more = f" and {len(scarce) - 5} more" if len(scarce) > 5 else ""
    raise ConfigError(
        f"Every class must have at least one image in each of {', '.join(names)}. Received: "
        f"{', '.join(found)}{more}, a class with fewer images than splits. Add images, remove the "
        "class" + (", or set data.test_fraction to 0." if "test" in names else ".")
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
                "Add images or remove the class."
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
