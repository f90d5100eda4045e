"""How far an image is from the training images in feature space: what the network never saw."""

from functools import cached_property

import numpy as np

NEAREST = 5  # the neighbour whose distance counts: one alone may be an odd one itself
# Of the training images, the share that is flagged: of new ones like them about as many are.
UNUSUAL_SHARE = 0.05
MOST_REFERENCES = 500  # training images compared with; see benchmarks/README.md
LEAST_REFERENCES = 20  # with fewer no image could be among the most distant 5 %


class Neighbours:
    """Training images in feature space.

    Args:
        features: (n, channels) finite, pooled features of training images.

    References:
        Y. Sun, Y. Ming, X. Zhu, Y. Li, "Out-of-Distribution Detection with Deep Nearest
        Neighbors", ICML 2022.
    """

    def __init__(self, features: np.ndarray) -> None:
        self.features = scale_features(features).astype(np.float16)

    def find_shares(self, features: np.ndarray) -> np.ndarray:
        """Return how usual images are: the share of training images at least as far from others.

        Args:
            features: (m, channels) pooled features.

        Returns:
            (m,) floats in [0, 1]; NaN where features are no numbers.
        """
        distances = self.measure_distances(features)
        above = len(self._own) - np.searchsorted(self._own, distances, side="left")
        return np.where(np.isfinite(distances), above / len(self._own), np.nan)

    def measure_distances(self, features: np.ndarray) -> np.ndarray:
        """Return how far images (m, channels) are from the training images, (m,) in [0, 2]."""
        return self._measure(scale_features(features), NEAREST)

    @cached_property
    def _own(self) -> np.ndarray:
        """Distance of each training image to the others, in order: itself is the nearest of all."""
        return np.sort(self._measure(self.features.astype(np.float32), NEAREST + 1))

    def _measure(self, features: np.ndarray, nearest: int) -> np.ndarray:
        """Return the Euclidean distance of images to their n-th nearest training image."""
        known = self.features.astype(np.float32)
        lengths = (features**2).sum(axis=1)[:, None] + (known**2).sum(axis=1)
        squares = np.maximum(lengths - 2 * features @ known.T, 0)  # rounding may go below
        return np.sqrt(np.partition(squares, nearest - 1, axis=1)[:, nearest - 1])


def is_unusual(shares: np.ndarray) -> np.ndarray:
    """Return which images are unlike the training images; those with NaN are not."""
    return np.asarray(shares <= UNUSUAL_SHARE)


def scale_features(features: np.ndarray) -> np.ndarray:
    """Return features (n, channels) scaled to length 1, float32; those of length 0 stay."""
    features = np.asarray(features, np.float32)
    lengths = np.sqrt((features**2).sum(axis=1, keepdims=True))
    return features / np.maximum(lengths, np.finfo(np.float32).tiny)


def choose_references(labels: np.ndarray, seed: int, most: int = MOST_REFERENCES) -> np.ndarray:
    """Return the rows of training images to compare with, in order: at random, class by class.

    Args:
        labels: (n,) integers, of all training images.
        seed: Of the choice.
        most: Images; each class has its share of them, up to one image.

    Returns:
        (m,) integers.
    """
    if len(labels) <= most:
        return np.arange(len(labels))
    random = np.random.default_rng(seed)
    order = random.permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]  # class by class, at random within
    return np.sort(order[np.arange(most) * len(labels) // most])
