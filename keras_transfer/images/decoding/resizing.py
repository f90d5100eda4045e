"""Resize pixels to a square, inside a graph."""

from typing import Any

import tensorflow as tf


def resize_square(pixels: Any, image_size: int, resize: str) -> Any:
    """Resize pixels (height, width, 3) to a square, uint8, antialiased bilinear."""
    size: Any = (image_size, image_size)
    if resize == "crop":
        pixels = _crop_centre(pixels)
    if resize == "pad":
        sides = tf.cast(tf.shape(pixels)[:2], tf.float32)
        # one pixel at least: 600 x 1 would round to nothing
        size = tf.maximum(1, tf.cast(tf.round(sides * image_size / tf.reduce_max(sides)), tf.int32))
    resized = tf.image.resize(pixels, size, antialias=True)
    if resize == "pad":
        resized = tf.image.resize_with_crop_or_pad(resized, image_size, image_size)
    resized = tf.cast(tf.clip_by_value(tf.round(resized), 0.0, 255.0), tf.uint8)
    return tf.ensure_shape(resized, (image_size, image_size, 3))


def _crop_centre(pixels: Any) -> Any:
    """Cut the largest centred square out of pixels (height, width, 3)."""
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]
