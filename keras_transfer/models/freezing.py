"""What is locked: the freeze boundary, the frontiers where a network can be cut, and the tables.

A phase sets the boundary, then compiles: Keras only notices a changed `trainable` at `compile`.
"""

import math

import keras

from keras_transfer.models.low_rank import count_own

STATISTICS = ("moving_mean", "moving_variance", "mean", "variance", "count")  # of normalisation


def set_boundary(backbone: keras.Model, first_learning: int | None, batch_norm: str) -> None:
    """Lock the backbone's layers below the freeze boundary and unlock the others.

    A BatchNorm layer normalises by the batch and moves its statistics in training if and only if it
    is `trainable`. Calling the backbone with `training=False`, as the Keras guide does, would not
    hold the statistics: in `fit` Keras 3.15 replaces that argument by `training=True`. So "scale"
    locks the layer and unlocks its two vectors.

    Args:
        backbone: What `build_backbone` returned.
        first_learning: Index of the first layer that learns, in [0, number of layers]. None: the
            whole backbone is locked.
        batch_norm: What BatchNorm layers above the boundary do. frozen: keep everything. scale:
            learn scale and shift, keep statistics. adapt: statistics move too.

    References:
        BatchNorm and fine-tuning: https://keras.io/guides/transfer_learning/
    """
    if first_learning is None:
        first_learning = len(backbone.layers)
    backbone.trainable = True
    for index, layer in enumerate(backbone.layers):
        learns = index >= first_learning
        layer.trainable = not learns  # only what changes is passed on to the layers within
        layer.trainable = learns
        if batch_norm == "adapt":
            continue
        for part in layer._flatten_layers():  # with itself
            if isinstance(part, keras.layers.BatchNormalization):
                part.trainable = False
                for vector in part.weights:
                    if vector.name in ("gamma", "beta"):
                        vector.trainable = learns and batch_norm == "scale"


def list_weights(part: keras.layers.Layer) -> list[keras.Variable]:
    """Return the weights of a layer or a backbone that gradients move where they are not locked."""
    return [weight for weight in part.weights if weight.name not in STATISTICS]


def count_parameters(model: keras.Model) -> dict[str, int]:
    """Return how many numbers a model has, and how many learned in the last phase.

    Low-rank matrices learn, and are not among those that the model has: see `count_own`.
    """
    return {
        "total": count_own(model),
        "trainable": sum(math.prod(variable.shape) for variable in model.trainable_variables),
    }
