"""Which of the images given to predict hold other numbers than those a model learned from."""

import logging
from collections import defaultdict

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.config.pixels.value_range import covers_bytes, parse_range
from keras_transfer.images.array_pixels import FRACTIONS
from keras_transfer.images.decoding.pillow_decoding import Picture
from keras_transfer.images.decoding.shades import share_outside

logger = logging.getLogger(__name__)

MANY = 0.01  # of an image's numbers are clipped
DARK = 64  # an image of more than 8 bits whose shades are all below is nearly black


class Tally:
    """Counts images whose numbers do not fit, from any thread, and says so once.

    Args:
        value_range: As `data.value_range` says, resolved.
    """

    def __init__(self, value_range: str) -> None:
        self._range, self._limits = value_range, parse_range(value_range)
        self._found: defaultdict[str, list[str]] = defaultdict(list)

    def count(self, name: str, picture: Picture) -> None:
        """Look at an image that was read."""
        fault, deep = "", picture.kind != "8 bits"
        if self._limits is None:
            fault = (
                "dark"
                if picture.kind in ("16 bits", "32 bits") and picture.pixels.max() < DARK
                else ""
            )
        elif picture.outside > MANY:
            fault = "outside"
        elif not deep and not covers_bytes(self._limits) and self._limits != FRACTIONS:
            fault = "bytes"
        if fault:
            self._found[fault].append(name)

    def count_array(self, name: str, array: np.ndarray, pixels: np.ndarray) -> None:
        """Look at an array that was given."""
        deep = array.dtype not in (np.uint8, bool)
        if self._limits is None and array.dtype.kind in "ui" and array.size and array.max() == 1:
            self._found["ones"].append(name)
            return
        outside = share_outside(array, self._limits) if self._limits and deep else 0.0
        kind = "floats" if deep and array.dtype.itemsize > 1 else "8 bits"
        self.count(name, Picture(pixels=pixels, kind=kind, outside=outside))

    def warn(self, count: int) -> None:
        """Say which of `count` images do not fit."""
        words = {
            "outside": f"hold numbers beyond {self._range}, the run's data.value_range, which are "
            "clipped",
            "bytes": f"have 8 bits and are read from 0 to 255, as data.value_range {self._range} "
            "is none of theirs",
            "ones": "hold no number above 1, which is black to a model that learned from numbers "
            "up to 255",
            "dark": "have more than 8 bits, of which they use so few that they are nearly black to "
            "a model that learned from images of 8 bits",
        }
        for fault, names in self._found.items():
            logger.warning(
                "%s of %s images %s: %s",
                f"{len(names):,}",
                f"{count:,}",
                words[fault],
                name_some(sorted(names), most=3),
            )
