"""Random changes of colours and details of training images that leave everything in its place."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_transfer.images.augmentation import view_draws as take
from keras_transfer.images.augmentation.presets import Augmentation
from keras_transfer.images.augmentation.view_draws import around_zero

Change = Callable[[Any, Any, Augmentation], Any]

BLUR_WIDTHS = 0.1, 2.0  # standard deviation in pixels of 224, as in SimCLR (Chen et al. 2020)


def brighten(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Add the same to every number, or take it."""
    return images + (_factor(draws, take.BRIGHTNESS, augmentation.brightness) - 1.0) * 255.0


def change_contrast(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Let differences from the mean colour grow or shrink."""
    mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
    return (images - mean) * _factor(draws, take.CONTRAST, augmentation.contrast) + mean


def change_hue(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Turn all colours by the same angle."""
    hues, others = tf.split(tf.image.rgb_to_hsv(tf.clip_by_value(images, 0.0, 255.0)), [1, 2], 3)
    hues = tf.math.floormod(hues + _factor(draws, take.HUE, augmentation.hue) - 1.0, 1.0)
    return tf.image.hsv_to_rgb(tf.concat([hues, others], axis=3))


def saturate(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Let differences from gray grow or shrink, or vanish."""
    colour = _factor(draws, take.SATURATION, augmentation.saturation)
    if augmentation.grayscale:
        is_gray = draws[:, take.GRAYSCALE] < augmentation.grayscale
        colour = tf.where(is_gray[:, None, None, None], 0.0, colour)
    gray = tf.image.rgb_to_grayscale(images)
    return (images - gray) * colour + gray


def invert(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Turn some channels into their negatives, each by itself.

    References:
        `Invert(per_channel=True)` of imgaug; `RandomInvert` of torchvision inverts all three.
    """
    is_chosen = (draws[:, take.INVERT] < augmentation.invert)[:, None, None, :]
    return tf.where(is_chosen, 255.0 - images, images)


def recolour(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Move each channel towards a random line through it, which may fall.

    References:
        A random linear transform of colours, as Volpi and Murino 2019 search for (Addressing model
        vulnerability to distributional shifts over image transformation sets), and as one layer of
        1 x 1 in the random convolutions of Xu et al. 2021 (Robust and generalizable visual
        representation learning via random convolutions).
    """
    black = draws[:, None, None, take.BLACK] * 255.0  # (batch, 1, 1, 3), and so are the whites
    white = draws[:, None, None, take.WHITE] * 255.0
    lines = black + (white - black) * images / 255.0
    return images + (lines - images) * augmentation.recolour


def _factor(draws: Any, column: int, strength: Any) -> Any:
    """Return 1 and up to `strength` more or less, (batch, 1, 1, 1)."""
    return (1.0 + around_zero(draws, column) * strength)[:, None, None, None]


def blur(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Blur some of the images by Gaussians of random width; those are gathered, it is dear."""
    rows = tf.where(draws[:, take.BLUR] < augmentation.blur)[:, 0]
    side = tf.cast(tf.shape(images)[1], tf.float32)
    least, most = BLUR_WIDTHS
    width = (least + (most - least) * tf.gather(draws[:, take.BLUR_WIDTH], rows)) * side / 224.0
    pixels = tf.range(side)
    distance = (pixels[:, None] - pixels[None, :]) / width[:, None, None]
    kernel = tf.exp(-0.5 * distance**2)  # (chosen, side, side): times it a line is blurred
    kernel /= tf.reduce_sum(kernel, axis=2, keepdims=True)  # nothing is dark at the border
    blurred = tf.einsum("bvh,bhwc->bvwc", kernel, tf.gather(images, rows))
    blurred = tf.einsum("bvw,bhwc->bhvc", kernel, blurred)
    return tf.tensor_scatter_nd_update(images, rows[:, None], blurred)


# In the order in which they are applied: the settings that switch a change on, and the change. It
# takes images (batch, side, side, 3), draws, and the augmentation; the result may leave [0, 255].
COLOUR_CHANGES: tuple[tuple[tuple[str, ...], Change], ...] = (
    (("brightness",), brighten),
    (("contrast",), change_contrast),
    (("hue",), change_hue),
    (("saturation", "grayscale"), saturate),
    (("invert",), invert),
    (("recolour",), recolour),
    (("blur",), blur),
)
