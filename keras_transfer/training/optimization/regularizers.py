"""REGULARIZERS: what holds the backbone near its pretrained weights; `pull.py` is the penalty.

Nothing here imports Keras or TensorFlow before a row is used, so an unknown name is refused at
once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.run_directory import Run

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Regularizer:
    """One way to hold the backbone near its pretrained weights."""

    weigh: Callable[..., Sequence[np.ndarray | float]] | None
    """From the whole model, the weights of its backbone, the settings and the run to the importance
    of each weight, from 0: an array of its shape, or one number. None: nothing is held."""
    needs_source: bool = False
    """Whether it reads the images of `regularize.source`."""


def weigh_equally(
    model: "keras.Model", weights: "list[keras.Variable]", config: TrainConfig, run: Run
) -> list[float]:
    """Return 1 for each weight.

    References:
        Li, Grandvalet and Davoine 2018, Explicit inductive bias for transfer learning with
        convolutional networks (L2-SP).
    """
    return [1.0] * len(weights)


def weigh_by_fisher(
    model: "keras.Model", weights: "list[keras.Variable]", config: TrainConfig, run: Run
) -> list[np.ndarray]:
    """Return how much each weight matters to `regularize.source`, 1 in the mean.

    References:
        Kirkpatrick et al. 2017, Overcoming catastrophic forgetting in neural networks (EWC).
    """
    from keras_transfer.training.optimization.fisher_information import recall_fisher

    return recall_fisher(model, weights, config, run)


REGULARIZERS: Mapping[str, Regularizer] = {
    "none": Regularizer(weigh=None),
    "l2_sp": Regularizer(weigh=weigh_equally),
    "ewc": Regularizer(weigh=weigh_by_fisher, needs_source=True),
}
