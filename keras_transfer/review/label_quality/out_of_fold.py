"""What a model says of each image that saw neither it nor a copy of it."""

import logging

import numpy as np

from keras_transfer.data.splits.folds import divide_folds
from keras_transfer.system.errors import ConfigError

FOLDS = 5
# Of features with a standard deviation of 1. Ten times as much follows wrong labels, a tenth is
# blind to what the classes have; of 300 and of 20,000 images (`benchmarks/README.md`).
C = 0.003
TOLERANCE = 1e-3  # a tenth of it takes four times as long, and ranks alike

logger = logging.getLogger(__name__)


def predict_out_of_fold(
    features: np.ndarray, labels: np.ndarray, clusters: np.ndarray, classes: int
) -> np.ndarray:
    """Return the probabilities of each image's classes by logistic regression on the other folds.

    Args:
        features: (n, channels) float32.
        labels: (n,) int64, as they are given.
        clusters: (n,) int64 from 0: images that may not be divided, as `find_clusters` has them.
        classes: Number of classes.

    Returns:
        (n, classes) floats in [0, 1]. NaN where an image cannot be judged: no other fold has its
        class.

    Raises:
        ConfigError: A feature is not a number.

    References:
        Northcutt et al. 2021, Confident learning: estimating uncertainty in dataset labels.
    """
    from sklearn.linear_model import LogisticRegression

    if not np.isfinite(features).all():
        raise ConfigError(
            "Features must be finite numbers. Received: some that are not. Choose other weights "
            "with --weights."
        )
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    folds = divide_folds(labels, clusters, FOLDS)
    found = np.full((len(labels), classes), np.nan)
    for fold in np.unique(folds):
        held = folds == fold
        known = np.unique(labels[~held])
        if len(known) > 1:
            model = LogisticRegression(C=C, tol=TOLERANCE, max_iter=1000)
            model.fit(scaled[~held], labels[~held])
            judged = np.flatnonzero(held & np.isin(labels, known))
            found[judged] = 0
            if len(judged):
                found[np.ix_(judged, known)] = model.predict_proba(scaled[judged])
        logger.debug("Fold %d: %d images by a model of %d", fold, held.sum(), (~held).sum())
    return found
