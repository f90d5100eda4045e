"""Where the package's log lines go: train.log and standard output, or standard error."""

import contextlib
import copy
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from keras_transfer.system.standard_streams import OutputError
from keras_transfer.system.terminal import notebook
from keras_transfer.system.terminal.visible_text import show

# What `extra` says of lines that are for a log and a terminal. A notebook has one line for all
# epochs, and what has a file of its own is not shown there.
OF_EPOCH, DETAIL = {"notebook": "note"}, {"notebook": "nothing"}


@contextlib.contextmanager
def without_warnings() -> Iterator[None]:
    """Log nothing of the package below errors: it was said before."""
    package = logging.getLogger("keras_transfer")
    level = package.level
    package.setLevel(logging.ERROR)
    try:
        yield
    finally:
        package.setLevel(level)


@contextlib.contextmanager
def logging_to(file: Path, quiet: bool) -> Iterator[None]:
    """Append the lines to a file and print them; if `quiet`, warnings only, to standard error.

    Raises:
        OSError: The file cannot be opened.
    """
    package = logging.getLogger("keras_transfer")
    handlers: list[logging.Handler] = [_LogFile(file, encoding="utf-8")]
    handlers.append(_Screen(sys.stderr if quiet else sys.stdout))
    handlers[1].setLevel(logging.WARNING if quiet else logging.INFO)
    level, propagate = package.level, package.propagate
    package.setLevel(logging.INFO)
    package.propagate = False  # or a notebook's root handler prints every line again
    for handler in handlers:
        handler.setFormatter(_Lines())
        package.addHandler(handler)
    try:
        with notebook.new_block():
            yield
    finally:
        package.setLevel(level)
        package.propagate = propagate
        for handler in handlers:
            package.removeHandler(handler)
        with contextlib.suppress(OSError):  # what it holds back does not fit on the disk
            handlers[0].close()


def print_logs(level: int = logging.INFO) -> None:
    """Print log lines to standard error, for commands that have no run to log to."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines())
    logging.basicConfig(level=level, handlers=[handler])


class _Lines(logging.Formatter):
    """Plain lines, in which every letter can be seen; warnings and errors say that they are.

    Only a message that is nothing but its argument, such as a table, may have several lines: a
    name with a line break in it could pretend to be a line of ours.
    """

    def format(self, record: logging.LogRecord) -> str:
        if record.msg != "%s" and isinstance(record.args, tuple):
            record = copy.copy(record)
            record.args = tuple(map(_show_argument, record.args or ()))
        text = show(super().format(record), keep="\n")
        return f"{record.levelname}: {text}" if record.levelno >= logging.WARNING else text


def _show_argument(argument: Any) -> Any:
    return show(str(argument)) if isinstance(argument, str | Path | Exception) else argument


class _LogFile(logging.FileHandler):
    """A log that goes without the lines a full disk refuses: whoever writes next says so."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)


class _Screen(logging.StreamHandler[TextIO]):
    """Standard output, until whoever reads it (`| head`) has enough; train.log goes on.

    Where it cannot be written for another reason, the command says so when it ends.
    """

    def emit(self, record: logging.LogRecord) -> None:
        place = getattr(record, "notebook", None) if notebook.is_notebook() else None
        if place is None:
            super().emit(record)
        elif place == "note":
            notebook.current_block().note = self.format(record)

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, BrokenPipeError | OutputError):
            self.setLevel(logging.CRITICAL + 1)
        if isinstance(error, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
        elif not isinstance(error, OutputError):
            super().handleError(record)
