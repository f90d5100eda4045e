"""Teach a network by one loss; what is stopped goes on after its last whole epoch.

Runs under every Keras backend.
"""

import csv
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from keras_transfer.config.messages import count_of
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing, write_table

logger = logging.getLogger(__name__)

WARMUP = 0.05  # share of the steps in which the learning rate climbs
# Keras' .99 and .999 are for runs of a million steps: statistics would trail behind the weights.
MOMENTUM = 0.97


def quicken_statistics(backbone: keras.Model) -> None:
    """Have the statistics of BatchNorm follow a short training."""
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM


def compile_pretrainer(
    model: keras.Model, loss: Any, steps: int, learning_rate: float, weight_decay: float
) -> None:
    """Compile with AdamW and a rate that climbs, then falls to zero like a cosine.

    Args:
        model: Whose layers are locked or not already.
        loss: A Keras loss.
        steps: Of the whole training.
        learning_rate: Peak rate.
        weight_decay: Decay relative to the rate; biases and normalisation are spared.
    """
    rising = math.ceil(WARMUP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=steps - rising, warmup_target=learning_rate, warmup_steps=rising
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    model.compile(optimizer, loss)
    optimizer.build(model.trainable_variables)  # or no state could be loaded before a step


def fit_epochs(
    model: keras.Model,
    open_batches: Callable[[int], Any],
    steps: int,
    epochs: int,
    keep: "KeepState",
    **fitting: Any,
) -> Path:
    """Train, or go on after the last whole epoch, and return the file of the backbone's weights.

    Args:
        model: What `compile_pretrainer` compiled, with a layer `"backbone"`.
        open_batches: From the number of epochs that are done to the data of the others.
        steps: Of an epoch.
        epochs: Of the whole training.
        keep: Leaves what this goes on from.
        **fitting: More for `fit`.
    """
    done = 0
    if keep.state.exists():
        model.load_weights(keep.state)
        done = int(model.optimizer.iterations) // steps
        logger.info("%d of %s are done", done, count_of(epochs, "epoch"))
    else:
        parts = count_of(epochs, "epoch"), count_of(steps, "step")
        logger.info("%s of %s. Stopped, the same command goes on after the last whole one", *parts)
    callbacks = [*fitting.pop("callbacks", ()), keep]
    keep.set_model(model)
    if done < epochs:
        model.fit(
            open_batches(done),
            initial_epoch=done,
            epochs=epochs,
            callbacks=callbacks,
            shuffle=False,  # the batches know their order; Keras' would differ after a stop
            verbose=0,  # `KeepState` says it
            **fitting,
        )
    if not keep.weights.exists():  # all epochs were done, and the file was moved since
        keep.write_weights()
    return keep.weights


class KeepState(keras.callbacks.Callback):
    """After each epoch, write the backbone's weights, a line of history, and the state.

    Args:
        folder: Gets the files.
        name: Name of the backbone, for the file of its weights.
        write: Writes the weights of a network to a file.
    """

    def __init__(self, folder: Path, name: str, write: Callable[[keras.Model, Path], None]) -> None:
        super().__init__()
        self.state, self.history = folder / "state.weights.h5", folder / "history.csv"
        """File of all weights and of the optimizer; CSV file of epoch and loss."""
        self.weights = folder / f"{name}.weights.h5"
        """File of the backbone's weights alone."""
        self._write, self._begun = write, time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Note the time."""
        self._begun = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any]) -> None:
        """Write each file whole or not at all, the state last: what is done is done.

        Raises:
            ConfigError: The loss is no number; what earlier epochs left stays.
        """
        if not math.isfinite(logs["loss"]):
            raise ConfigError(
                f"The loss must be a number. Received: {logs['loss']} in epoch {epoch + 1}. Choose "
                "another --output and a lower --learning_rate."
            )
        self.write_weights()
        rows = [(number, loss) for number, loss in self.read_losses() if number <= epoch]
        lines = [(number, f"{loss:.5f}") for number, loss in [*rows, (epoch + 1, logs["loss"])]]
        write_table(self.history, ("epoch", "loss"), lines)
        with replacing(self.state) as file:
            self.model.save_weights(file)
        seconds = time.monotonic() - self._begun
        epochs = self.params["epochs"]
        logger.info("Epoch %d of %d: loss %.4f, %.0f s", epoch + 1, epochs, logs["loss"], seconds)

    def read_losses(self) -> list[tuple[int, float]]:
        """Return the epochs that were written, from 1, and the mean loss of each."""
        if not self.history.exists():
            return []
        with self.history.open(newline="") as stream:
            return [(int(row["epoch"]), float(row["loss"])) for row in csv.DictReader(stream)]

    def write_weights(self) -> None:
        """Write the backbone's weights."""
        with replacing(self.weights) as file:
            self._write(self.model.get_layer("backbone"), file)
