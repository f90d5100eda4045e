"""What happens in an epoch, one job a class; `list_callbacks` puts them in their order."""

import logging
import math
import time
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_transfer.run.best_epoch import rank_epoch
from keras_transfer.run.history import MEASURED
from keras_transfer.system.signals import check_stopped
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.optimization.build_optimizer import list_averages
from keras_transfer.training.progress.training_progress import Progress
from keras_transfer.training.progress_display import TellEpoch

logger = logging.getLogger(__name__)

Logs = dict[str, Any]  # what Keras measured; one dict goes through all callbacks of an epoch


class LossNotFinite(Exception):
    """The loss of a phase is not a number any more."""


def list_callbacks(
    checkpoints: Checkpoints,
    rates: Sequence[float],
    validation: tf.data.Dataset,
    patience: int,
    plateau: int,
    given: Sequence[keras.callbacks.Callback] = (),
) -> list[keras.callbacks.Callback]:
    """Return what notes each epoch and ends a phase, in the order in which it must happen.

    Args:
        checkpoints: Get the state; their progress is that of the phase under way.
        rates: Learning rate of the last step of each epoch.
        validation: One pass over the validation examples; averages of the weights are tried on it.
        patience: Epochs to wait for a better validation result; 0 never stops.
        plateau: Epochs to wait for a lower validation loss; 0 never stops.
        given: Of the user; they may stop the phase before its state is kept.
    """
    progress, averages = checkpoints.progress, TryAverages(validation)
    return [
        GuardLoss(),
        averages,
        NoteEpoch(progress, rates),
        StopEarly(progress, patience, plateau),
        *given,
        KeepState(checkpoints, averages, len(rates)),
        TellEpoch(progress, len(rates)),
    ]


class GuardLoss(keras.callbacks.Callback):
    """End the training where there is a reason, before anything is written down."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Raise `Stopped` after a signal, `LossNotFinite` where the loss is not a number."""
        check_stopped()
        if not math.isfinite((logs or {})["loss"]):
            raise LossNotFinite

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Raise `LossNotFinite` for a validation loss: the last step moved the weights after it."""
        if not math.isfinite((logs or {})["val_loss"]):
            raise LossNotFinite


class TryAverages(keras.callbacks.Callback):
    """Try the averages of the weights on validation, and put their results in where better.

    Args:
        validation: One pass over the validation examples.

    References:
        Polyak and Juditsky 1992, Acceleration of stochastic approximation by averaging.
    """

    def __init__(self, validation: tf.data.Dataset) -> None:
        super().__init__()
        self.validation = validation
        self.better: list[tuple[Any, Any]] = []  # weights and averages, where those do better

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Evaluate the model with the averages in place of the weights, if there are any."""
        logs, self.better = logs if logs is not None else {}, []
        averages = list_averages(self.model.optimizer)
        if not averages:
            return
        weights = [weight.value.numpy() for weight, _ in averages]
        for weight, average in averages:
            weight.assign(average)
        found = self.model.evaluate(self.validation, verbose=0, return_dict=True)
        for (weight, _), value in zip(averages, weights, strict=True):
            weight.assign(value)
        results = {f"val_{name}": value for name, value in found.items()}
        if _rank(results) > _rank(logs):
            logs.update(results)
            self.better = averages


class NoteEpoch(keras.callbacks.Callback):
    """Add the epoch to the history.

    Args:
        progress: Of the phase under way.
        rates: Learning rate of the last step of each epoch.
    """

    def __init__(self, progress: Progress, rates: Sequence[float]) -> None:
        super().__init__()
        self.progress, self.rates, self.started = progress, rates, 0.0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the epoch's clock."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the row down, with the learning rate of the last step."""
        seconds, progress = time.perf_counter() - self.started, self.progress
        measured = [(logs or {})[name] for name in MEASURED]
        numbers = [f"{number:.6g}" for number in (self.rates[epoch], *measured)]
        progress.rows.append([progress.phase, str(epoch + 1), *numbers, f"{seconds:.3f}"])
        progress.epoch = epoch + 1


class StopEarly(keras.callbacks.Callback):
    """Note which epoch is to be kept so far, and stop where none has been better for long.

    Args:
        progress: Of the phase under way.
        patience: Epochs to wait for a better validation result; 0 never stops.
        plateau: Epochs to wait for a lower validation loss; 0 never stops.
    """

    def __init__(self, progress: Progress, patience: int, plateau: int) -> None:
        super().__init__()
        self.progress, self.patience, self.plateau = progress, patience, plateau
        self.waited = 0  # epochs, once it stops

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare the epoch, which the history has by now, with those before."""
        progress = self.progress
        history = progress.history()
        losses = history.val_loss[history.rows(progress.phase)]
        if history.best_epoch(progress.phase) - 1 == epoch:
            progress.best, progress.best_epoch = progress.number, epoch
        peak = history.peak_epoch(progress.phase) - 1
        since_best, since_lowest = epoch - peak, epoch - int(losses.argmin())
        for waited, limit in (since_best, self.patience), (since_lowest, self.plateau):
            if limit and waited >= limit:
                self.model.stop_training = True
                self.waited = self.waited or waited

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Say why there is no further epoch, now that the last one is kept and told."""
        if self.waited:
            logger.info("No better epoch in %d: the phase stops here", self.waited)


class KeepState(keras.callbacks.Callback):
    """Write down what the training can go on from.

    Args:
        checkpoints: Get the state.
        averages: Has the averages that do better than the weights.
        epochs: Of the phase.
    """

    def __init__(self, checkpoints: Checkpoints, averages: TryAverages, epochs: int) -> None:
        super().__init__()
        self.checkpoints, self.averages, self.epochs = checkpoints, averages, epochs

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Keep the epoch."""
        progress = self.checkpoints.progress
        progress.ended = self.model.stop_training or progress.epoch == self.epochs
        self.checkpoints.keep(self.model.optimizer, self.averages.better)


def _rank(results: Logs) -> tuple[float, float]:
    """Return the rank of validation results, rounded as in history.csv."""
    accuracy, loss = (float(f"{results[name]:.6g}") for name in ("val_accuracy", "val_loss"))
    return rank_epoch(accuracy, loss)
