"""How much is decoded at once: a few large images or many small ones, bounded by their memory."""

import contextlib
import functools
import threading
from collections.abc import Iterator

from keras_transfer.system.machine import free_memory

# Bytes that a pixel takes while it is decoded: Pillow's four, three as bytes and as an array each,
# and what is cut out of it or laid on white
PER_PIXEL = 16
SHARE = 4  # a fourth of what is free
LEAST = 2**28  # bytes
# Pixels above which an image is made small before the next one may be decoded
LARGE = 2**22


class MemoryGate:
    """Lets threads pass as long as what they hold together fits; one alone always may.

    Args:
        most: Bytes that fit.
    """

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Wait until so many bytes fit beside those of others, and hold them."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._held + size <= self._most)
            self._held += size
        try:
            yield
        finally:
            with self._changed:
                self._held -= size
                self._changed.notify_all()


@functools.cache
def _open_gate() -> MemoryGate:
    return MemoryGate(max(LEAST, free_memory() // SHARE))


def decoding(size: tuple[int, int]) -> contextlib.AbstractContextManager[None]:
    """Wait until an image of this width and height may be decoded."""
    return _open_gate().hold(size[0] * size[1] * PER_PIXEL)
