"""Examples that need not exist, and a review of them."""

from pathlib import Path

import numpy as np

from keras_transfer.data.examples import Examples
from keras_transfer.review.label_quality.suspects import rank_suspects

NO_LINKS = np.empty((0, 2), np.int64)


def make_examples(labels, names=("ants", "bees"), paths=None, **columns):
    count = len(labels)
    empty = np.full(count, "")
    paths = (
        [f"{names[label]}/{row}.jpg" for row, label in enumerate(labels)]
        if paths is None
        else paths
    )
    return Examples(
        source="folder",
        root=columns.pop("root", Path("/nowhere")),
        paths=np.array(paths),
        labels=np.array(labels, np.int64),
        class_names=tuple(names),
        splits=np.array(columns.pop("splits", empty)),
        groups=np.array(columns.pop("groups", empty)),
        **columns,
    )


def review(examples, chances, sha256=None, near=NO_LINKS):
    """Review examples of two classes, by the probabilities of the second."""
    chances = np.array(chances, float)
    sha256 = [str(row) for row in range(len(chances))] if sha256 is None else sha256
    probabilities = np.stack([1 - chances, chances], axis=1)
    return rank_suspects(examples, np.array(sha256), np.array(near), probabilities)
