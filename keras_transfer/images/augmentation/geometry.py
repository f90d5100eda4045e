"""Moves of training images: one affine resampling, whatever the changes are."""

import math
from typing import Any

import tensorflow as tf

from keras_transfer.images.augmentation import view_draws as take
from keras_transfer.images.augmentation.presets import Augmentation
from keras_transfer.images.augmentation.view_draws import around_zero

CROP_ASPECT = math.log(4.0 / 3.0)  # as Szegedy et al. 2015


def move(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Flip, turn, zoom, shift and crop in one resampling; edges are reflected.

    The transform maps output to input coordinates around the centre c:
    x_in = a0 (x - c) + a1 (y - c) + c + shift, so that neighbouring changes multiply.
    """
    side = tf.cast(tf.shape(images)[1], tf.float32)
    angle = around_zero(draws, take.ROTATION) * (augmentation.rotation * math.pi / 180.0)
    # log-uniform, so that closer and farther are equally likely
    scale = tf.exp(around_zero(draws, take.ZOOM) * math.log1p(augmentation.zoom))
    mirror = (
        tf.where(draws[:, take.FLIP] < 0.5, -1.0, 1.0) if augmentation.flip else tf.ones_like(scale)
    )
    shift_x = around_zero(draws, take.SHIFT_X) * augmentation.shift * side
    shift_y = around_zero(draws, take.SHIFT_Y) * augmentation.shift * side
    cosine, sine = tf.cos(angle) * scale, tf.sin(angle) * scale
    a0, a1, b0, b1 = cosine * mirror, -sine, sine * mirror, cosine
    if augmentation.flip_vertical:
        upright = tf.where(draws[:, take.FLIP_VERTICAL] < 0.5, -1.0, 1.0)
        a1, b1 = a1 * upright, b1 * upright
    if augmentation.crop < 1:
        width, height = _draw_crop(draws, augmentation.crop)
        a0, b0, a1, b1 = a0 * width, b0 * width, a1 * height, b1 * height
        shift_x += around_zero(draws, take.CROP_X) * (1.0 - width) / 2.0 * side
        shift_y += around_zero(draws, take.CROP_Y) * (1.0 - height) / 2.0 * side
    return transform(images, a0, a1, b0, b1, shift_x, shift_y)


def transform(images: Any, a0: Any, a1: Any, b0: Any, b1: Any, shift_x: Any, shift_y: Any) -> Any:
    """Resample images (batch, side, side, 3): x_in = a0 (x - c) + a1 (y - c) + c + shift_x.

    `y_in` is that of `b0`, `b1` and `shift_y`; all are (batch,), and c is the centre.
    """
    centre = (tf.cast(tf.shape(images)[1], tf.float32) - 1.0) / 2.0
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


def _draw_crop(draws: Any, least: float) -> tuple[Any, Any]:
    """Return width and height, (batch,), of a part of the image, as shares of the side.

    References:
        Szegedy et al. 2015, Going deeper with convolutions.
    """
    area = least + (1.0 - least) * draws[:, take.CROP_AREA]
    # A part of that area must fit: neither side may be longer than that of the image.
    stretch = tf.minimum(CROP_ASPECT, -tf.math.log(area)) / 2.0
    stretch = tf.exp(around_zero(draws, take.CROP_ASPECT) * stretch)
    return tf.sqrt(area) * stretch, tf.sqrt(area) / stretch


GEOMETRY = ("flip", "flip_vertical", "rotation", "zoom", "shift", "crop")  # what `move` does
