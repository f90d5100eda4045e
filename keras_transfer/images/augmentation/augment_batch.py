"""Random changes of training images: each is a pure function of a batch and of uniform draws.

The draws come from a seed per image (see `data/batch_order.py`), so a view can be made again at any
time. What mixes several images is in `mixup_cutmix.py`.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from keras_transfer.images.augmentation.colour import COLOUR_CHANGES
from keras_transfer.images.augmentation.geometry import GEOMETRY, move
from keras_transfer.images.augmentation.presets import Augmentation, list_changes
from keras_transfer.images.augmentation.randaugment import apply_operations
from keras_transfer.images.augmentation.random_erasing import erase

# In the order in which they are applied: the settings that switch a change on, and the change.
CHANGES = (
    (GEOMETRY, move),
    (("randaugment",), apply_operations),
    *COLOUR_CHANGES,
    (("erase",), erase),
)


def augment_batch(augmentation: Augmentation) -> Callable[[Any, Any], Any]:
    """Return `(images, draws) -> images`; images are (batch, side, side, 3) float32 in `[0, 255]`.

    What is off is not in the graph.

    Args:
        augmentation: How far each change may go, every strength settled.
    """
    on = {*list_changes(augmentation)}
    chosen = [change for names, change in CHANGES if on & {*names}]

    def change_all(images: Any, draws: Any) -> Any:
        for change in chosen:
            images = change(images, draws, augmentation)
        return tf.clip_by_value(images, 0.0, 255.0)  # moves alone give 255.00002

    return change_all
