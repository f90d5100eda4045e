"""Stop a command on SIGTERM, Ctrl-C and a closed terminal so that it can say how to go on."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}  # 128 + signal, as shells have it
if hasattr(signal, "SIGHUP"):  # not on Windows
    EXIT_CODES[signal.SIGHUP] = 129


class Stopped(KeyboardInterrupt):
    """The user or the system asked the process to end.

    Args:
        code: What it is to exit with.
    """

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


_asked: list[int] = []  # exit codes of the signals that came


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` on the first SIGTERM, SIGHUP or Ctrl-C; a second one ends the process.

    Nothing is protected from it: what a run writes is whole or not there, whenever it ends. Outside
    the main thread, where Python takes no signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.getsignal(number) for number in EXIT_CODES}
    for number, handler in former.items():
        if handler != signal.SIG_IGN:  # as shells have it for what runs in the background
            signal.signal(number, _stop)
    _asked.clear()
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        _asked.clear()


def check_stopped() -> None:
    """Raise `Stopped` if a signal came.

    The handler's own exception is lost where Python runs code whose errors it ignores, such as a
    destructor. So the steps of a training ask as well.
    """
    if _asked:
        raise Stopped(_asked[0])


def _stop(number: int, frame: FrameType | None) -> None:
    for each in EXIT_CODES:
        if signal.getsignal(each) == _stop:
            signal.signal(each, signal.SIG_DFL)  # it takes effect inside a long operation, too
    _asked.append(EXIT_CODES[signal.Signals(number)])
    check_stopped()
