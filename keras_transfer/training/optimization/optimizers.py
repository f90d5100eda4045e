"""OPTIMIZERS: the ways to move weights, one row of facts each; `build_optimizer.py` builds them.

Nothing here imports Keras or TensorFlow, so an unknown name is refused at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keras_transfer.config.sections.optimizer_settings import OptimizerConfig


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """One way to move weights."""

    class_name: str
    """Name of its class in layer_rates.py."""
    decay: float = 0.0
    """What `optimizer.weight_decay` auto means, relative to the learning rate."""
    settings: Mapping[str, float] = field(default_factory=dict)
    """What its class takes besides what the class of every row takes."""


OPTIMIZERS: Mapping[str, Optimizer] = {
    "adam": Optimizer(class_name="Adam"),
    "adamw": Optimizer(class_name="Adam", decay=0.01),
    "sgd": Optimizer(class_name="SGD", settings={"momentum": 0.9}),
    "rmsprop": Optimizer(class_name="RMSprop", settings={"momentum": 0.9}),
    "lion": Optimizer(class_name="Lion", decay=0.01),
}


def find_decay(config: OptimizerConfig) -> float:
    """Return the weight decay that is meant, from 0."""
    if config.weight_decay == "auto":
        return OPTIMIZERS[config.name].decay
    return float(config.weight_decay)
