"""Start the head where linear discriminant analysis of the pooled features has its solution."""

import logging
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import scipy.linalg
import tensorflow as tf

from keras_transfer.data.training_data import Batches, TrainingData
from keras_transfer.models.cuts import IMAGES, POOLED, take_part
from keras_transfer.training.cache.activation_data import ActivationData

logger = logging.getLogger(__name__)

SHRINKAGES = (0.1, 0.3, 0.6, 0.9)
# On the log-odds: a covariance that is estimated from few images makes them too sure.
TEMPERATURES = np.geomspace(0.03, 1, 16)
FOLDS = 5
VIEWS = 2  # of each image, where epochs have new ones
MOST_ROWS = 20_000  # beyond, one view of each image is enough


def start_head(
    model: keras.Model,
    batches: Batches,
    data: TrainingData,
    views: int | None,
    class_weights: np.ndarray | None,
) -> None:
    """Give the last layer the solution of `solve_discriminant` on views of the training images.

    Args:
        model: From images over the layer `pool` and dropout to one dense layer.
        batches: What phase `frozen` takes; where features are kept, they are used.
        data: The images, otherwise.
        views: That the epochs take in turn; None: they have new ones.
        class_weights: (classes,) what an image of each class counts; None: 1.
    """
    if isinstance(batches, ActivationData):
        features = batches.arrays["train"]
    else:
        features = _compute_features(model, data.as_recognised(), views or VIEWS)
    labels, classes = data.splits["train"].labels, len(data.class_names)
    features = features[:, : max(1, MOST_ROWS // len(features))]
    found = solve_discriminant(features, labels, classes, class_weights)
    if found is None:
        logger.warning("The features say nothing of the classes: the head starts from chance")
        return
    dense = model.layers[-1]
    dense.kernel.assign(found[0])
    dense.bias.assign(found[1])


def solve_discriminant(
    features: np.ndarray, labels: np.ndarray, classes: int, class_weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return kernel and bias of a softmax layer: classes as Gaussians of one covariance.

    The covariance is shrunk towards a multiple of the identity, and the log-odds are scaled down.
    How much is chosen by the log-loss in cross-validation, all views of an image being in one fold.

    Args:
        features: (n, views, channels) float.
        labels: (n,) int.
        classes: Number of classes.
        class_weights: (classes,) what an image of each class counts; None: 1.

    Returns:
        (channels, classes) and (classes,), float32; None where the features do not vary within the
        classes, or are no numbers.

    References:
        Fisher 1936, The use of multiple measurements in taxonomic problems.
        Friedman 1989, Regularized discriminant analysis (the shrinkage).
        Kumar et al. 2022, Fine-tuning can distort pretrained features (why the head comes first).
    """
    each = np.ones(classes) if class_weights is None else class_weights.astype(np.float64)
    middle = features.mean(axis=(0, 1), dtype=np.float64)  # so that squares do not cancel
    folds = _divide(labels)
    parts = [
        _Sums(features[folds == fold], labels[folds == fold], each, middle) for fold in range(FOLDS)
    ]
    whole = sum(parts[1:], parts[0])
    if not whole.spread() > 0:  # NaN as well
        return None
    losses = np.zeros((len(SHRINKAGES), len(TEMPERATURES)))
    for fold, part in enumerate(parts):
        held, truth = features[folds == fold], labels[folds == fold]
        others = whole - part
        if not len(truth) or not others.spread() > 0:
            continue
        rows, truth = (held - middle).reshape(-1, held.shape[-1]), np.repeat(truth, held.shape[1])
        for index, (kernel, bias) in enumerate(others.solve(SHRINKAGES)):
            scores = rows @ kernel + bias
            for column, scale in enumerate(TEMPERATURES):
                losses[index, column] += _sum_losses(scale * scores + others.priors, truth, each)
    shrinkage, temperature = np.unravel_index(losses.argmin(), losses.shape)
    ((kernel, bias),) = whole.solve(SHRINKAGES[shrinkage : shrinkage + 1])
    scale = TEMPERATURES[temperature]
    logger.info(
        "The head starts from discriminant analysis: shrinkage %g, scale %.2g",
        *(SHRINKAGES[shrinkage], scale),
    )
    bias = scale * (bias - middle @ kernel) + whole.priors
    return (scale * kernel).astype(np.float32), bias.astype(np.float32)


class _Sums:
    """Counts (classes,), sums (classes, channels) and squares (channels, channels) of features."""

    def __init__(
        self, features: np.ndarray, labels: np.ndarray, each: np.ndarray, middle: np.ndarray
    ) -> None:
        rows = (features - middle).reshape(-1, features.shape[-1])
        labels = np.repeat(labels, features.shape[1])
        member = (labels == np.arange(len(each))[:, None]) * each[:, None]  # (classes, rows)
        self.counts, self.sums = member.sum(axis=1), member @ rows
        self.squares = (rows * each[labels][:, None]).T @ rows

    def __add__(self, other: "_Sums") -> "_Sums":
        return self._combine(other, 1)

    def __sub__(self, other: "_Sums") -> "_Sums":
        return self._combine(other, -1)

    def _combine(self, other: "_Sums", sign: int) -> "_Sums":
        found = object.__new__(_Sums)
        for name, value in vars(self).items():
            setattr(found, name, value + sign * vars(other)[name])
        return found

    @property
    def priors(self) -> np.ndarray:
        """(classes,) logarithms of the shares; a class without an image has half of one."""
        counts = np.maximum(self.counts, 0.5)
        return np.log(counts / counts.sum())

    def means(self) -> np.ndarray:
        """(classes, channels); 0, the middle, for a class without an image."""
        return self.sums / np.maximum(self.counts, 1e-9)[:, None]

    def covariance(self) -> np.ndarray:
        """(channels, channels) within the classes."""
        means = self.means()
        return (self.squares - (means * self.counts[:, None]).T @ means) / self.counts.sum()

    def spread(self) -> float:
        """Mean variance of a channel within the classes."""
        return float(np.trace(self.covariance()) / len(self.squares)) if self.counts.any() else 0.0

    def solve(self, shrinkages: Sequence[float]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield kernel and bias for each shrinkage."""
        means, covariance = self.means(), self.covariance()
        identity = np.eye(len(covariance)) * np.trace(covariance) / len(covariance)
        for share in shrinkages:
            shrunk = (1 - share) * covariance + share * identity
            kernel = scipy.linalg.solve(shrunk, means.T, assume_a="pos", overwrite_a=True)
            bias = -0.5 * (means.T * kernel).sum(axis=0)
            yield kernel - kernel.mean(axis=1, keepdims=True), bias - bias.mean()


def _divide(labels: np.ndarray) -> np.ndarray:
    """Return the fold of each image: those of a class in turn."""
    folds = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        folds[rows] = np.arange(len(rows)) % FOLDS
    return folds


def _sum_losses(scores: np.ndarray, truth: np.ndarray, each: np.ndarray) -> float:
    """Return the summed cross-entropy of scores (rows, classes)."""
    scores = scores - scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(truth)), truth]
    return float(losses @ each[truth])


def _compute_features(model: keras.Model, data: TrainingData, views: int) -> np.ndarray:
    """Return the pooled features (n, views, channels) of views of the training images."""
    front = take_part(model, IMAGES, [POOLED])
    forward = tf.function(lambda images: front(images, training=False), reduce_retracing=True)
    found = [np.asarray(forward(images)) for images in data.view_batches(views)]
    batches = [np.stack(found[at : at + views], axis=1) for at in range(0, len(found), views)]
    return np.concatenate(batches)
