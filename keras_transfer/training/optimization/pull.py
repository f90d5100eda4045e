"""The penalty that holds the weights of a backbone near their anchor, as regularizers of them.

It is part of every loss that is printed, that of validation as well.
"""

from typing import Any

import keras
import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.freezing import list_weights
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.optimization.regularizers import REGULARIZERS


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


def hold_backbone(model: keras.Model, config: TrainConfig, checkpoints: Checkpoints) -> None:
    """Give the weights of the backbone the penalty that `config` asks for.

    Whatever an earlier phase locked is at its anchor, so only what learns is penalised. Statistics
    of BatchNorm do not learn by gradients and are left alone.

    Args:
        model: The whole model.
        config: `regularize.name`, `strength` and, where the row needs it, `source`.
        checkpoints: Hold the weights from which the training started, the anchor.
    """
    weigh = REGULARIZERS[config.regularize.name].weigh
    if weigh is None:
        return
    weights = list_weights(model.get_layer("backbone"))
    anchors = checkpoints.read_start(weights)
    importances = weigh(model, weights, config, checkpoints.run)
    for weight, anchor, importance in zip(weights, anchors, importances, strict=True):
        weight.regularizer = Pull(anchor, importance, config.regularize.strength)
