"""What a training shows of itself: a line an epoch, and a live bar on terminals."""

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import keras
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from keras_transfer.run.history import MEASURED
from keras_transfer.system.signals import check_stopped
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
        measured = [(logs or {})[name] for name in MEASURED]
        seconds = float(self.progress.rows[-1][-1])
        logger.info(
            "%-8s epoch %2d/%d  loss %.4f  accuracy %.3f  val_loss %.4f  val_accuracy %.3f  %.1f s",
            *(self.progress.phase, epoch + 1, self.epochs, *measured, seconds),
        )


class ProgressBar(keras.callbacks.Callback):
    """Show one bar for a phase; it vanishes when the phase ends and shows nothing elsewhere.

    Args:
        phase: Name of the phase.
        steps: Steps of the whole phase.
        batch_size: Images per step, for images per second.
    """

    def __init__(self, phase: str, steps: int, batch_size: int) -> None:
        super().__init__()
        self.phase, self.steps, self.batch_size = phase, steps, batch_size
        self.progress = _draw_bar()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Draw the empty bar."""
        self.task = self.progress.add_task(self.phase, total=self.steps, speed="…")
        self.progress.start()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move on by one step."""
        self.progress.advance(self.task)
        if speed := self.progress.tasks[0].speed:
            self.progress.update(self.task, speed=f"{speed * self.batch_size:.0f}")

    def close(self) -> None:
        """Take the bar away, however the phase ended."""
        self.progress.stop()


def show_steps(
    batches: Iterable[Batch], name: str, steps: int, batch_size: int, quiet: bool
) -> Iterator[Batch]:
    """Yield the batches and move a bar on with each, where somebody watches."""
    if not shows_progress(quiet):
        for batch in batches:
            check_stopped()
            yield batch
        return
    with _draw_bar() as progress:
        task = progress.add_task(name, total=steps, speed="…")
        for batch in batches:
            check_stopped()
            yield batch
            progress.advance(task)
            if speed := progress.tasks[0].speed:
                progress.update(task, speed=f"{speed * batch_size:.0f}")


def _draw_bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("steps  {task.fields[speed]} images/s "),
        TimeRemainingColumn(),
        transient=True,
    )


def shows_progress(quiet: bool) -> bool:
    """Return whether somebody watches: standard output is a terminal and not `quiet`."""
    return not quiet and sys.stdout.isatty()
