"""When to answer: the probability from which on a model is as often right as is asked for."""

import math
from typing import NamedTuple

import numpy as np

from keras_transfer.evaluation.metrics import wilson_interval
from keras_transfer.run.predictions_csv import fill_missing


class Answering(NamedTuple):
    """What comes of answering only where the best class is probable enough."""

    threshold: float
    """In [0, 1]: the least probability of the best class with which it is answered."""
    images: int
    """That the numbers are of."""
    answered: int
    """Of these."""
    right: int
    """Of those answered."""

    @property
    def share(self) -> float:
        """Share of the images that are answered, in [0, 1]."""
        return self.answered / max(self.images, 1)

    @property
    def accuracy(self) -> float:
        """Of those answered, in [0, 1]; 0 where none is."""
        return self.right / max(self.answered, 1)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy."""
        return wilson_interval(self.right, self.answered)


def say_threshold(threshold: float) -> str:
    """Return a threshold with so many digits that it divides images as it does: 0.467, 0.99934."""
    gap = max(1 - threshold, 1e-6)
    return f"{threshold:.{max(3, 1 - math.floor(math.log10(gap)))}f}"


def judge_threshold(probabilities: np.ndarray, truth: np.ndarray, threshold: float) -> Answering:
    """Return what comes of a threshold on these images.

    Args:
        probabilities: (n, classes) in [0, 1].
        truth: (n,) integers, index of the true class.
        threshold: In [0, 1].
    """
    probabilities = fill_missing(probabilities)
    answered = probabilities.max(axis=1) >= threshold
    right = answered & (probabilities.argmax(axis=1) == truth)
    return Answering(threshold, len(truth), int(answered.sum()), int(right.sum()))


def choose_threshold(
    probabilities: np.ndarray, truth: np.ndarray, accuracy: float
) -> Answering | None:
    """Return the threshold that answers most images with at least this accuracy, or None.

    It was chosen on these images, so their accuracy flatters a little; `interval` says how little
    they may know.

    Args:
        probabilities: (n, classes) in [0, 1], of images that were not learned from.
        truth: (n,) integers, index of the true class.
        accuracy: In (0, 1].
    """
    probabilities = fill_missing(probabilities)
    confidence = probabilities.max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = np.cumsum(probabilities.argmax(axis=1)[order] == truth[order])
    sorted_ = confidence[order]
    # equal ones are answered together
    ends = np.flatnonzero(np.append(sorted_[1:] < sorted_[:-1], True)) if len(order) else order
    enough = ends[right[ends] >= accuracy * (ends + 1) - 1e-9]
    if not len(enough):
        return None
    last = enough[-1]
    return Answering(float(sorted_[last]), len(truth), int(last) + 1, int(right[last]))
