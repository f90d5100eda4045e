"""BatchNorm whose statistics follow the training images, for networks with random weights."""

import itertools
import logging
import math

import keras
import tensorflow as tf

from keras_transfer.data.pipeline import ImageData

logger = logging.getLogger(__name__)

# Keras' 0.99 and 0.999 need hundreds of steps to follow; a small set has 8 an epoch.
MOMENTUM = 0.9
STEPS = 50  # 0.9**50 leaves 0.5 % of the initial 0 and 1


def quicken_batch_norm(model: keras.Model) -> None:
    """Let moving statistics follow within about ten steps, in backbone and head."""
    for layer in (*model.layers, *model.get_layer("backbone").layers):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, MOMENTUM)


def estimate_statistics(model: keras.Model, data: ImageData) -> None:
    """Set the BatchNorm statistics of a random backbone to those of the training images.

    A locked BatchNorm layer keeps its statistics, and those of a random network are 0 and 1 for
    ever, whatever comes in. So they are measured once before the first phase, in 50 forward passes.

    Args:
        model: Its layer `backbone` is called with the `training` of the whole model.
        data: The training images.

    References:
        Ioffe and Szegedy 2015, Batch normalization.
    """
    backbone = model.get_layer("backbone")
    backbone.trainable = True
    strategy = tf.distribute.get_strategy()

    @tf.function(reduce_retracing=True)
    def forward(images: tf.Tensor) -> None:
        strategy.run(lambda batch: model(batch, training=True), args=(images,))

    passes = math.ceil(STEPS / data.steps)
    batches = data.training_batches("statistics", passes)
    for images, _ in itertools.islice(batches, STEPS):
        forward(images)
    logger.info("Random weights: BatchNorm statistics measured on %d training batches", STEPS)
