"""Images of one split that are in another one too, where the splits were given to us."""

import logging
from collections import Counter

import numpy as np

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import SPLITS
from keras_transfer.data.examples import Examples
from keras_transfer.data.splits.row_groups import group_rows, link_equal
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


def settle_leaks(
    examples: Examples,
    sha256: np.ndarray,
    near: np.ndarray,
    splits: np.ndarray,
    config: DataConfig,
) -> None:
    """Report leaks, and empty the split of those that are to be dropped, in place.

    An image that is also in a later split leaks; validation comes after train, test after both.

    Args:
        examples: The images.
        sha256: (n,) of str, content of each image; "" leaves it out.
        near: (m, 2) rows of images that look equal, as `link_alike` returns them.
        splits: (n,) of str, "" where the image is not used.
        config: `on_leak` says what becomes of equal files, `near_duplicates` of those that look
            equal.

    Raises:
        ConfigError: There are equal files in two splits and `on_leak` is error.
    """
    count = len(sha256)
    equal = link_equal(sha256)
    exact = _find_leaks(group_rows(equal, count), splits)
    if exact and config.on_leak == "error":
        named = _name(exact, examples, splits)
        raise ConfigError(
            f"No {examples.noun} must be in two splits. Received: {named}. Remove one of each, or "
            "let train lose it with --data.on_leak drop."
        )
    _settle(exact, "in a later split as well", config.on_leak == "drop", examples, splits)
    groups = group_rows(np.concatenate([equal, near]), count)
    alike = _find_leaks(groups, splits)
    alike = [(row, twin) for row, twin in alike if sha256[row] != sha256[twin]]
    drops = config.near_duplicates == "drop"
    _settle(alike, "much like one in a later split", drops, examples, splits)


def warn_about_groups(examples: Examples, splits: np.ndarray) -> None:
    """Warn of groups that the given splits divide: their images may be near copies."""
    used = (examples.groups != "") & (splits != "")
    pairs = {*zip(examples.groups[used].tolist(), splits[used].tolist(), strict=True)}
    counts = Counter(group for group, _ in pairs)
    if divided := [group for group, count in counts.items() if count > 1]:
        logger.warning(
            "The given splits divide %s, such as %s.",
            count_of(len(divided), "group"),
            min(divided),
        )


def _find_leaks(groups: np.ndarray, splits: np.ndarray) -> list[tuple[int, int]]:
    """Return the row of each leaking image and of a twin in the last split of its group.

    Args:
        groups: (n,) of int from 0, images of one group show the same.
        splits: (n,) of str.
    """
    ranks = np.array([SPLITS.index(split) if split else -1 for split in splits.tolist()], np.int64)
    order = np.argsort(ranks, kind="stable")
    twins = np.empty(len(groups), np.int64)  # of each group, an image in the last of its splits:
    twins[groups[order]] = order  # what is written last stays
    twin = twins[groups]
    rows = np.flatnonzero((ranks >= 0) & (ranks < ranks[twin]))
    return list(zip(rows.tolist(), twin[rows].tolist(), strict=True))


def _name(leaks: list[tuple[int, int]], examples: Examples, splits: np.ndarray) -> str:
    return name_some(
        [" and ".join(f"{examples.paths[row]} ({splits[row]})" for row in leak) for leak in leaks],
        "; ",
    )


def _settle(
    leaks: list[tuple[int, int]], what: str, drops: bool, examples: Examples, splits: np.ndarray
) -> None:
    if not leaks:
        return
    done = "Dropped" if drops else "Left in their splits"
    named = _name(leaks, examples, splits)
    noun = examples.noun
    which = count_of(len(leaks), f"{noun} that is", f"{noun}s that are")
    logger.warning("%s: %s %s: %s", done, which, what, named)
    if drops:
        splits[[row for row, _ in leaks]] = ""
