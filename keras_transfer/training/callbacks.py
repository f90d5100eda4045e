"""What happens in an epoch: a signal or a loss that is no number ends it; its end is noted."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_transfer.run.best_epoch import rank_epoch
from keras_transfer.run.history import MEASURED
from keras_transfer.system.signals import check_stopped
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.optimization.optimizers import list_averages

logger = logging.getLogger(__name__)


class LossNotFinite(Exception):
    """The loss of a phase is not a number any more."""


class StepGuard(keras.callbacks.Callback):
    """End the training between two steps where there is a reason."""

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Raise `Stopped` after a signal, `LossNotFinite` where the loss is not a number."""
        check_stopped()
        if not math.isfinite((logs or {})["loss"]):
            raise LossNotFinite


class EpochKeeper(keras.callbacks.Callback):
    """Note each epoch: history, the best one so far, early stopping, the state to go on from.

    Args:
        checkpoints: Gets the state; its progress is that of the phase under way.
        rates: Learning rate of the last step of each epoch.
        validation: One pass over the validation images; averages of the weights are tried on it.
        patience: Epochs to wait for a better validation result; 0 never stops.
        plateau: Epochs to wait for a lower validation loss; 0 never stops.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        rates: Sequence[float],
        validation: tf.data.Dataset,
        patience: int,
        plateau: int,
    ) -> None:
        super().__init__()
        self.checkpoints, self.rates, self.validation = checkpoints, rates, validation
        self.patience, self.plateau = patience, plateau
        self.started, self.waited = 0.0, 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the epoch's clock."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch down, with the learning rate of its last step.

        Raises:
            LossNotFinite: The validation loss is no number; nothing is written.
        """
        logs, progress = logs or {}, self.checkpoints.progress
        if not math.isfinite(logs["val_loss"]):  # the last step moved the weights after its loss
            raise LossNotFinite
        averages = self._try_averages(logs)
        seconds = time.perf_counter() - self.started
        measured = [logs[name] for name in MEASURED]
        numbers = [f"{number:.6g}" for number in (self.rates[epoch], *measured)]
        progress.rows.append([progress.phase, str(epoch + 1), *numbers, f"{seconds:.3f}"])
        progress.epoch = epoch + 1
        self._rank(epoch)
        progress.ended = self.model.stop_training or progress.epoch == len(self.rates)
        self.checkpoints.keep(self.model.optimizer, averages)
        logger.info(
            "%-8s epoch %2d/%d  loss %.4f  accuracy %.3f  val_loss %.4f  val_accuracy %.3f  %.1f s",
            *(progress.phase, epoch + 1, len(self.rates), *measured, seconds),
        )
        if self.model.stop_training:
            logger.info("No better epoch in %d: the phase stops here", self.waited)

    def _try_averages(self, logs: dict[str, Any]) -> list[tuple[Any, Any]]:
        """Return the averages of the weights if they do better, and put their results into `logs`.

        References:
            Polyak and Juditsky 1992, Acceleration of stochastic approximation by averaging.
        """
        averages = list_averages(self.model.optimizer)
        if not averages:
            return []
        weights = [weight.value.numpy() for weight, _ in averages]
        for weight, average in averages:
            weight.assign(average)
        found = self.model.evaluate(self.validation, verbose=0, return_dict=True)
        for (weight, _), value in zip(averages, weights, strict=True):
            weight.assign(value)
        results = {f"val_{name}": value for name, value in found.items()}
        if not rank_results(results) > rank_results(logs):
            return []
        logs.update(results)
        return averages

    def _rank(self, epoch: int) -> None:
        """Compare this epoch with the best one so far."""
        progress = self.checkpoints.progress
        history = progress.history()
        rows = history.rows(progress.phase)
        best, losses = history.best_epoch(progress.phase) - 1, history.val_loss[rows]
        if best == epoch:
            progress.best, progress.best_epoch = progress.number, epoch
        since_best, since_lowest = epoch - best, epoch - int(losses.argmin())
        for waited, limit in (since_best, self.patience), (since_lowest, self.plateau):
            if limit and waited >= limit:
                self.model.stop_training, self.waited = True, waited


def rank_results(results: Mapping[str, float]) -> tuple[float, float]:
    """Return the rank of validation results, `val_accuracy` and `val_loss`.

    They are rounded as in history.csv: whoever reads the file finds the same best epoch.
    """
    accuracy, loss = (float(f"{results[name]:.6g}") for name in ("val_accuracy", "val_loss"))
    return rank_epoch(accuracy, loss)
