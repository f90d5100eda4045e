"""Random changes of training images: each is a pure function of a batch and of uniform draws.

The draws come from a seed per image (see `order.py`), so a view can be made again at any time.
What mixes several images is in `mixing.py`.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_transfer.images.augmentation.colour import blur, recolour
from keras_transfer.images.augmentation.geometry import move
from keras_transfer.images.augmentation.presets import Augmentation
from keras_transfer.images.augmentation.randaugment import apply_operations
from keras_transfer.images.augmentation.random_erasing import erase


def augment_batch(augmentation: Augmentation) -> Callable[[Any, Any], Any]:
    """Return `(images, draws) -> images`; images are (batch, side, side, 3) float32 in `[0, 255]`.

    What is off is not in the graph.

    Args:
        augmentation: How far each change may go.
    """
    row = augmentation
    moves = row.flip, row.flip_vertical, row.rotation, row.zoom, row.shift, row.crop < 1
    colours = row.brightness, row.contrast, row.saturation, row.hue, row.grayscale

    def change(images: Any, draws: Any) -> Any:
        if any(moves):
            images = move(images, draws, row)
        if row.randaugment:
            images = apply_operations(images, draws, row.randaugment)
        if any(colours):
            images = recolour(images, draws, row)
        if row.blur:
            images = blur(images, draws, row)
        if row.erase:
            images = erase(images, draws, row)
        return tf.clip_by_value(images, 0.0, 255.0)  # moves alone give 255.00002

    return change
