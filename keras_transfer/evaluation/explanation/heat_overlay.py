"""Heat laid over the square that the network saw."""

import numpy as np
from matplotlib import colormaps
from PIL import Image

# The hotter the brighter: told apart by colour-blind readers and in print. Its ends are nearly
# black and nearly white, which hide what photographs show.
COLOURS, COLDEST, HOTTEST = colormaps["inferno"], 0.35, 0.88
OPAQUE = 0.62  # of the hottest place: what is there stays visible
LUMA = (0.299, 0.587, 0.114)  # of red, green and blue, ITU-R BT.601


def enlarge_heat(heat: np.ndarray, side: int) -> np.ndarray:
    """Return a map (rows, columns) in [0, 1] as (side, side), smooth, in [0, 1].

    Each place of the map is the middle of its part of the square.
    """
    whole = Image.fromarray(np.asarray(heat, np.float32))
    enlarged = whole.resize((side, side), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(enlarged), 0, 1)


def enlarge_square(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return a square (any, any, 3) uint8 as (side, side, 3); few pixels stay visible."""
    few = 4 * len(pixels) <= side
    kind = Image.Resampling.NEAREST if few else Image.Resampling.LANCZOS
    return np.asarray(Image.fromarray(pixels).resize((side, side), kind))


def lay_heat(pixels: np.ndarray, heat: np.ndarray, side: int | None = None) -> np.ndarray:
    """Return an image in gray with the heat in colours over it.

    Args:
        pixels: (any, any, 3), uint8: the square that the network saw.
        heat: (rows, columns) in [0, 1], of the whole square.
        side: Of what is returned, in pixels. None: that of `pixels`.

    Returns:
        (side, side, 3), uint8.
    """
    side = side or len(pixels)
    hot = enlarge_heat(heat, side)
    gray = (enlarge_square(pixels, side) @ np.array(LUMA))[..., None]
    colours = 255 * COLOURS(COLDEST + (HOTTEST - COLDEST) * hot)[..., :3]
    share = OPAQUE * hot[..., None]
    return np.asarray(np.round((1 - share) * gray + share * colours), np.uint8)
