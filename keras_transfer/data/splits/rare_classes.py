"""Classes with too few images for every split: refused, left out, or in train only."""

import logging

import numpy as np

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.splits.stratify import count_held, divide_pool
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

TOGETHER = (
    "Examples of a group, equal ones and near copies stay together; "
    "--data.near_duplicates ignore divides the last."
)
WAYS_OUT = (
    "leave the class out with --data.rare_classes drop, learn it without measuring it with "
    "--data.rare_classes train_only"
)


def divide_all(
    examples: Examples,
    clusters: np.ndarray,
    splits: np.ndarray,
    made: dict[str, float],
    pool: np.ndarray,
    config: DataConfig,
) -> np.ndarray:
    """Return the split of each image, where every class is in train and in all that are made.

    Args:
        examples: All images.
        clusters: (n,) of each image, in the order of their hashes.
        splits: (n,) of str; those of the pool are train, "" are left out.
        made: Share of each split that is made.
        pool: (n,) of bool, the images to divide.
        config: `rare_classes` says what becomes of classes for which that cannot be.

    Raises:
        ConfigError: There is such a class, and it can neither be left out nor be in train only.
    """
    names, rare = ("train", *made), np.empty(0, np.int64)
    counts = np.bincount(examples.labels[splits != ""], minlength=len(examples.class_names))
    splits, pool, refuses = splits.copy(), pool.copy(), config.rare_classes == "error"
    while True:
        divided = splits.copy()
        found = np.setdiff1d(_find_scarce(examples, clusters, splits, pool, names), rare)
        if found.size and refuses:
            raise _explain_scarce(examples, clusters, splits, pool, names, found)
        if not found.size:
            if made:
                divided[pool] = divide_pool(examples, clusters, splits, pool, made)
            found = _find_lacking(examples, divided, names, rare, refuses)
        if not found.size:
            break
        rare = np.union1d(rare, found)
        rows = np.isin(examples.labels, found)
        if config.rare_classes == "drop":
            splits[rows] = ""
            pool &= ~rows
        else:  # with what must not be divided from them
            pool &= ~np.isin(clusters, clusters[rows & pool])
    _judge_rare(examples, divided, rare, counts, config)
    return divided


def _judge_rare(
    examples: Examples, splits: np.ndarray, rare: np.ndarray, counts: np.ndarray, config: DataConfig
) -> None:
    """Say what became of rare classes; refuse those without an image to learn from."""
    if not rare.size:
        return
    if config.rare_classes == "train_only":
        _find_lacking(examples, splits, ("train",), rare[:0], True)
        done = f"In train only, as they have too few {examples.noun}s for each split"
    else:
        done = f"Left out, as they have too few {examples.noun}s for each split"
    named = name_some([f"{examples.class_names[label]} ({counts[label]})" for label in rare])
    logger.warning("%s: %s: %s", done, count_of(len(rare), "class"), named)
    if (left := len(np.unique(examples.labels[splits == "train"]))) < 2:
        raise ConfigError(
            f"At least two classes must be left. Received: {left} of {len(examples.class_names)} "
            f"in {examples.root}. Add {examples.noun}s, or choose another --data.rare_classes."
        )


def _find_lacking(
    examples: Examples, splits: np.ndarray, names: tuple[str, ...], rare: np.ndarray, refuses: bool
) -> np.ndarray:
    """Return the classes without an image in one of these splits, those known as rare left out."""
    for name in names:
        present = np.unique(examples.labels[splits == name])
        lacking = np.setdiff1d(np.arange(len(examples.class_names)), [*present, *rare])
        if lacking.size and refuses:
            raise ConfigError(
                f"Every class must have a usable {examples.noun} in {name}. Received: none of "
                f"{name_some([examples.class_names[label] for label in lacking])}. Add more, or "
                f"leave the class out with --data.rare_classes drop. {TOGETHER}"
            )
        if lacking.size:
            return lacking
    return rare[:0]


def _find_scarce(
    examples: Examples,
    clusters: np.ndarray,
    splits: np.ndarray,
    pool: np.ndarray,
    names: tuple[str, ...],
) -> np.ndarray:
    """Return the classes in fewer clusters than there are splits that are made and have none."""
    if len(names) == 1:
        return np.empty(0, np.int64)
    lacking = (count_held(examples, splits, pool, names) == 0).sum(axis=0)
    return np.flatnonzero(_count_clusters(examples, clusters, pool) < lacking)


def _count_clusters(examples: Examples, clusters: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Return in how many clusters of the pool each class is."""
    classes = len(examples.class_names)
    pairs = np.unique(clusters[pool] * classes + examples.labels[pool])
    return np.bincount(pairs % classes, minlength=classes)


def _explain_scarce(
    examples: Examples,
    clusters: np.ndarray,
    splits: np.ndarray,
    pool: np.ndarray,
    names: tuple[str, ...],
    scarce: np.ndarray,
) -> ConfigError:
    images = np.bincount(examples.labels[pool], minlength=len(examples.class_names))
    found = _count_clusters(examples, clusters, pool)
    words = [
        f"{examples.class_names[label]} ({images[label]}"
        + (")" if found[label] == images[label] else f" in {found[label]} groups or copies)")
        for label in scarce
    ]
    return ConfigError(
        f"Every class must have at least one {examples.noun} in each of {', '.join(names)}. "
        "Received: "
        f"{name_some(words)}, with fewer {examples.noun}s than splits. Add "
        f"{examples.noun}s, {WAYS_OUT}"
        + (", or set data.test_fraction to 0" if "test" in names else "")
        + (f". {TOGETHER}" if (found < images).any() else ".")
        + (
            f" {examples.noun.capitalize()}s that have a split keep it."
            if count_held(examples, splits, pool, names).any()
            else ""
        )
    )
