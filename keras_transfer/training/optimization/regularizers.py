"""Penalties that hold the backbone near its pretrained weights, as regularizers of its variables.

They are part of every loss that is printed, that of validation as well.
"""

from typing import Any

import keras
import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.freezing import list_weights
from keras_transfer.run.run_directory import Run
from keras_transfer.system.atomic_files import replacing
from keras_transfer.training.checkpoints import Checkpoints, read_arrays, write_arrays
from keras_transfer.training.optimization.fisher_information import estimate_fisher
from keras_transfer.training.optimization.pull import Pull


def hold_backbone(model: keras.Model, config: TrainConfig, checkpoints: Checkpoints) -> None:
    """Give the weights of the backbone the penalty that `config` asks for.

    Whatever an earlier phase locked is at its anchor, so only what learns is penalised. Statistics
    of BatchNorm do not learn by gradients and are left alone.

    Args:
        model: The whole model.
        config: `regularize.name` and `strength`; for ewc also `source`.
        checkpoints: Hold the weights from which the training started, the anchor.

    References:
        l2_sp: Li, Grandvalet and Davoine 2018, Explicit inductive bias for transfer learning with
        convolutional networks. ewc: Kirkpatrick et al. 2017, Overcoming catastrophic forgetting in
        neural networks.
    """
    chosen = config.regularize
    if chosen.name == "none":
        return
    weights = list_weights(model.get_layer("backbone"))
    anchors = checkpoints.read_start(weights)
    importances: list[Any] = [1.0] * len(weights)
    if chosen.name == "ewc":
        importances = _weigh(model, weights, config, checkpoints.run)
    for weight, anchor, importance in zip(weights, anchors, importances, strict=True):
        weight.regularizer = Pull(anchor, importance, chosen.strength)


def _weigh(
    model: keras.Model, weights: list[keras.Variable], config: TrainConfig, run: Run
) -> list[np.ndarray]:
    """Return the Fisher information of each weight, scaled to a mean of 1 over all of them.

    It is kept among the checkpoints: an interrupted run does not need the source again. Scaled,
    `strength` means the same as for l2_sp, however sure the network is of the source.
    """
    file = run.checkpoints / "fisher.npz"
    kept = read_arrays(file)
    if kept is None:
        found = estimate_fisher(model, weights, config)
        mean = sum(value.sum() for value in found) / sum(value.size for value in found)
        kept = {str(index): value / max(mean, 1e-30) for index, value in enumerate(found)}
        with replacing(file) as temporary:
            write_arrays(temporary, kept)
        run.stopwatch.lap("fisher")
    return list(kept.values())
