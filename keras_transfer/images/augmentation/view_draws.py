"""The uniform numbers that decide a view, and which change takes which of them."""

from typing import Any

import tensorflow as tf

from keras_transfer.config.sections.augment_settings import OFF

DRAWS = 48  # numbers per view; the first n stay the same where there are more

# The columns that a change takes. A new one takes new columns: taking those of another would tie
# the two together, and moving them would change every view that was ever measured.
ROTATION, ZOOM, FLIP, SHIFT_X, SHIFT_Y, FLIP_VERTICAL = range(6)
CROP_AREA, CROP_ASPECT = 6, 7
BRIGHTNESS, CONTRAST, SATURATION = 8, 9, 10
CROP_X, CROP_Y = 11, 12
HUE, GRAYSCALE, BLUR, BLUR_WIDTH = 13, 14, 15, 16
ERASE, ERASE_AREA, ERASE_ASPECT, ERASE_X, ERASE_Y = range(17, 22)
ERASE_COLOUR = slice(22, 25)
OPERATIONS = ((25, 26), (27, 28))  # of RandAugment: which one, and in which direction
INVERT = slice(29, 32)  # a channel each
BLACK, WHITE = slice(32, 35), slice(35, 38)  # what they become when channels are recoloured
FREE = 38  # the first that none of these takes
FIRST_FIELDS = 18  # of `AugmentConfig`, which take the columns above; later ones have `own_column`


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


def around_zero(draws: Any, column: int) -> Any:
    """Return one column, (batch,), stretched to `[-1, 1)`."""
    return 2.0 * draws[:, column] - 1.0


def own_column(field: str) -> int:
    """Return the column of a change whose field was added to `AugmentConfig` later, at its end."""
    return FREE + [*OFF][FIRST_FIELDS:].index(field)
