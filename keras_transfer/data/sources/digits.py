"""The source `digits`: scikit-learn's handwritten digits."""

import dataclasses
import io
from pathlib import Path

import numpy as np
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.cached_data_sets import Images, read_prepared


def read_digits(dataset: str, config: DataConfig) -> Examples:
    """Return scikit-learn's 1,797 handwritten digits, 8x8 pixels, for 64 px, no flips, 60/20/20.

    Raises:
        ConfigError: No cache folder can be written.
    """
    names = [str(digit) for digit in range(10)]
    examples = read_prepared("digits", Path("digits"), names, _draw_digits)
    return dataclasses.replace(examples, image_size=64, flips=False, fractions=(0.2, 0.2))


def _draw_digits() -> Images:
    from sklearn.datasets import load_digits

    digits = load_digits()
    for index, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        stream = io.BytesIO()
        levels = np.round(pixels * (255 / 16)).astype(np.uint8)  # (8, 8), from [0, 16] to [0, 255]
        Image.fromarray(levels).save(stream, "PNG")
        yield f"{label}/{index:04d}.png", stream.getvalue(), str(label), ""
