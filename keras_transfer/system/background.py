"""Work done in the background: the one place where the program starts threads of its own plan.

What is told apart from it are the pools that do the same thing to many files.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def meanwhile(work: Callable[[], None]) -> Iterator[threading.Thread]:
    """Do `work` in a thread while the block runs; what comes after the block finds it done.

    Worth it where one of them waits for the disk or for TensorFlow's operations: two that run
    Python take turns. Whatever the block raises, `work` is waited for: half of an import leaves
    locks that are never given back. A second Ctrl-C ends the process, see `stoppable`.

    Raises:
        BaseException: What the block raises, else what `work` raised.
    """
    failed: list[BaseException] = []

    def do() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=do, name=getattr(work, "__name__", "work"))
    thread.start()
    try:
        yield thread
    finally:
        thread.join()
    if failed:
        raise failed[0]
