"""RandAugment: two operations an image, drawn out of fourteen.

References:
    Cubuk et al. 2020, RandAugment: Practical automated data augmentation with a reduced search
    space. The ends of the ranges are those of AutoAugment (Cubuk et al. 2019), here magnitude 10.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from keras_transfer.images.augmentation import view_draws as take
from keras_transfer.images.augmentation.geometry import transform
from keras_transfer.images.augmentation.presets import Augmentation

MOST = 10.0  # magnitude


def apply_operations(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Apply two random operations to each image.

    Each step deals the batch out to the operations and puts it together again, so an image costs
    what its own operations cost.

    Args:
        images: (batch, side, side, 3), float32 in `[0, 255]`.
        draws: Uniform numbers, see `draw_uniform`.
        augmentation: Its `randaugment` is the magnitude, in `(0, 10]`.

    Returns:
        Images of the same shape and range.
    """
    count = len(OPERATIONS)
    places = tf.range(tf.shape(images)[0])
    for which, direction in take.OPERATIONS:
        chosen = tf.cast(draws[:, which] * count, tf.int32)
        levels = tf.where(draws[:, direction] < 0.5, -1.0, 1.0) * (augmentation.randaugment / MOST)
        hands = zip(
            OPERATIONS.values(),
            tf.dynamic_partition(images, chosen, count),
            tf.dynamic_partition(levels, chosen, count),
            strict=True,
        )
        changed = [operation(part, level) for operation, part, level in hands]
        images = tf.dynamic_stitch(tf.dynamic_partition(places, chosen, count), changed)
    return images


def _affine(images: Any, level: Any, **changed: Any) -> Any:
    """Resample with the identity's numbers but for those given."""
    one, zero = tf.ones_like(level), tf.zeros_like(level)
    numbers = {"a0": one, "a1": zero, "b0": zero, "b1": one, "shift_x": zero, "shift_y": zero}
    return tf.clip_by_value(transform(images, **numbers | changed), 0.0, 255.0)


def _rotate(images: Any, level: Any) -> Any:
    cosine, sine = tf.cos(level * math.pi / 6), tf.sin(level * math.pi / 6)  # 30 degrees
    return _affine(images, level, a0=cosine, a1=-sine, b0=sine, b1=cosine)


def _shift(images: Any, level: Any) -> Any:
    """Return the shift in pixels: 100 of 331 at most."""
    return level * (100.0 / 331.0) * tf.cast(tf.shape(images)[1], tf.float32)


def _blend(plain: Any, images: Any, level: Any) -> Any:
    """Go from `plain` to the image and beyond: by a factor from 0.1 to 1.9."""
    factor = (1.0 + 0.9 * level)[:, None, None, None]
    return tf.clip_by_value(plain + factor * (images - plain), 0.0, 255.0)


def _contrast(images: Any, level: Any) -> Any:
    gray = tf.reduce_mean(tf.image.rgb_to_grayscale(images), axis=[1, 2], keepdims=True)
    return _blend(gray, images, level)


def _sharpness(images: Any, level: Any) -> Any:
    """Blend with the image smoothed by ((1, 1, 1), (1, 5, 1), (1, 1, 1)) / 13, as Pillow does."""
    padded = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
    lines = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    squares = lines[:, :, :-2] + lines[:, :, 1:-1] + lines[:, :, 2:]
    return _blend((squares + 4.0 * images) / 13.0, images, level)


def _solarize(images: Any, level: Any) -> Any:
    """Invert what is brighter than a threshold, 256 at magnitude 0."""
    threshold = 256.0 * (1.0 - tf.abs(level))[:, None, None, None]
    return tf.where(images < threshold, images, 255.0 - images)


def _posterize(images: Any, level: Any) -> Any:
    """Keep the first 8 to 4 bits of each number."""
    step = (2.0 ** tf.round(4.0 * tf.abs(level)))[:, None, None, None]
    return tf.floor(images / step) * step


def _autocontrast(images: Any, _: Any) -> Any:
    """Stretch each channel to `[0, 255]`; one of a single value stays."""
    low = tf.reduce_min(images, axis=[1, 2], keepdims=True)
    span = tf.reduce_max(images, axis=[1, 2], keepdims=True) - low
    return tf.where(span < 1.0, images, (images - low) * (255.0 / tf.maximum(span, 1.0)))


def _equalize(images: Any, _: Any) -> Any:
    """Give each channel a flat histogram, as Pillow does; one of a single value stays."""
    shape = tf.shape(images)
    pixels = tf.cast(tf.transpose(images, [0, 3, 1, 2]), tf.int32)
    pixels = tf.reshape(pixels, [-1, shape[1] * shape[2]])  # (batch * 3, side * side)
    rows = tf.range(tf.shape(pixels)[0])[:, None]
    counts = tf.math.bincount(tf.reshape(rows * 256 + pixels, [-1]), minlength=256 * shape[0] * 3)
    counts = tf.reshape(counts, [-1, 256])
    values = tf.range(256)[None, :]
    brightest = tf.reduce_max(tf.where(counts > 0, values, 0), axis=1, keepdims=True)
    last = tf.gather(counts, brightest, axis=1, batch_dims=1)
    step = (shape[1] * shape[2] - last) // 255
    table = (step // 2 + tf.cumsum(counts, axis=1, exclusive=True)) // tf.maximum(step, 1)
    table = tf.where(step > 0, tf.clip_by_value(table, 0, 255), values)
    found = tf.gather(table, pixels, axis=1, batch_dims=1)
    found = tf.reshape(found, [shape[0], 3, shape[1], shape[2]])
    return tf.cast(tf.transpose(found, [0, 2, 3, 1]), tf.float32)


# Levels (batch,) are magnitude / 10 with a random sign.
OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "identity": lambda images, level: images,
    "autocontrast": _autocontrast,
    "equalize": _equalize,
    "rotate": _rotate,
    "solarize": _solarize,
    "color": lambda images, level: _blend(tf.image.rgb_to_grayscale(images), images, level),
    "posterize": _posterize,
    "contrast": _contrast,
    "brightness": lambda images, level: _blend(tf.zeros_like(images), images, level),
    "sharpness": _sharpness,
    "shear_x": lambda images, level: _affine(images, level, a1=0.3 * level),
    "shear_y": lambda images, level: _affine(images, level, b0=0.3 * level),
    "translate_x": lambda images, level: _affine(images, level, shift_x=_shift(images, level)),
    "translate_y": lambda images, level: _affine(images, level, shift_y=_shift(images, level)),
}
