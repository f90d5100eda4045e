"""Rows that belong together: equal ones, those of a group, and chains of links."""

import numpy as np
import scipy.sparse.csgraph

NO_LINKS: np.ndarray = np.empty((0, 2), np.int64)


def link_equal(keys: np.ndarray) -> np.ndarray:
    """Return rows of equal keys, each with the first of them, (m, 2) of int64; "" equals nothing.

    Args:
        keys: (n,) of str.
    """
    rows = np.arange(len(keys))
    links = np.stack([find_first(keys), rows], axis=1)
    return links[(links[:, 0] != rows) & (keys != "")]


def find_first(keys: np.ndarray) -> np.ndarray:
    """Return the first row with the key of each row, (n,) of int64.

    Args:
        keys: (n,) of str.
    """
    first: dict[str, int] = {}
    rows = (first.setdefault(key, row) for row, key in enumerate(keys.tolist()))
    return np.fromiter(rows, np.int64, len(keys))


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


def link_to_first(groups: np.ndarray) -> np.ndarray:
    """Return links of the members of each group, numbered from 0, with its first member."""
    first = np.unique(groups, return_index=True)[1]
    links = np.stack([first[groups], np.arange(len(groups))], axis=1)
    return links[links[:, 0] != links[:, 1]]


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
