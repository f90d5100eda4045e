"""Random erasing: a rectangle gets one colour."""

import math
from typing import Any

import tensorflow as tf

from keras_transfer.images.augmentation import view_draws as take
from keras_transfer.images.augmentation.boxes import mark_boxes
from keras_transfer.images.augmentation.presets import Augmentation
from keras_transfer.images.augmentation.view_draws import around_zero

ERASED_AREA = 0.02, 0.4  # as Zhong et al. 2020
ERASED_ASPECT = math.log(1 / 0.3)


def erase(images: Any, draws: Any, augmentation: Augmentation) -> Any:
    """Fill a rectangle in some of the images with one random colour each.

    References:
        Zhong et al. 2020, Random erasing data augmentation; there every pixel is random.
    """
    side = tf.cast(tf.shape(images)[1], tf.float32)
    least, most = ERASED_AREA
    area = least + (most - least) * draws[:, take.ERASE_AREA]
    # A rectangle of that area must fit: neither side may be longer than that of the image.
    stretch = tf.minimum(ERASED_ASPECT, -tf.math.log(area)) / 2.0
    stretch = tf.exp(around_zero(draws, take.ERASE_ASPECT) * stretch)
    height, width = tf.sqrt(area) * side * stretch, tf.sqrt(area) * side / stretch
    top = draws[:, take.ERASE_Y] * (side - height)
    left = draws[:, take.ERASE_X] * (side - width)
    mask = mark_boxes(tf.stack([top, left, top + height, left + width], axis=1), side)
    mask *= tf.cast(draws[:, take.ERASE] < augmentation.erase, tf.float32)[:, None, None, None]
    colours = 255.0 * draws[:, take.ERASE_COLOUR][:, None, None, :]
    return images + mask * (colours - images)
