"""An image as it is drawn in a figure: what the network sees of it, on a tile."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from keras_transfer.config.sections.value_range import FULL
from keras_transfer.images.decoding.pillow_decoding import load_image


def draw_image(file: Path, side: int, value_range: str = FULL) -> np.ndarray | None:
    """Return an image upright, in RGB and whole, on a white square.

    Args:
        file: Any image that the program reads.
        side: Of the square, in pixels.
        value_range: As `data.value_range` says, resolved.

    Returns:
        (side, side, 3), uint8; None where the file cannot be read (any more).
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about huge or odd files, which the doctor reports
            pixels = load_image(file, 2 * side, value_range)
        return np.asarray(ImageOps.pad(Image.fromarray(pixels), (side, side), color="white"))
    except Exception:  # Pillow raises a dozen types on damaged files; a figure needs none of them
        return None
