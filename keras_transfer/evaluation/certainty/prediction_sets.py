"""Sets of classes that hold the true one for a stated share of images: conformal prediction."""

import math
from fractions import Fraction

import numpy as np

from keras_transfer.run.predictions_csv import fill_missing


def find_limits(
    probabilities: np.ndarray, truth: np.ndarray, coverage: float, class_wise: bool = False
) -> np.ndarray:
    """Return the probability from which on each class belongs to the set of an image.

    If new images come from where these come from, the sets of `list_members` hold the true class
    of at least a share `coverage` of them, whatever the model; not of each kind of image alone.
    With `class_wise` that is so for the images of each class.

    Args:
        probabilities: (n, classes) in [0, 1], of images that were not learned from.
        truth: (n,) integers, index of the true class.
        coverage: In (0, 1).
        class_wise: A limit for each class, from its own images. A class with so few that nothing
            can be promised has the limit 0: it belongs to every set.

    Returns:
        (classes,) floats in [0, 1].

    References:
        M. Sadinle, J. Lei, L. Wasserman, "Least Ambiguous Set-Valued Classifiers with Bounded
        Error Levels", Journal of the American Statistical Association 114 (2019).
        V. Vovk, "Conditional validity of inductive conformal predictors", ACML 2012 (class-wise).
    """
    count = probabilities.shape[1]
    given = fill_missing(probabilities)[np.arange(len(truth)), truth]
    if not class_wise:
        return np.full(count, _find_limit(given, coverage))
    return np.array([_find_limit(given[truth == label], coverage) for label in range(count)])


def needed_images(coverage: float) -> int:
    """Return the number of images from which on a limit above 0 can promise `coverage`."""
    share = Fraction(str(coverage))  # as it is written: floats would add an image
    return math.ceil(share / (1 - share))


def list_members(probabilities: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Return which classes belong to the set of each image; the most probable one always does.

    Args:
        probabilities: (n, classes) in [0, 1].
        limits: (classes,), what `find_limits` returned.

    Returns:
        (n, classes) of bool.
    """
    probabilities = fill_missing(probabilities)
    members = probabilities >= limits
    members[np.arange(len(members)), probabilities.argmax(axis=1)] = True
    return np.asarray(members)


def _find_limit(given: np.ndarray, coverage: float) -> float:
    """Return the highest limit that as many of n + 1 images reach as `coverage` asks for."""
    above = math.ceil((len(given) + 1) * Fraction(str(coverage)))
    return float(np.sort(given)[len(given) - above]) if above <= len(given) else 0.0
