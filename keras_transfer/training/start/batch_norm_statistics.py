"""BatchNorm whose statistics follow the training images, where the weights know no photograph."""

import itertools
import logging
import math

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


def estimate_statistics(model: keras.Model, data: TrainingData) -> None:
    """Set the BatchNorm statistics of a backbone to those of the training images.

    A locked BatchNorm layer keeps its statistics. Those of a random network are 0 and 1, those of
    bundled weights are of drawn pictures. So they are measured once before the first phase, in
    forward passes of about 256 images in which each layer normalises by its batch.

    Args:
        model: Its layer `backbone` is called with the `training` of the whole model.
        data: The training images.

    References:
        Ioffe and Szegedy 2015, Batch normalization.
    """
    backbone = model.get_layer("backbone")
    backbone.trainable = True
    layers = [x for x in backbone.layers if isinstance(x, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0  # its statistics are those of the last batch
    strategy = tf.distribute.get_strategy()

    @tf.function(reduce_retracing=True, autograph=False)
    def forward(images: tf.Tensor) -> None:
        strategy.run(lambda batch: model(batch, training=True), args=(images,))

    steps = math.ceil(IMAGES / data.batch_size)
    # of images as they are to be recognised: mixed or erased ones have other statistics
    data = data.as_recognised()
    batches = data.training_batches("statistics", math.ceil(steps / data.steps))
    means, variances, weights = [], [], []
    for images, _ in itertools.islice(batches, steps):
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
        layer.momentum = momenta[index]
    logger.info("BatchNorm statistics measured on %d training batches", len(means))
