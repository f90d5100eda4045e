"""What an image of each class counts in training."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.config.lookup import suggest
from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.streams import map_batches
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.visible_text import show_name

MOST_NAMED = 100  # classes in a message

logger = logging.getLogger(__name__)


def balance_classes(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return a weight per class, (classes,) float32; over all images their mean is 1.

    They are n / (classes · images of the class), as scikit-learn's `class_weight="balanced"`.

    Args:
        labels: (n,) of int, every class at least once.
        classes: Number of classes.
    """
    counts = np.bincount(labels, minlength=classes)
    return (len(labels) / (classes * counts)).astype(np.float32)


def name_weights(given: Mapping[str, float], class_names: Sequence[str]) -> np.ndarray:
    """Return a weight per class, (classes,) float32; 1 where none is given.

    Args:
        given: The name of a class, or its index where no class has that name -> its weight.
        class_names: In index order.

    Raises:
        ConfigError: There is no such class; close names are listed.
    """
    weights = np.ones(len(class_names), np.float32)
    indices = {str(index): index for index in range(len(class_names))}
    indices |= {name: index for index, name in enumerate(class_names)}
    for name, weight in given.items():
        if name not in indices:
            raise ConfigError(
                f"`data.class_weight` must name classes, or their indices from 0 to "
                f"{len(class_names) - 1}. Received: {show_name(name)}. "
                f"{suggest(name, list(class_names)[:MOST_NAMED])}"
            )
        weights[indices[name]] = weight
    return weights


def tell_weights(config: DataConfig, class_names: Sequence[str]) -> None:
    """Log which class counts what, where the settings say so.

    Raises:
        ConfigError: They name another class.
    """
    if isinstance(config.class_weight, str):
        return
    pairs = zip(class_names, name_weights(config.class_weight, class_names), strict=True)
    said = [f"{show_name(name)} {weight:g}" for name, weight in pairs]
    logger.info("Class weights: %s", name_some(said, most=20))


def weigh_images(batches: tf.data.Dataset, weights: np.ndarray) -> tf.data.Dataset:
    """Add to each pair of images and one-hot labels the weights of the images, (batch,)."""

    def add(images: Any, labels: Any) -> tuple[Any, Any, Any]:
        return images, labels, tf.linalg.matvec(labels, weights)

    return map_batches(batches, add, in_turn=True)
