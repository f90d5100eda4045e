"""Which image is in which split: given splits are kept, missing ones are made from the content.

Neither a seed nor the names of the files play a part, so a set that grows keeps its splits.
"""

import logging

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import SPLITS
from keras_transfer.data.examples import Examples
from keras_transfer.data.splits.leaks import settle_leaks, warn_about_groups
from keras_transfer.data.splits.rare_classes import divide_all
from keras_transfer.data.splits.row_groups import NO_LINKS, find_clusters
from keras_transfer.data.splits.split_file import read_pins
from keras_transfer.data.splits.stratify import SPLIT_TYPE
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


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
        config: Shares, the file of splits, and what becomes of leaks and of rare classes.
        near: (m, 2) rows of images that look equal, as `link_alike` returns them.

    Returns:
        (n,) of str: train, validation, test, or "" for images that are left out.

    Raises:
        ConfigError: A class has too few images for one in each split that is made, or none to
            train on, and may not be left out; or there are leaks, and they are an error.
    """
    usable = sha256 != ""
    clusters = find_clusters(sha256, np.where(usable, examples.groups, ""), near)
    pins = read_pins(examples, sha256, config.split_file)
    made = _name_made_splits(np.unique(examples.splits).tolist(), examples, config)
    fixed = _fix_splits(examples.splits, pins, clusters, bool(made))
    splits = np.where(fixed == "", "train", fixed).astype(SPLIT_TYPE)
    splits[~usable] = ""
    settle_leaks(examples, sha256, near, splits, config)
    pool = (fixed == "") & (splits == "train")
    splits = divide_all(examples, clusters, splits, made, pool, config)
    _check_given(examples, splits, ("train", *made))
    warn_about_groups(examples, splits)
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


def _check_given(examples: Examples, splits: np.ndarray, needed: tuple[str, ...]) -> None:
    """Refuse an empty validation split; warn of classes that a given split lacks."""
    if "validation" not in splits:
        raise ConfigError(
            f"The validation split must have at least one usable {examples.noun} that is not in "
            f"test as well. Received: none. Add {examples.noun}s to it, or remove it to have one "
            "made from train."
        )
    learned = np.unique(examples.labels[splits == "train"])
    for split in np.setdiff1d(SPLITS, needed):
        lacking = np.setdiff1d(learned, examples.labels[splits == split])
        if lacking.size and split in splits:
            names = name_some([examples.class_names[label] for label in lacking])
            article = "an image" if examples.noun == "image" else "a text"
            logger.warning("Classes without %s in %s: %s.", article, split, names)
