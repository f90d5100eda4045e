"""Standard input, output and errors: closed ones are mended, and lost output is said."""

import codecs
import io
import os
import sys
from typing import Any

EXIT_CODE = 74  # what sysexits.h calls EX_IOERR
PLAIN = "keras_transfer.plain"  # how what an encoding lacks is written, see `_draw_plainly`
PLAIN_LETTERS = {"─": "-", "━": "-", "…": "...", "→": "->"}


class OutputError(Exception):
    """Standard output cannot be written; commands print it as one line and exit 74."""


class _Screen(io.FileIO):
    """Standard output that fails once, with `OutputError`; the rest then goes nowhere."""

    failed: OutputError | None = None

    def write(self, data: Any) -> int:
        if self.failed:
            return len(data)
        try:
            return super().write(data)
        except BrokenPipeError:  # whoever read it (`| head`) has enough
            raise
        except OSError as error:
            self.failed = OutputError(
                f"Standard output must be writable. Received: {error.strerror}."
            )
            raise self.failed from error


def mend_streams() -> None:
    """Make standard streams usable that are closed or that Python could not open.

    A file that is opened later would get the number of a closed one, and with it what libraries
    write there.

    Raises:
        OutputError: Standard output is closed.
    """
    closed = not _is_open(1)
    for number in (0, 1, 2):
        if not _is_open(number):
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)
    if sys.stdout is None or closed:
        sys.stdout = os.fdopen(1, "w", closefd=False)
        raise OutputError(
            "Standard output must be open. Received: a closed one. To see nothing, write to "
            f"{os.devnull}."
        )
    former = sys.stdout
    if not isinstance(former, io.TextIOWrapper) or former is not sys.__stdout__:
        return  # a notebook's, or a test's
    codecs.register_error(PLAIN, _draw_plainly)
    if not isinstance(getattr(former.buffer, "raw", former.buffer), io.FileIO):
        former.reconfigure(errors=PLAIN)  # Windows' console takes letters, not bytes
    else:
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Screen(1, "w", closefd=False)),
            encoding=former.encoding,
            errors=PLAIN,
            # `python -u` has no buffer, and this one must not hold back lines either
            line_buffering=former.line_buffering or former.write_through,
        )


def check_output() -> None:
    """Write out what standard output holds back, and raise what was wrong with it.

    Raises:
        OutputError: It could not be written, now or before.
    """
    sys.stdout.flush()
    screen = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(screen, _Screen) and screen.failed:
        raise screen.failed


def _draw_plainly(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for letters that an encoding, such as those of Windows, does not have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(PLAIN_LETTERS.get(letter, "?") for letter in letters), error.end


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
