"""How far the features of two domains are apart, as losses of the output `domain`.

Rows of both domains come mixed in one batch; the truth of a row is 0 for the source and 1 for the
target. Where a batch has rows of one domain alone, as in validation, the distance is 0.
"""

from typing import Any

import keras
from keras import ops

from keras_transfer.training.adaptation.methods import WIDTHS


def compute_mean_discrepancy(features: Any, domains: Any) -> Any:
    """Return the squared maximum mean discrepancy of two sets of features, 0 or more.

    The kernel is the sum of five Gaussians around the mean squared distance of the rows, through
    which no gradient goes: else features that shrink would pass for features that are alike.

    Args:
        features: (n, channels).
        domains: (n, 1), 0 or 1.

    References:
        Gretton et al. 2012, A kernel two-sample test.
        Long et al. 2015, Learning transferable features with deep adaptation networks.
    """
    shares = _share(domains)
    lengths = ops.sum(features**2, axis=1)
    products = ops.matmul(features, ops.transpose(features))
    squares = ops.maximum(lengths[:, None] + lengths[None] - 2 * products, 0.0)
    count = ops.cast(ops.shape(features)[0], features.dtype)
    mean = ops.sum(squares) / ops.maximum(count * (count - 1), 1.0)
    width = ops.stop_gradient(ops.maximum(mean, keras.config.epsilon()))
    kernel = sum(ops.exp(-squares / (width * each)) for each in WIDTHS)
    return ops.sum(shares * ops.transpose(shares) * kernel)


def compare_covariances(features: Any, domains: Any) -> Any:
    """Return the squared distance of the covariances of two sets of features, over 4 channels².

    Args:
        features: (n, channels).
        domains: (n, 1), 0 or 1.

    References:
        Sun and Saenko 2016, Deep CORAL: correlation alignment for deep domain adaptation.
    """
    channels = features.shape[-1]
    shares = _share(domains)
    weights = ops.abs(shares)
    halves = []
    for half in (weights * (1 - domains), weights * domains):
        centred = (features - ops.sum(half * features, axis=0)) * ops.sign(half)
        halves.append(ops.matmul(ops.transpose(centred), centred * half))
    there = ops.cast(ops.max(weights) > 0, features.dtype)
    return there * ops.sum((halves[0] - halves[1]) ** 2) / (4 * channels**2)


def _share(domains: Any) -> Any:
    """Return 1/n for each of n source rows, -1/m for each of m target rows; 0 without both."""
    sources, targets = ops.sum(1 - domains), ops.sum(domains)
    both = ops.cast((sources > 0) & (targets > 0), domains.dtype)
    there = (1 - domains) / ops.maximum(sources, 1.0) - domains / ops.maximum(targets, 1.0)
    return both * there


class DomainDistance(keras.Loss):
    """A distance of the features of two domains, times a strength that may rise.

    Args:
        distance: Of (features, domains).
        strength: A variable.
    """

    def __init__(self, distance: Any, strength: keras.Variable) -> None:
        super().__init__(name="domain_distance")
        self.distance, self.strength = distance, strength

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of the batch, once for each of its rows."""
        features = ops.cast(y_pred, "float32")
        domains = ops.cast(y_true, "float32")
        loss = self.strength * self.distance(features, domains)
        return ops.broadcast_to(loss, ops.shape(domains)[:1])
