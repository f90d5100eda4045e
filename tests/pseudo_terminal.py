"""A terminal of its own for a command, and what a person sees there when it has ended.

As a script it records one: `python tests/pseudo_terminal.py FILE COLUMNS COMMAND …`.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

ROWS, HISTORY = 24, 5000


class Terminal:
    """The screen and the scrollback of a command under way.

    Args:
        columns: Of the terminal; it has 24 lines.
    """

    def __init__(self, columns: int) -> None:
        self.screen = pyte.HistoryScreen(columns, ROWS, history=HISTORY)
        self.raw = b""
        self.stream = pyte.ByteStream(self.screen)
        self.code: int | None = None

    @property
    def lines(self) -> list[str]:
        """What stands in the scrollback and on the screen, without blank lines at the end."""
        above = ["".join(line[x].data for x in range(self.screen.columns)) for line in self.above]
        found = [line.rstrip() for line in [*above, *self.screen.display]]
        while found and not found[-1]:
            found.pop()
        return found

    @property
    def above(self) -> list:
        return list(self.screen.history.top)

    @property
    def colours(self) -> set[tuple[str, str]]:
        """Foreground and background of the letters that are left."""
        buffer = [self.screen.buffer[y] for y in range(ROWS)]
        cells = [line[x] for line in [*self.above, *buffer] for x in range(self.screen.columns)]
        return {(cell.fg, cell.bg) for cell in cells if cell.data.strip()}

    @property
    def shows_cursor(self) -> bool:
        return not self.screen.cursor.hidden

    def feed(self, data: bytes) -> None:
        self.raw += data
        self.stream.feed(data)


def run_in_terminal(
    words: Sequence[str],
    columns: int = 80,
    env: Mapping[str, str] | None = None,
    watch: Callable[[Terminal, int], None] | None = None,
    seconds: float = 600,
) -> Terminal:
    """Run a command in a terminal; `watch` gets it, and the process' id, after each output.

    Raises:
        TimeoutError: It took too long.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, columns, 0, 0))
    variables = {**os.environ, "TERM": "xterm-256color", **(env or {})}
    for name in {"COLUMNS", "LINES", "JPY_PARENT_PID", "NO_COLOR", "FORCE_COLOR"} - {*(env or {})}:
        variables.pop(name, None)
    terminal, end = Terminal(columns), time.monotonic() + seconds
    process = subprocess.Popen(
        words,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=variables,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(theirs)
    try:
        while _read(ours, terminal):
            if watch:
                watch(terminal, process.pid)
            if time.monotonic() > end:
                raise TimeoutError("\n".join(terminal.lines))
    finally:
        if process.poll() is None and time.monotonic() > end:
            process.kill()
        os.close(ours)
        terminal.code = process.wait()
    return terminal


def _take_terminal() -> None:
    """Make the terminal that of the new process, which obeys signals even if we ignore them."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGHUP):  # nohup and background jobs ignore them
        signal.signal(number, signal.SIG_DFL)


def _read(descriptor: int, terminal: Terminal) -> bool:
    """Feed what has come within a second; return whether more may come."""
    if not select.select([descriptor], [], [], 1)[0]:
        return True
    try:
        data = os.read(descriptor, 65536)
    except OSError:  # how Linux says that nobody has it open any more
        return False
    terminal.feed(data)
    return bool(data)


if __name__ == "__main__":
    file, width, *command = sys.argv[1:]
    found = run_in_terminal(command, int(width))
    Path(file).write_text("\n".join(found.lines) + "\n", "utf-8")
    Path(file).with_suffix(".raw").write_bytes(found.raw)
    sys.exit(found.code)
