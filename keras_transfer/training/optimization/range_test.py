"""The learning-rate range test: train a little at growing rates and see where the loss falls."""

import dataclasses
import logging
import math
from typing import Any

import keras
import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.data.training_data import Batches
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_table
from keras_transfer.system.signals import check_stopped
from keras_transfer.training.class_weights import weigh_images
from keras_transfer.training.optimization.build_optimizer import build_optimizer

logger = logging.getLogger(__name__)

RATES = np.geomspace(1e-5, 1.0, 100)  # one a step
SMOOTH = 0.9  # of the loss, over the steps
WINDOW = 10  # steps over which the fall of the loss is looked at
FALL = 0.2  # of the loss, below which a fall may be chance
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
    part: keras.Model,
    data: Batches,
    config: OptimizerConfig,
    run: Run,
    loss: keras.Loss,
    class_weights: np.ndarray | None = None,
) -> float:
    """Return the learning rate to begin with, after a test that leaves `part` changed.

    Args:
        part: What is to be trained, its flags set; compiled anew.
        data: Training batches for it.
        config: The optimizer; its schedule and accumulation are not used.
        run: Gets range_test.csv.
        loss: Of the training.
        class_weights: (classes,) what an image of each class counts; None: 1.

    References:
        Smith 2017, Cyclical learning rates for training neural networks (the test).
    """
    losses = _try_rates(part, data, config, loss, class_weights)
    rates, smooth = RATES[: len(losses)], smooth_losses(losses)
    rows = zip(rates, losses, smooth, strict=True)
    write_table(run.range_test_file, COLUMNS, [[f"{cell:.6g}" for cell in row] for row in rows])
    found = suggest_rate(rates, smooth)
    if found is not None:
        logger.info("Range test over %s: learning rate %g", count_of(len(rates), "step"), found)
        return found
    usual = float(FrozenConfig().learning_rate)
    logger.warning(
        "The loss did not fall by %.0f %% at any rate of the range test, so it finds none: the "
        "default, %g, is taken",
        *(100 * FALL, usual),
    )
    return usual


def suggest_rate(rates: np.ndarray, losses: np.ndarray) -> float | None:
    """Return the rate at which the loss falls fastest, in two digits; None: it does not fall.

    Args:
        rates: (steps,) growing by the same factor from step to step.
        losses: (steps,) of the steps, from `smooth_losses`.
    """
    end = int(np.nanargmin(np.append(losses, np.inf))) + 1
    first = WINDOW - 1  # before it a smooth loss is of a few batches only
    if end <= first + WINDOW or losses[end - 1] > (1 - FALL) * losses[first]:
        return None
    falls = losses[first + WINDOW : end] - losses[first : end - WINDOW]
    # the middle of the window is five steps on, and smoothing shows a fall five steps late
    return float(f"{rates[first + int(falls.argmin())]:.2g}")


def smooth_losses(losses: list[float]) -> np.ndarray:
    """Return the losses averaged over about ten steps back, without a bias to the first ones."""
    found, mean = [], 0.0
    for step, loss in enumerate(losses, start=1):
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        found.append(mean / (1 - SMOOTH**step))
    return np.array(found)


def _try_rates(
    part: keras.Model,
    data: Batches,
    config: OptimizerConfig,
    loss: keras.Loss,
    class_weights: np.ndarray | None,
) -> list[float]:
    """Train for as many steps as there are rates, or until the loss explodes; return the losses."""
    config = dataclasses.replace(config, accumulate=1)  # each step is to try a rate
    part.compile(optimizer=build_optimizer(config, RATES), loss=loss)
    epochs, log = math.ceil(len(RATES) / data.steps), LossLog()
    batches = data.training_batches("range test", epochs)
    part.fit(
        batches if class_weights is None else weigh_images(batches, class_weights),
        epochs=epochs,
        steps_per_epoch=data.steps,
        shuffle=False,
        callbacks=[log],
        verbose=0,
    )
    return log.losses
