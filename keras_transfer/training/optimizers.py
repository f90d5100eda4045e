"""Optimizers and learning-rate schedules."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_transfer.config import OptimizerConfig

OPTIMIZERS: Mapping[str, Callable[[OptimizerConfig, Any], keras.optimizers.Optimizer]] = {
    "adam": lambda config, rate: keras.optimizers.Adam(rate),
    "adamw": lambda config, rate: keras.optimizers.AdamW(rate, weight_decay=config.weight_decay),
    "sgd": lambda config, rate: keras.optimizers.SGD(rate, momentum=0.9),
}


def build_optimizer(
    config: OptimizerConfig, learning_rate: float, steps: int
) -> keras.optimizers.Optimizer:
    """Return a fresh optimizer for one phase.

    Args:
        config: Name, weight decay, schedule and warm-up.
        learning_rate: Peak learning rate of the phase.
        steps: Steps of the whole phase; the schedule ends there.

    References:
        Loshchilov and Hutter 2017, SGDR (cosine decay); 2019, Decoupled weight decay (AdamW).
        Goyal et al. 2017, Accurate, large minibatch SGD (warm-up).
    """
    rate = _schedule(config, learning_rate, steps)
    optimizer = OPTIMIZERS[config.name](config, rate)
    if config.name == "adamw":
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _schedule(config: OptimizerConfig, learning_rate: float, steps: int) -> Any:
    warmup_steps = int(config.warmup * steps)
    schedules = keras.optimizers.schedules
    if config.schedule == "cosine":
        if not warmup_steps:
            return schedules.CosineDecay(learning_rate, decay_steps=max(1, steps))
        return schedules.CosineDecay(
            0.0,
            decay_steps=max(1, steps - warmup_steps),
            warmup_target=learning_rate,
            warmup_steps=warmup_steps,
        )
    if not warmup_steps:
        return learning_rate
    return schedules.PolynomialDecay(0.0, warmup_steps, end_learning_rate=learning_rate)
