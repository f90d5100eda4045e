"""A live progress bar on terminals: epochs, images per second, time left."""

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

from keras_transfer.system.signals import check_stopped

Batch = TypeVar("Batch")


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
