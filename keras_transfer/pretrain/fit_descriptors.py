"""Teach a backbone from drawn pictures to tell their descriptors.

Runs under every Keras backend.
"""

from pathlib import Path
from typing import Any

import keras

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.weights.weight_conversion import save_half
from keras_transfer.pretrain.fit_epochs import (
    KeepState,
    compile_pretrainer,
    fit_epochs,
    quicken_statistics,
)
from keras_transfer.pretrain.picture_batches import PictureBatches


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
    quicken_statistics(backbone)
    classifier = build_model(row, backbone, 2, HeadConfig())  # for its preprocessing and pooling
    said = keras.layers.Dense(loss.size, dtype="float32", name="said")
    model = keras.Model(classifier.input, said(classifier.get_layer("pool").output))
    compile_pretrainer(model, loss, steps, learning_rate, weight_decay)
    return model


def fit_descriptors(
    model: keras.Model, batches: PictureBatches, epochs: int, folder: Path, name: str
) -> Path:
    """Train, or go on after the last whole epoch, and return the file of the backbone's weights.

    Args:
        model: What `build_pretrainer` returned.
        batches: Its pictures.
        epochs: Times that they are shown.
        folder: Gets the state, `history.csv` and the weights, float16.
        name: Name of the backbone, for the file.
    """
    keep = KeepState(folder, name, save_half)
    start = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: batches.start(epoch))
    return fit_epochs(model, lambda done: batches, len(batches), epochs, keep, callbacks=[start])
