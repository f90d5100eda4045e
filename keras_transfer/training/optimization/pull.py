"""The penalty that holds a weight near its anchor."""

from typing import Any

import keras
import numpy as np


class Pull(keras.regularizers.Regularizer):
    """Half the squared distance from the anchor, each weight's by its importance.

    Args:
        anchor: The pretrained values.
        importance: Of each of them, from 0, in the same shape; or one number for all.
        strength: Factor of the sum.
    """

    def __init__(self, anchor: np.ndarray, importance: np.ndarray | float, strength: float) -> None:
        self.anchor = keras.ops.convert_to_tensor(anchor)
        self.factor = keras.ops.convert_to_tensor(0.5 * strength * importance, anchor.dtype)

    def __call__(self, x: Any) -> Any:
        """Return the penalty of the values that a variable has now."""
        return keras.ops.sum(self.factor * keras.ops.square(x - self.anchor))
