"""Divide examples into folds, so that each is judged by what has not seen it."""

import numpy as np

from keras_transfer.data.splits.stratify import find_majorities


def divide_folds(labels: np.ndarray, clusters: np.ndarray, count: int) -> np.ndarray:
    """Return the fold of each example, (n,) of int64 in [0, count): classes spread evenly.

    Those of a cluster share a fold. Large clusters come first, each to the fold that has fewest of
    its most frequent class, then fewest of all.

    Args:
        labels: (n,) int64.
        clusters: (n,) int64 from 0, as `find_clusters` returns them.
        count: Folds; where there are fewer clusters, some stay empty.
    """
    sizes, classes = np.bincount(clusters), find_majorities(clusters, labels)
    held = np.zeros((count, labels.max() + 1), np.int64)  # images of each class in each fold
    totals = np.zeros(count, np.int64)
    chosen = np.empty(len(sizes), np.int64)
    for cluster in np.argsort(-sizes, kind="stable"):
        counts = held[:, classes[cluster]]
        chosen[cluster] = fold = np.lexsort((totals, counts))[0]
        counts[fold] += sizes[cluster]
        totals[fold] += sizes[cluster]
    return chosen[clusters]
