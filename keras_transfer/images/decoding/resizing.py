"""Resize pixels to a square, inside a graph or not."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.config.pixels.preparation import Preparation

KERNELS = {"bilinear": "triangle", "bicubic": "keyscubic"}  # those of `tf.image.resize`


def resize_square(pixels: Any, image_size: int, preparation: Preparation) -> Any:
    """Resize pixels (height, width, 3) to a square, uint8, antialiased.

    Under `crop` the result is the centre of a larger square whose side is
    `preparation.resized_side(image_size)`, the whole: its rows and columns from
    `(whole - image_size) // 2` on. Only they are computed, so that a whole of any size costs no
    more; neighbours beyond them count, as in the whole. What `tf.image.resize` makes of the whole
    differs by a level in one of a thousand pixels, and not at all where nothing is cut off.
    """
    whole = preparation.resized_side(image_size)
    size: Any = (image_size, image_size)
    reached: Any = (float(whole), float(whole))  # pixels that all of the image is resized to
    if preparation.resize == "crop":
        pixels = _crop_centre(pixels)
    sides = tf.cast(tf.shape(pixels)[:2], tf.float32)
    if preparation.resize == "pad":
        # one pixel at least: 600 x 1 would round to nothing
        size = tf.maximum(1, tf.cast(tf.round(sides * image_size / tf.reduce_max(sides)), tf.int32))
        reached = tf.cast(size, tf.float32)
    offset = (whole - image_size) // 2
    resized = tf.raw_ops.ScaleAndTranslate(  # `tf.image.resize` without a translation
        images=pixels[None],
        size=size,
        scale=reached / sides,
        translation=(-float(offset), -float(offset)),
        kernel_type=KERNELS[preparation.interpolation],
        antialias=True,
    )[0]
    if preparation.resize == "pad":
        resized = tf.image.resize_with_crop_or_pad(resized, image_size, image_size)
    resized = tf.cast(tf.clip_by_value(tf.round(resized), 0.0, 255.0), tf.uint8)
    return tf.ensure_shape(resized, (image_size, image_size, 3))


def resize_rest(pixels: Any, small: Any, image_size: int, preparation: Preparation) -> Any:
    """Resize pixels inside a graph unless they are `small`, a square that `resize_square` made."""
    return tf.cond(
        small,
        lambda: tf.ensure_shape(pixels, (image_size, image_size, 3)),
        lambda: resize_square(pixels, image_size, preparation),
    )


@lru_cache(maxsize=8)
def trace_resize(image_size: int, preparation: Preparation) -> Callable[[np.ndarray], np.ndarray]:
    """Return `resize_square` as a function of arrays that is traced once.

    From Python each of its operations costs a millisecond.
    """
    with tf.device("CPU"):
        resized = tf.function(
            lambda pixels: resize_square(pixels, image_size, preparation),
            input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)],
            autograph=False,
        ).get_concrete_function()

    def resize(pixels: np.ndarray) -> np.ndarray:
        with tf.device("CPU"):
            found: np.ndarray = resized(tf.constant(pixels)).numpy()
        return found

    return resize


def _crop_centre(pixels: Any) -> Any:
    """Cut the largest centred square out of pixels (height, width, 3)."""
    height, width = tf.shape(pixels)[0], tf.shape(pixels)[1]
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return pixels[top : top + side, left : left + side]
