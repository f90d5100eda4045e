"""From the numbers in image files to shades in [0, 255], as `data.value_range` says."""

import numpy as np

from keras_transfer.config.pixels.value_range import Limits, covers_bytes, parse_range


def to_shades(values: np.ndarray, limits: Limits) -> np.ndarray:
    """Return numbers as shades, uint8: LOW is 0, HIGH 255, NaN 0; others are clipped."""
    low, high = limits
    share = (values.astype(np.float64) - low) / (high - low)
    return np.nan_to_num(np.clip(share, 0, 1) * 255).round().astype(np.uint8)


def find_shades(value_range: str) -> np.ndarray | None:
    """Return the shade of each of 256 numbers in images of 8 bits; None: that number itself."""
    limits = parse_range(value_range)
    if limits is None or not covers_bytes(limits):
        return None
    shades = to_shades(np.arange(256), limits)
    return None if (shades == np.arange(256)).all() else shades


def shade_values(values: np.ndarray, limits: Limits) -> np.ndarray:
    """Return numbers as `read_values` returns them as shades; alpha keeps its upper byte."""
    if values.ndim == 2 or values.shape[2] < 4:
        return to_shades(values, limits)
    colours, alpha = to_shades(values[..., :3], limits), values[..., 3:] >> 8
    return np.concatenate([colours, alpha.astype(np.uint8)], axis=2)


def share_outside(values: np.ndarray, limits: Limits) -> float:
    """Return the share of numbers below LOW or above HIGH."""
    low, high = limits
    colours = values[..., :3] if values.ndim == 3 else values
    return float(np.mean((colours < low) | (colours > high)))
