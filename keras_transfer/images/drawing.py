"""An image as it is drawn in a figure: what the network sees of it, on a tile."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from keras_transfer.config.pixels.preparation import find_preparation
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.images.decoding.decoding_memory import find_least
from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.decoding.resizing import trace_resize


def draw_image(file: Path, side: int, config: DataConfig | None = None) -> np.ndarray | None:
    """Return what a network sees of an image: upright, in RGB, cut and resized as for training.

    Args:
        file: Any image that the program reads.
        side: Of the tile that is returned, in pixels; few pixels of a network stay visible.
        config: Says how images become squares, and numbers shades; resolved. None: `side` is the
            size of the network, and the rest as by default.

    Returns:
        (side, side, 3), uint8; None where the file cannot be read (any more).
    """
    config = config or DataConfig()
    # a large network's square is made small at once: fewer pixels are decoded and resized
    size, preparation = min(config.image_size or side, side), find_preparation(config)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about huge or odd files, which the doctor reports
            pixels = load_image(file, find_least(size, preparation), preparation.value_range)
        seen = Image.fromarray(trace_resize(size, preparation)(pixels))
    except Exception:  # Pillow raises a dozen types on damaged files; a figure needs none of them
        return None
    return np.asarray(seen.resize((side, side), Image.Resampling.NEAREST))
