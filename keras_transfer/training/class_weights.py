"""Training in which every class counts the same, however many images it has."""

from typing import Any

import numpy as np
import tensorflow as tf


def balance_classes(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return a weight per class, (classes,) float32; over all images their mean is 1.

    They are n / (classes · images of the class), as scikit-learn's `class_weight="balanced"`.

    Args:
        labels: (n,) of int, every class at least once.
        classes: Number of classes.
    """
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * counts)).astype(np.float32)


def weigh_images(batches: tf.data.Dataset, weights: np.ndarray) -> tf.data.Dataset:
    """Add to each pair of images and one-hot labels the weights of the images, (batch,)."""

    def add(images: Any, labels: Any) -> tuple[Any, Any, Any]:
        return images, labels, tf.linalg.matvec(labels, weights)

    return batches.map(add)
