"""How much is decoded at once: a few large images or many small ones, bounded by their memory."""

import contextlib
import threading
from collections.abc import Iterator

from keras_transfer.system.machine import free_memory

PER_PIXEL = 12  # bytes while it is decoded: of 169 megapixels 1.7 GB were seen
SHARE = 16  # of the free memory, which has to hold much else
LEAST = 2**28  # bytes
# Pixels above which an image is made small before the next one may be decoded
LARGE = 2**22


class MemoryGate:
    """Lets threads pass as long as what they hold together fits; one alone always may.

    Args:
        most: Bytes that fit. None: a share of what is free when the first thread comes.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most, self._held = most, 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Wait until so many bytes fit beside those of others, and hold them."""
        with self._changed:
            most = self._most = self._most or max(LEAST, free_memory() // SHARE)
            self._changed.wait_for(lambda: not self._held or self._held + size <= most)
            self._held += size
        try:
            yield
        finally:
            with self._changed:
                self._held -= size
                self._changed.notify_all()


GATE = MemoryGate()  # for all threads of the process


def decoding(size: tuple[int, int]) -> contextlib.AbstractContextManager[None]:
    """Wait until an image of this width and height may be decoded."""
    return GATE.hold(size[0] * size[1] * PER_PIXEL)
