"""Examples and hashes of images that need not exist."""

import hashlib
from pathlib import Path

import numpy as np

from keras_transfer.data.examples import Examples

SPLITS = ("train", "validation", "test")


def make_examples(labels, groups=None, splits=None, fractions=None, classes=None):
    count = len(labels)
    return Examples(
        source="folder",
        root=Path("/nowhere"),
        paths=np.array([f"{row:05d}.png" for row in range(count)], dtype=np.str_),
        labels=np.array(labels, dtype=np.int64),
        class_names=tuple(f"c{k}" for k in range(classes or max(labels) + 1)),
        splits=np.array(splits if splits is not None else [""] * count, dtype=np.str_),
        groups=np.array(groups if groups is not None else [""] * count, dtype=np.str_),
        fractions=fractions,
    )


def make_hashes(contents):
    return np.array([hashlib.sha256(str(c).encode()).hexdigest() for c in contents], dtype=np.str_)


def count_splits(splits, rows=slice(None)):
    return np.array([(splits[rows] == name).sum() for name in SPLITS])
