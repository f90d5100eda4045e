"""A live progress bar on terminals: epochs, images per second, time left."""

import sys
from typing import Any

import keras
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
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
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("steps  {task.fields[speed]} images/s "),
            TimeRemainingColumn(),
            transient=True,
        )

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Draw the empty bar."""
        self.task = self.progress.add_task(self.phase, total=self.steps, speed="…")
        self.progress.start()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Move on by one step."""
        self.progress.advance(self.task)
        if speed := self.progress.tasks[0].speed:
            self.progress.update(self.task, speed=f"{speed * self.batch_size:.0f}")

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Take the bar away."""
        self.progress.stop()


def shows_progress(quiet: bool) -> bool:
    """Return whether somebody watches: standard output is a terminal and not `quiet`."""
    return not quiet and sys.stdout.isatty()
