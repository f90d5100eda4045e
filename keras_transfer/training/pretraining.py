"""Teach a backbone the descriptors of pictures, in pieces that may be cut off anywhere.

Runs under every Keras backend.
"""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_transfer.config import HeadConfig
from keras_transfer.data.descriptors import DescriptorLoss
from keras_transfer.data.formula_batches import PictureBatches
from keras_transfer.models.backbones import Backbone
from keras_transfer.models.builder import build_backbone, build_model
from keras_transfer.models.weight_files import save_half

MEASURED = 32  # batches of which the spread of the descriptors is measured
WARMUP = 0.05  # share of the steps in which the learning rate climbs
# Keras' .99 and .999 are for runs of a million steps: statistics would trail behind the weights.
MOMENTUM = 0.97


def build_pretrainer(
    row: Backbone, batches: PictureBatches, epochs: int, learning_rate: float, weight_decay: float
) -> keras.Model:
    """Return a compiled network from pictures to their descriptors around the layer `"backbone"`.

    Args:
        row: The backbone's row.
        batches: Pictures; the spread of the descriptors is measured on the first of them.
        epochs: Times that they will be shown; the rate falls to zero over all of them.
        learning_rate: Peak rate.
        weight_decay: Decay relative to the rate; biases and normalisation are spared.
    """
    backbone = build_backbone(row, batches.side)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    classifier = build_model(row, backbone, 2, HeadConfig())  # for its preprocessing and pooling
    count = min(MEASURED, len(batches))
    loss = DescriptorLoss(np.concatenate([batches[index][1] for index in range(count)]))
    said = keras.layers.Dense(loss.size, dtype="float32", name="descriptors")
    model = keras.Model(classifier.input, said(classifier.get_layer("pool").output))
    steps = epochs * len(batches)
    rising = math.ceil(WARMUP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=steps - rising, warmup_target=learning_rate, warmup_steps=rising
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, loss)
    optimizer.build(
        model.trainable_variables
    )  # so that a state can be loaded before the first step
    return model


class KeepState(keras.callbacks.Callback):
    """After each epoch, write the state, the backbone's weights as float16, and a line of history.

    Args:
        state: File of all weights and of the optimizer.
        weights: File of the backbone's weights alone.
        history: CSV file; its columns are epoch and loss.
    """

    def __init__(self, state: Path, weights: Path, history: Path) -> None:
        super().__init__()
        self._state, self._weights, self._history = state, weights, history

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Write each file under another name and rename it; the state comes last of the two."""
        _replace(self._weights, lambda file: save_half(self.model.get_layer("backbone"), file))
        _replace(self._state, self.model.save_weights)
        with self._history.open("a") as stream:
            if stream.tell() == 0:
                stream.write("epoch,loss\n")
            stream.write(f"{epoch + 1},{logs['loss']:.5f}\n")


def _replace(file: Path, write: Callable[[Path], None]) -> None:
    unfinished = file.with_name(f"unfinished-{file.name}")
    write(unfinished)
    os.replace(unfinished, file)
