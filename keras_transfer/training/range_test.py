"""The learning-rate range test: train a little at growing rates and see where the loss falls."""

import logging
import math
from typing import Any

import keras
import numpy as np

from keras_transfer.config import OptimizerConfig
from keras_transfer.data.pipeline import ImageData
from keras_transfer.run import Run
from keras_transfer.stopping import check_stopped
from keras_transfer.training.frozen_cache import ActivationData
from keras_transfer.training.optimizers import build_optimizer

logger = logging.getLogger(__name__)

RATES = np.geomspace(1e-5, 1.0, 100)  # one a step
SMOOTH = 0.9  # of the loss, over the steps
WINDOW = 10  # steps over which the fall of the loss is looked at
WORSE = 4.0  # times the lowest loss, where the test ends
COLUMNS = ("learning_rate", "loss", "smooth_loss")


class LossLog(keras.callbacks.Callback):
    """Note the loss of each batch, not the mean since the epoch began; end where it explodes."""

    def __init__(self) -> None:
        super().__init__()
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Forget the batches before."""
        self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Note the loss; after a signal raise `Stopped`."""
        check_stopped()
        self.losses.append((logs or {})["loss"])
        smooth = smooth_losses(self.losses)
        if not smooth[-1] < WORSE * smooth.min() or len(self.losses) == len(RATES):
            self.model.stop_training = True


def find_rate(
    part: keras.Model, data: ImageData | ActivationData, config: OptimizerConfig, run: Run
) -> float:
    """Return the learning rate to begin with, after a test that leaves `part` changed.

    Args:
        part: What is to be trained, its flags set; compiled anew.
        data: Training batches for it.
        config: The optimizer; its schedule is not used.
        run: Gets range_test.csv.

    References:
        Smith 2017, Cyclical learning rates for training neural networks (the test).
    """
    part.compile(
        optimizer=build_optimizer(config, RATES),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing),
    )
    epochs, log = math.ceil(len(RATES) / data.steps), LossLog()
    part.fit(
        data.training_batches("range test", epochs),
        epochs=epochs,
        steps_per_epoch=data.steps,
        shuffle=False,
        callbacks=[log],
        verbose=0,
    )
    rates, smooth = RATES[: len(log.losses)], smooth_losses(log.losses)
    rows = zip(rates, log.losses, smooth, strict=True)
    run.write_table(run.range_test_file, COLUMNS, [[f"{cell:.6g}" for cell in row] for row in rows])
    rate = suggest_rate(rates, smooth)
    logger.info("Range test over %d steps: learning rate %g", len(rates), rate)
    return rate


def suggest_rate(rates: np.ndarray, losses: np.ndarray) -> float:
    """Return the rate at which the loss falls fastest, in two digits.

    Args:
        rates: (steps,) growing by the same factor from step to step.
        losses: (steps,) of the steps, smooth.
    """
    end = int(np.nanargmin(np.append(losses, np.inf))) + 1
    if end <= WINDOW:  # it never fell
        return float(f"{rates[0]:.2g}")
    falls = losses[WINDOW:end] - losses[: end - WINDOW]
    return float(f"{rates[int(falls.argmin()) + WINDOW // 2]:.2g}")


def smooth_losses(losses: list[float]) -> np.ndarray:
    """Return the losses averaged over about ten steps back, without a bias to the first ones."""
    found, mean = [], 0.0
    for step, loss in enumerate(losses, start=1):
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        found.append(mean / (1 - SMOOTH**step))
    return np.array(found)
