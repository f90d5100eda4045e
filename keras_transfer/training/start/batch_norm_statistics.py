"""BatchNorm whose statistics follow the training images, where the weights know no photograph."""

import itertools
import logging
import math
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.data.training_data import TrainingData

logger = logging.getLogger(__name__)

# Keras' 0.99 and 0.999 need hundreds of steps to follow; a small set has 8 an epoch.
MOMENTUM = 0.9
IMAGES = 256  # a mean over these is within 1/16 of a standard deviation of the true one


def quicken_batch_norm(model: keras.Model) -> None:
    """Let moving statistics follow within about ten steps, in backbone and head."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, MOMENTUM)


def begin_statistics(model: keras.Model, data: TrainingData) -> None:
    """Set the BatchNorm statistics of a backbone to those of about 256 training images.

    Args:
        model: Its layer `backbone` is called with the `training` of the whole model.
        data: The training images.
    """
    steps = math.ceil(IMAGES / data.batch_size)
    # of images as they are to be recognised: mixed or erased ones have other statistics
    data = data.as_recognised()
    batches = data.training_batches("statistics", math.ceil(steps / data.steps))
    layers = model.get_layer("backbone").layers
    estimate_statistics(model, itertools.islice(batches, steps), layers)


def estimate_statistics(
    model: keras.Model, batches: Iterable[Any], layers: Iterable[keras.layers.Layer]
) -> None:
    """Set BatchNorm statistics to those of some images.

    A locked BatchNorm layer keeps its statistics. Those of a random network are 0 and 1, those of
    bundled weights are of drawn pictures, those of another domain are that one's. So they are
    measured in forward passes in which each layer normalises by its batch.

    Args:
        model: Called with its `training`.
        batches: Images first in each.
        layers: Of the model; those that are BatchNorm count.

    References:
        Ioffe and Szegedy 2015, Batch normalization.
    """
    layers = [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
    found = [(layer.momentum, layer.trainable) for layer in layers]
    for layer in layers:
        layer.trainable = True  # a locked one would normalise by its statistics
        layer.momentum = 0.0  # its statistics are those of the last batch
    strategy = tf.distribute.get_strategy()

    @tf.function(reduce_retracing=True, autograph=False)
    def forward(images: tf.Tensor) -> None:
        strategy.run(lambda batch: model(batch, training=True), args=(images,))

    means, variances, weights = [], [], []
    for images, *_ in batches:
        forward(images)
        weights.append(len(images))
        means.append([np.array(layer.moving_mean) for layer in layers])
        variances.append([np.array(layer.moving_variance) for layer in layers])
    for index, layer in enumerate(layers):
        each = np.stack([batch[index] for batch in means])
        mean = np.average(each, axis=0, weights=weights)
        # the law of total variance: within the batches, and between them
        within = np.stack([batch[index] for batch in variances])
        variance = np.average(within + (each - mean) ** 2, axis=0, weights=weights)
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)
        layer.momentum, layer.trainable = found[index]
    logger.info("BatchNorm statistics measured on %d batches", len(means))
