"""Random changes of training images: each is a pure function of a batch and of uniform draws.

The draws come from a seed per image (see `order.py`), so a view can be made again at any time.
"""

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_transfer.data.presets import Augmentation

DRAWS = 16  # uniform numbers drawn per view; every change below takes its own columns


def draw_uniform(seeds: Any) -> Any:
    """Draw the numbers that decide a view.

    Args:
        seeds: (batch, 2), int64, one pair an image.

    Returns:
        (batch, DRAWS), float32 in `[0, 1)`; row i depends on seeds[i] alone.
    """
    return tf.map_fn(
        lambda seed: tf.random.stateless_uniform([DRAWS], seed),
        seeds,
        fn_output_signature=tf.float32,
    )


def augment_batch(augmentation: Augmentation, flips: bool) -> Callable[[Any, Any], Any]:
    """Return `(images, draws) -> images`; images are (batch, side, side, 3) float32 in `[0, 255]`.

    Args:
        augmentation: A row of `AUGMENTATIONS`.
        flips: False where a mirror image is not the same class, as for digits.
    """
    moves = (
        augmentation.flip and flips,
        augmentation.rotation,
        augmentation.zoom,
        augmentation.shift,
    )
    colours = augmentation.brightness, augmentation.contrast, augmentation.saturation

    def change(images: Any, draws: Any) -> Any:
        if any(moves):
            images = _move(images, draws, augmentation, flips)
        if any(colours):
            images = _recolour(images, draws, augmentation)
        return tf.clip_by_value(images, 0.0, 255.0)  # moves alone give 255.00002

    return change


def _around_zero(draws: Any, column: int) -> Any:
    return 2.0 * draws[:, column] - 1.0  # (batch,) in [-1, 1)


def _move(images: Any, draws: Any, augmentation: Augmentation, flips: bool) -> Any:
    """Flip, turn, zoom and shift in one resampling; edges are reflected.

    The transform maps output to input coordinates around the centre c:
    x_in = a0 (x - c) + a1 (y - c) + c + shift, so that neighbouring changes multiply.
    """
    side = tf.cast(tf.shape(images)[1], tf.float32)
    angle = _around_zero(draws, 0) * (augmentation.rotation * math.pi / 180.0)
    # log-uniform, so that closer and farther are equally likely
    scale = tf.exp(_around_zero(draws, 1) * math.log1p(augmentation.zoom))
    mirror = (
        tf.where(draws[:, 2] < 0.5, -1.0, 1.0)
        if augmentation.flip and flips
        else tf.ones_like(scale)
    )
    shift_x = _around_zero(draws, 3) * augmentation.shift * side
    shift_y = _around_zero(draws, 4) * augmentation.shift * side
    cosine, sine = tf.cos(angle) * scale, tf.sin(angle) * scale
    centre = (side - 1.0) / 2.0
    a0, a1, b0, b1 = cosine * mirror, -sine, sine * mirror, cosine
    a2 = centre - a0 * centre - a1 * centre + shift_x
    b2 = centre - b0 * centre - b1 * centre + shift_y
    zero = tf.zeros_like(a0)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1),
        output_shape=tf.shape(images)[1:3],
        interpolation="BILINEAR",
        fill_mode="REFLECT",
        fill_value=0.0,
    )


def _recolour(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Change brightness, contrast and saturation; the result may leave `[0, 255]`."""

    def factor(column: int, strength: float) -> Any:
        return (1.0 + _around_zero(draws, column) * strength)[:, None, None, None]

    images = images + (factor(8, augmentation.brightness) - 1.0) * 255.0
    mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
    images = (images - mean) * factor(9, augmentation.contrast) + mean
    gray = tf.image.rgb_to_grayscale(images)
    return (images - gray) * factor(10, augmentation.saturation) + gray
