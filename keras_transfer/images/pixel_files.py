"""Files made of the images of a set in memory, so that nothing the network would see is lost.

What their numbers mean depends on the whole set: floats up to 1 are fractions of white only where
no image of the set reaches beyond 1.
"""

import hashlib
import io
from typing import Any

import numpy as np
from PIL import Image

from keras_transfer.config.pixels.value_range import FULL
from keras_transfer.images.array_pixels import FRACTIONS, check_shape, refuse_deep_alpha
from keras_transfer.images.decoding.pillow_decoding import show_image
from keras_transfer.images.decoding.shades import to_shades
from keras_transfer.system.errors import ConfigError

BYTES, DEEP = 255, 65535  # the largest numbers of 8 bits and 16
OVERSHOT = 2  # floats of a set that reach no further are fractions that were resized sharply
FAST = 1  # of zlib: a twelfth larger than with 6, in a third of the time


class ImageFiles:
    """Writes the images of one set as PNG files, all in the same way.

    uint8 stays as it is, bool becomes 0 and 255, uint16 keeps its 16 bits. Floats whose largest
    number in the set is at most 1 are fractions of white; other floats are shades in [0, 255], as
    `check_pixels` takes them. Other integers have 8 bits, or 16 where one is above 255.
    """

    def __init__(self) -> None:
        self._high: dict[str, float] = {}  # family of numbers -> the largest one so far
        self._small = self._images = 0

    @property
    def value_range(self) -> str:
        """What `data.value_range` must be for arrays of such a set; auto: what is measured."""
        return "{!r},{!r}".format(*FRACTIONS) if self._are_fractions() else "auto"

    def measure(self, image: Any) -> bool:
        """Take one more image of the set into account.

        Args:
            image: As `read_array` takes it.

        Returns:
            Whether those before it must be written otherwise than `encode` did.

        Raises:
            ConfigError: It is no image, or its numbers are no shades.
        """
        array = read_array(image)
        family = _find_family(array)
        if "floats" in {family, *self._high} and {family} != {*self._high} | {family}:
            raise ConfigError(
                "The images of a set must all be floats or all be integers, as floats may be "
                f"fractions of white. Received: {' and '.join(sorted({family, *self._high}))}. "
                "Convert them with astype."
            )
        high = _check_numbers(array, family)
        before = self._high.get(family, 0.0)
        self._high[family] = max(before, high)
        self._images += 1
        self._small += family == "floats" and 0 < high <= 1
        limit = {"floats": 1, "integers": BYTES}.get(family)
        return limit is not None and 0 < before <= limit < high

    def begin_anew(self) -> None:
        """Expect the images of the set once more; what their numbers mean is known by now."""
        self._small = self._images = 0

    def hash(self, image: Any) -> str:
        """Return a digest of an image and its numbers, in hexadecimal digits."""
        array = read_array(image)
        content = hashlib.sha256(f"{array.dtype.str} {array.shape}".encode())
        content.update(np.ascontiguousarray(array).data)
        return content.hexdigest()

    def encode(self, image: Any) -> tuple[str, bytes]:
        """Return the suffix and the content of the file of an image that was measured."""
        array = read_array(image)
        family = _find_family(array)
        if family == "floats" and self._are_fractions():
            array = to_shades(array, FRACTIONS)
        elif family == "floats":
            array = array.round().astype(np.uint8)
        elif family == "integers":
            array = array.astype(np.uint8 if self._high[family] <= BYTES else np.uint16)
        elif array.dtype == bool:
            array = array.astype(np.uint8) * BYTES
        return ".png", _write_png(np.ascontiguousarray(array))

    def conclude(self) -> list[str]:
        """Return what is odd in the numbers of the whole set, in words.

        Raises:
            ConfigError: Floats are neither fractions of white nor shades up to 255.
        """
        high = self._high.get("floats", 0.0)
        if 1 < high <= OVERSHOT:
            raise ConfigError(
                "Pixels that are floats must be in [0, 1] or in [0, 255] over the whole set. "
                f"Received: up to {high:g}. Use images.clip(0, 1), or multiply them."
            )
        if high > 1 and self._small:
            return [
                f"{self._small:,} of {self._images:,} images hold floats up to 1, others up to "
                f"{high:g}: all are read from 0 to 255, and those are black"
            ]
        return []

    def _are_fractions(self) -> bool:
        return 0 < self._high.get("floats", 0.0) <= 1


def read_array(image: Any) -> np.ndarray:
    """Return an image in memory as numbers: (height, width), or with 3 channels or 4.

    Args:
        image: An array of NumPy or of what becomes one; or Pillow's, which is turned upright.

    Raises:
        ConfigError: It is no image.
    """
    if isinstance(image, Image.Image):
        deep = image.mode in ("I", "F") or image.mode.startswith("I;16")
        image = image if deep else show_image(image, FULL)
    array = check_shape(np.asarray(image))
    refuse_deep_alpha(array)
    return array


def _find_family(array: np.ndarray) -> str:
    if array.dtype in (np.uint8, bool):
        return "8 bits"
    if array.dtype == np.uint16:
        return "16 bits"
    return "floats" if array.dtype.kind == "f" else "integers"


def _check_numbers(array: np.ndarray, family: str) -> float:
    """Return the largest number of an image, or refuse it."""
    if family in ("8 bits", "16 bits"):
        return float(array.max())
    low, high = float(array.min()), float(array.max())
    top = BYTES if family == "floats" else DEEP
    if 0 <= low <= high <= top:  # not with NaN
        return high
    if low != low:
        raise ConfigError(f"Pixels must be numbers. Received: {array.dtype} with NaN. Replace it.")
    advice = "Store them as TIFF files, which keep all numbers."
    if family == "floats" and -high / 4 < low < 0:
        advice = "Clip them, where resizing has overshot; else give the images unprepared."
    elif family == "floats" and low < 0:
        advice = "Give the images as they were before they were normalized: the model does that."
    raise ConfigError(
        f"Pixels must be in [0, 255], uint16, or floats in [0, 1]. Received: {array.dtype} from "
        f"{low:g} to {high:g}. {advice}"
    )


def _write_png(array: np.ndarray) -> bytes:
    if array.dtype == np.uint16 and array.ndim == 3:  # Pillow has no such colours
        import tensorflow as tf

        return bytes(tf.io.encode_png(array).numpy())
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, "PNG", compress_level=FAST)
    return stream.getvalue()
