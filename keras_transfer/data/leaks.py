"""Images of one split that are in another one too, where the splits were given to us."""

import logging

import numpy as np

from keras_transfer.config import ConfigError, DataConfig
from keras_transfer.data.duplicates import group_rows, link_equal
from keras_transfer.data.examples import Examples
from keras_transfer.predictions import SPLITS

logger = logging.getLogger(__name__)

SHOWN = 3  # pairs that a message names; data_report.json names all


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
    exact = _find_leaks(examples, group_rows(equal, count), splits)
    if exact and config.on_leak == "error":
        raise ConfigError(
            f"No image must be in two splits. Received: {_name(exact)}. Remove one of each, or "
            "let train lose it with --data.on_leak drop."
        )
    _settle(exact, "in a later split as well", config.on_leak == "drop", splits)
    known = {row for row, _ in exact}
    groups = group_rows(np.concatenate([equal, near]), count)
    alike = [leak for leak in _find_leaks(examples, groups, splits) if leak[0] not in known]
    drops = config.near_duplicates == "drop"
    _settle(alike, "much like one in a later split", drops, splits)


def _find_leaks(
    examples: Examples, groups: np.ndarray, splits: np.ndarray
) -> list[tuple[int, str]]:
    """Return the row of each leaking image and a text that names it and a twin.

    Args:
        examples: The images.
        groups: (n,) of int from 0, images of one group show the same.
        splits: (n,) of str.
    """
    ranks = np.array([SPLITS.index(split) if split else -1 for split in splits], np.int64)
    order = np.argsort(ranks, kind="stable")
    twins = np.empty(len(groups), np.int64)  # of each group, an image in the last of its splits:
    twins[groups[order]] = order  # what is written last stays
    twin = twins[groups]
    paths = examples.paths
    return [
        (row, f"{paths[row]} ({splits[row]}) and {paths[twin[row]]} ({splits[twin[row]]})")
        for row in np.flatnonzero((ranks >= 0) & (ranks < ranks[twin])).tolist()
    ]


def _name(leaks: list[tuple[int, str]]) -> str:
    more = f"; and {len(leaks) - SHOWN} more" if len(leaks) > SHOWN else ""
    return "; ".join(text for _, text in leaks[:SHOWN]) + more


def _settle(leaks: list[tuple[int, str]], what: str, drops: bool, splits: np.ndarray) -> None:
    if not leaks:
        return
    done = "Dropped" if drops else "Left in their splits"
    logger.warning("%s: %d images that are %s: %s", done, len(leaks), what, _name(leaks))
    if drops:
        splits[[row for row, _ in leaks]] = ""
