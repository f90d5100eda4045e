"""How much is decoded: no pixels that resizing would melt, and no more at once than memory holds.

A JPEG is decoded at the smallest of `SCALES` whose sides still reach `MARGIN` times what is needed:
the library computes fewer pixels, each close to the mean of those that it stands for. It still
reads all of the compressed data, so what is damaged is found at any scale.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import NamedTuple

from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.system.machine import free_memory

PER_PIXEL = 12  # bytes while it is decoded: of 169 megapixels 1.7 GB were seen
SHARE = 16  # of the free memory, which has to hold much else
LEAST = 2**28  # bytes
# Pixels above which an image is made small before the next one may be decoded
LARGE = 2**22
PER_FREQUENCY = 2  # bytes: a progressive JPEG is held as numbers of its whole size, whatever scale

SCALES = (1, 2, 4, 8)  # 1/n of a side, rounded up
MARGIN = 2  # times what is needed; below, pixels of the library's filter would show


class Least(NamedTuple):
    """What the sides of an image must reach at the scale at which it is decoded, in pixels."""

    short: int
    long: int


def find_least(image_size: int, preparation: Preparation) -> Least:
    """Return what the sides must reach of an image that becomes a square.

    Args:
        image_size: Side of the square in pixels.
        preparation: Says to how many pixels which sides are resized.
    """
    least, resize = MARGIN * preparation.resized_side(image_size), preparation.resize
    return Least(1 if resize == "pad" else least, 1 if resize == "crop" else least)


def find_scale(size: tuple[int, int], least: Least) -> int:
    """Return at which of `SCALES` an image of this width and height is decoded."""
    reach = min(min(size) // least.short, max(size) // least.long)
    return max(scale for scale in SCALES if scale <= max(1, reach))


def draft_scaled(image: Image.Image, least: Least, mode: str = "RGB") -> None:
    """Have an open image, not loaded yet, decoded at its scale if it is a JPEG.

    Args:
        image: Of any format.
        least: What its sides must reach.
        mode: `RGB`, or `L` to have a JPEG decoded without its colours.
    """
    scale = find_scale(image.size, least)
    # Pillow takes the largest scale at which no side falls below these
    image.draft(mode, (image.width // scale, image.height // scale))


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


def decoding(image: Image.Image, size: tuple[int, int]) -> contextlib.AbstractContextManager[None]:
    """Wait until an image may be decoded.

    Args:
        image: Not loaded yet; at the scale at which it will be.
        size: Its whole width and height.
    """
    taken = image.width * image.height * PER_PIXEL
    if image.info.get("progressive"):
        taken += size[0] * size[1] * len(image.getbands()) * PER_FREQUENCY
    return GATE.hold(taken)
