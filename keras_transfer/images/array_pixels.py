"""Images that are arrays: which shapes and numbers they may have, and their shades."""

import math

import numpy as np
from PIL import Image

from keras_transfer.config.pixels.value_range import FULL, Limits, covers_bytes, parse_range
from keras_transfer.images.decoding.pillow_decoding import show_image
from keras_transfer.images.decoding.shades import to_shades
from keras_transfer.system.errors import ConfigError

FRACTIONS = (0.0, 1.0)  # limits of fractions of white
MOST = 0.5  # of the numbers that are not black


def check_pixels(array: np.ndarray, value_range: str = FULL) -> np.ndarray:
    """Return an image given as an array in RGB, (height, width, 3), uint8.

    Args:
        array: (height, width) gray, or (height, width, 1, 3 or 4) gray, RGB or RGBA, which is laid
            on white. Where the model learned from images of more than 8 bits, all numbers but
            uint8 and bool are those of such files. Elsewhere they are integers or floats in
            [0, 255], or uint16 in [0, 65535].
        value_range: As `data.value_range` says, resolved.

    Raises:
        ConfigError: Its shape or its numbers are others.
    """
    array = check_shape(array)
    limits = parse_range(value_range)
    if limits and array.dtype != bool and (array.dtype != np.uint8 or covers_bytes(limits)):
        return _shade_array(array, limits)
    return np.asarray(show_image(Image.fromarray(_scale_numbers(array))))


def check_shape(array: np.ndarray) -> np.ndarray:
    """Return an image given as an array of numbers, without the last axis where it is gray.

    Raises:
        ConfigError: Its shape or its type is that of no image.
    """
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
        raise ConfigError(
            "An image must have its channels last: (height, width, 3). Received: the shape "
            f"{array.shape}. Use array.transpose(1, 2, 0); of several gray images make a list."
        )
    gray = array.ndim == 3 and array.shape[2] == 1
    array = array[:, :, 0] if gray else array
    if array.ndim == 1:
        side = math.isqrt(array.size)
        shown = f"{side}, {side}" if side * side == array.size else "height, width"
        raise ConfigError(
            "An image must be an array (height, width), or (height, width, 1, 3 or 4). Received: "
            f"the shape {array.shape}. Use images.reshape(-1, {shown})."
        )
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise ConfigError(
            "An image must be an array (height, width), or (height, width, 1, 3 or 4). "
            f"Received: the shape {array.shape}."
        )
    if array.dtype.kind not in "buif":
        raise ConfigError(f"Pixels must be numbers. Received: an array of {array.dtype}.")
    return array


def refuse_deep_alpha(array: np.ndarray) -> None:
    """Raise `ConfigError` for an array with alpha that is not of 8 bits."""
    if array.ndim == 3 and array.shape[2] == 4 and array.dtype.itemsize != 1:
        raise ConfigError(
            "An image with alpha must be of uint8, or a file: alpha has no value range. Received: "
            f"an array of {array.dtype}. Give array[:, :, :3]."
        )


def _shade_array(array: np.ndarray, limits: Limits) -> np.ndarray:
    """Return an array as a file of the same numbers would be read."""
    refuse_deep_alpha(array)
    _refuse_other_scale(array, limits)
    colours = to_shades(array[..., :3] if array.ndim == 3 else array, limits)
    shades = np.concatenate([colours, array[..., 3:]], 2) if array.shape[2:] == (4,) else colours
    return np.asarray(show_image(Image.fromarray(shades)))


def _refuse_other_scale(array: np.ndarray, limits: Limits) -> None:
    """Raise `ConfigError` for shades where fractions of white are meant: all would be white."""
    above = array[array > 0] > FRACTIONS[1]
    if limits == FRACTIONS and above.size and above.mean() > MOST:
        raise ConfigError(
            "Pixels must be in [0, 1], as those that the model learned from. Received: "
            f"{array.dtype} up to {array.max():g}. Divide them by what is white, or give uint8."
        )


def _scale_numbers(array: np.ndarray) -> np.ndarray:
    """Return numbers of any type as uint8 in [0, 255]."""
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    low, high = float(array.min()), float(array.max())
    if array.dtype == np.uint16 and 0 < high <= 255:
        raise ConfigError(
            "Pixels in uint16 must reach beyond 255, since 65535 is white. Received: up to "
            f"{high:g}. Make them uint8 if 255 is."
        )
    if array.dtype == np.uint16:
        return (array / 257.0).round().astype(np.uint8)
    if not 0 <= low <= high <= 255:  # NaN as well
        raise ConfigError(f"Pixels must be in [0, 255]. Received: from {low:g} to {high:g}.")
    if array.dtype.kind == "f" and 0 < high <= 1:
        raise ConfigError(
            f"Pixels must be in [0, 255]. Received: floats up to {high:g}. Multiply them by 255; "
            "the model scales them itself."
        )
    return array.round().astype(np.uint8)
