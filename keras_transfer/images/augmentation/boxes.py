"""Rectangles in images, as masks: what random erasing and CutMix have in common."""

from typing import Any

import tensorflow as tf


def mark_boxes(boxes: Any, side: Any) -> Any:
    """Return masks (batch, side, side, 1), float32: 1 in each image's box, 0 around it.

    Args:
        boxes: (batch, 4), float32: top, left, bottom, right in pixels; the last two are outside.
        side: Of the images, in pixels.
    """
    pixels = tf.range(tf.cast(side, tf.float32))
    top, left, bottom, right = tf.unstack(boxes[:, :, None], axis=1)  # (batch, 1) each
    rows = tf.cast((pixels >= top) & (pixels < bottom), tf.float32)
    columns = tf.cast((pixels >= left) & (pixels < right), tf.float32)
    return (rows[:, :, None] * columns[:, None, :])[..., None]
