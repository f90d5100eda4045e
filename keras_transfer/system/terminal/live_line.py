"""One line that shows how far something is: on a terminal a bar, in a notebook an element.

On a terminal it stands below what is printed meanwhile, and nothing of it is left.
"""

import contextlib
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO

from keras_transfer.system.terminal import notebook

if TYPE_CHECKING:
    import rich.console

SETTLED = 1.0  # seconds after which a speed says something


class Pace:
    """How far something is, how fast, and how long it will take.

    Args:
        steps: Of all of it.
        size: Examples of each step.
    """

    def __init__(self, steps: int, size: int) -> None:
        self.steps, self.size, self.done = steps, size, 0
        self.begin = self.now = 0.0

    def step(self) -> None:
        """Count a step; the first one, which compiles, says nothing about the speed."""
        self.done += 1
        self.now = time.monotonic()
        self.begin = self.begin or self.now

    def __str__(self) -> str:
        """Return it in words: "14/140 steps  348 examples/s  0:12 left"."""
        said = f"{self.done:>{len(str(self.steps))}}/{self.steps} steps"
        seconds = self.now - self.begin
        if seconds < SETTLED:
            return said
        rate = (self.done - 1) / seconds
        minutes, left = divmod(round((self.steps - self.done) / rate), 60)
        return (
            f"{said}  {rate * self.size:,.{0 if rate * self.size >= 10 else 1}f} examples/s"
            f"  {minutes}:{left:02d} left"
        )


@contextlib.contextmanager
def live_line(name: str, steps: int, size: int, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show a line as long as the context lasts, where somebody watches and not `quiet`.

    Args:
        name: Of what is done.
        steps: Of all of it.
        size: Examples of each step.
        quiet: Show nothing.

    Yields:
        A function to call after each step.
    """
    pace = Pace(steps, size)
    if quiet:
        yield pace.step
    elif notebook.is_notebook():
        yield from _show_in_notebook(name, pace)
    elif sys.stdout.isatty() and _moves_cursor():
        yield from _show_on_terminal(name, pace)
    else:
        yield pace.step


def _moves_cursor() -> bool:
    """Return whether the terminal can change a line; the one behind `!` in a notebook cannot."""
    environ = os.environ
    return environ.get("TERM") not in ("dumb", "unknown") and "JPY_PARENT_PID" not in environ


def _show_in_notebook(name: str, pace: Pace) -> Iterator[Callable[[], None]]:
    block = notebook.current_block()

    def step() -> None:
        pace.step()
        block.draw(f"{name}  {pace}", pace.done / pace.steps)

    block.draw(name, 0)
    try:
        yield step
    finally:
        block.close_line()


def _show_on_terminal(name: str, pace: Pace) -> Iterator[Callable[[], None]]:
    import rich.progress

    progress = rich.progress.Progress(
        rich.progress.TextColumn("{task.description}", markup=False),
        rich.progress.BarColumn(bar_width=None),  # what room there is
        rich.progress.TextColumn("{task.fields[pace]}", markup=False),
        console=_make_console(),
        transient=True,
        refresh_per_second=5,
        redirect_stderr=sys.stderr.isatty(),  # else it is a file, which is to hold it
    )
    task = progress.add_task(name, total=pace.steps, pace=pace)

    def step() -> None:
        pace.step()
        progress.advance(task)

    former = sys.stdout, sys.stderr
    with progress:
        now = sys.stdout, sys.stderr
        _move_logs(former, now)
        try:
            yield step
        finally:
            _move_logs(now, former)


def _make_console() -> "rich.console.Console":
    """Return a console that writes plain text, which can be read on any colour, line by line."""
    import rich.console

    class Console(rich.console.Console):
        def show_cursor(self, show: bool = True) -> bool:
            return False  # it stays: a process that is killed could not bring it back

    return Console(
        color_system=None,
        soft_wrap=True,  # a line that is printed stays one, also if it is longer than the terminal
        markup=False,
        emoji=False,
        highlight=False,
        force_jupyter=False,
    )


def _move_logs(former: Sequence[TextIO], now: Sequence[TextIO]) -> None:
    """Have every log that writes to some streams write to others.

    rich puts streams of its own in the place of standard output and standard error while a bar is
    shown; what is written to those of before would stand in the bar.
    """
    for logger in [logging.root, *logging.root.manager.loggerDict.values()]:
        for handler in getattr(logger, "handlers", ()):
            for old, new in zip(former, now, strict=True):
                if vars(handler).get("stream") is old:
                    handler.stream = new
