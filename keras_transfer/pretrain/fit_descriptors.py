"""Teach a backbone from drawn pictures; what is stopped goes on after its last whole epoch.

Runs under every Keras backend.
"""

import logging
import math
from pathlib import Path
from typing import Any

import keras

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.weights.weight_conversion import save_half
from keras_transfer.pretrain.picture_batches import PictureBatches
from keras_transfer.system.files.atomic_files import replacing

logger = logging.getLogger(__name__)

WARMUP = 0.05  # share of the steps in which the learning rate climbs
# Keras' .99 and .999 are for runs of a million steps: statistics would trail behind the weights.
MOMENTUM = 0.97


def build_pretrainer(
    row: Backbone, side: int, loss: Any, steps: int, learning_rate: float, weight_decay: float
) -> keras.Model:
    """Return a compiled network around the layer `"backbone"` that learns to satisfy a loss.

    Args:
        row: The backbone's row.
        side: Side of the pictures in pixels.
        loss: A Keras loss with the attribute `size`, how many numbers the network says.
        steps: Steps of the whole training, in which the rate climbs and then falls to zero.
        learning_rate: Peak rate of AdamW.
        weight_decay: Decay relative to the rate; biases and normalisation are spared.
    """
    backbone = build_backbone(row, side)
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    classifier = build_model(row, backbone, 2, HeadConfig())  # for its preprocessing and pooling
    said = keras.layers.Dense(loss.size, dtype="float32", name="said")
    model = keras.Model(classifier.input, said(classifier.get_layer("pool").output))
    rising = math.ceil(WARMUP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=steps - rising, warmup_target=learning_rate, warmup_steps=rising
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, loss)
    optimizer.build(model.trainable_variables)  # or no state could be loaded before a step
    return model


def fit_epochs(
    model: keras.Model, batches: PictureBatches, epochs: int, folder: Path, name: str
) -> Path:
    """Train, or go on after the last whole epoch, and return the file of the backbone's weights.

    Args:
        model: What `build_pretrainer` returned.
        batches: Its pictures.
        epochs: Times that they are shown.
        folder: Gets `state.weights.h5`, `history.csv` and the weights.
        name: Name of the backbone, for the file.
    """
    keep = KeepState(
        folder / "state.weights.h5", folder / f"{name}.weights.h5", folder / "history.csv"
    )
    done = 0
    if keep.state.exists():
        model.load_weights(keep.state)
        done = int(model.optimizer.iterations) // len(batches)
        logger.info("%d of %d epochs are done", done, epochs)
    start = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: batches.start(epoch))
    model.fit(
        batches,
        initial_epoch=done,
        epochs=epochs,
        callbacks=[start, keep],
        shuffle=False,  # the batches know their order; Keras' would differ after a stop
        verbose=2,
    )
    if not keep.weights.exists():  # all epochs were done, and the file was moved since
        keep.write_weights()
    return keep.weights


class KeepState(keras.callbacks.Callback):
    """After each epoch, write the state, the backbone's weights as float16, and a line of history.

    Args:
        state: File of all weights and of the optimizer.
        weights: File of the backbone's weights alone.
        history: CSV file; its columns are epoch and loss.
    """

    def __init__(self, state: Path, weights: Path, history: Path) -> None:
        super().__init__()
        self.state, self.weights, self._history = state, weights, history

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Write the weights, then the state, each whole or not at all."""
        self.write_weights()
        with replacing(self.state) as file:
            self.model.save_weights(file)
        with self._history.open("a") as stream:
            if stream.tell() == 0:
                stream.write("epoch,loss\n")
            stream.write(f"{epoch + 1},{logs['loss']:.5f}\n")

    def write_weights(self) -> None:
        """Write the backbone's weights as float16."""
        with replacing(self.weights) as file:
            save_half(self.model.get_layer("backbone"), file)
