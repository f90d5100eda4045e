"""How an image becomes the square that a network takes, wherever a model is used."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keras_transfer.config.pixels.value_range import FULL, read_recorded
from keras_transfer.config.sections.data_settings import DataConfig


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How an image becomes a square: settings of `data`, resolved.

    The defaults are what is taken of a file that does not say it: earlier versions had no choice.
    """

    resize: str = "crop"
    crop_fraction: float = 1.0
    interpolation: str = "bilinear"
    value_range: str = FULL

    def resized_side(self, image_size: int) -> int:
        """Return to how many pixels a side is resized before the central square is taken.

        It is the short side under crop, the long one under pad and both under stretch; no reader
        needs more pixels than an image whose sides are a multiple of it. Rounded down as in timm:
        224 / 0.875 is 256.
        """
        return math.floor(image_size / self.crop_fraction)


def find_preparation(data: DataConfig) -> Preparation:
    """Return how images of a run are prepared, by its settings."""
    return Preparation(
        resize=data.resize,
        crop_fraction=data.crop_fraction,
        interpolation=data.interpolation,
        value_range=read_recorded(data.value_range),
    )


def read_preparation(notes: Mapping[str, Any]) -> Preparation:
    """Return what a file says of itself; numbers may be text there."""
    return Preparation(
        resize=str(notes["resize"]),
        crop_fraction=float(notes.get("crop_fraction", Preparation.crop_fraction)),
        interpolation=str(notes.get("interpolation", Preparation.interpolation)),
        value_range=str(notes.get("value_range", Preparation.value_range)),
    )
