"""What a training shows of itself: a line an epoch, and how far it is."""

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import keras

from keras_transfer.run.history import MEASURED
from keras_transfer.system.logs import OF_EPOCH
from keras_transfer.system.signals import check_stopped
from keras_transfer.system.terminal.live_line import live_line
from keras_transfer.training.progress import training_progress

Batch = TypeVar("Batch")


logger = logging.getLogger(__name__)


class TellEpoch(keras.callbacks.Callback):
    """Log a line about the epoch, which is kept by now.

    Args:
        progress: Of the phase under way.
        epochs: Of the phase.
    """

    def __init__(self, progress: training_progress.Progress, epochs: int) -> None:
        super().__init__()
        self.progress, self.epochs = progress, epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Say how it went."""
        loss, accuracy, val_loss, val_accuracy = ((logs or {})[name] for name in MEASURED)
        seconds = float(self.progress.rows[-1][-1])
        logger.info(
            "%-8s epoch %2d/%d  loss %.4f val %.4f  accuracy %.3f val %.3f  %.1f s",  # 80 letters
            *(self.progress.phase, epoch + 1, self.epochs),
            *(loss, val_loss, accuracy, val_accuracy, seconds),
            extra=OF_EPOCH,
        )


class TellSteps(keras.callbacks.Callback):
    """Call a function after each step of training.

    Args:
        step: As `live_line` yields it.
    """

    def __init__(self, step: Callable[[], None]) -> None:
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move on by one step."""
        self.step()


@contextlib.contextmanager
def showing_phase(
    name: str, steps: int, batch_size: int, quiet: bool
) -> Iterator[keras.callbacks.Callback]:
    """Show how far a phase is, where somebody watches.

    Args:
        name: Of the phase.
        steps: Of the whole phase.
        batch_size: Examples of a step.
        quiet: Show nothing.

    Yields:
        The callback that moves it on.
    """
    with live_line(name, steps, batch_size, quiet) as step:
        yield TellSteps(step)


@contextlib.contextmanager
def showing_steps(
    batches: Iterable[Batch], name: str, steps: int, batch_size: int, quiet: bool
) -> Iterator[Iterator[Batch]]:
    """Yield the batches and show with each how far they are, where somebody watches."""
    with live_line(name, steps, batch_size, quiet) as step:
        yield _count(batches, step)


def _count(batches: Iterable[Batch], step: Callable[[], None]) -> Iterator[Batch]:
    for batch in batches:
        check_stopped()
        yield batch
        step()
