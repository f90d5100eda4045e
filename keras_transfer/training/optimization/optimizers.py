"""Optimizers whose weights move at rates of their own; the rates in time are in schedules.py.

Layer-wise rates are factors inside one optimizer rather than one optimizer per block. Clipping by
the norm of all gradients, loss scaling, accumulation and averages are then Keras' own, and the same
with such rates and without.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.training.optimization.layer_rates import (
    SGD,
    Adam,
    LayerRates,
    Lion,
    RateTable,
    RMSprop,
)

SPARED = ("bias", "gamma", "beta")  # names of weights that do not decay

OPTIMIZERS: Mapping[str, Callable[..., LayerRates]] = {
    "adam": Adam,
    "adamw": Adam,
    "sgd": lambda *rate, **settings: SGD(*rate, momentum=0.9, **settings),
    "rmsprop": lambda *rate, **settings: RMSprop(*rate, momentum=0.9, **settings),
    "lion": Lion,
}
DECAY = {"adamw": 0.01, "lion": 0.01}  # what `weight_decay auto` means; 0 for the others


def find_decay(config: OptimizerConfig) -> float:
    """Return the weight decay that is meant, from 0."""
    if config.weight_decay == "auto":
        return DECAY.get(config.name, 0.0)
    return float(config.weight_decay)


def build_optimizer(
    config: OptimizerConfig, rates: np.ndarray, factors: Sequence[float] = ()
) -> keras.optimizers.Optimizer:
    """Return a fresh optimizer for one phase.

    Args:
        config: Name, weight decay, clipping, accumulation, average.
        rates: (steps,) learning rate of each step, see `plan_rates`; also of those that only
            add to the gradients of the next update.
        factors: On the rate of each weight that learns, in their order. Empty: all 1.

    References:
        Loshchilov and Hutter 2019, Decoupled weight decay regularization (AdamW).
    """
    optimizer = OPTIMIZERS[config.name](
        RateTable(rates),
        weight_decay=find_decay(config) or None,
        global_clipnorm=config.clip_norm or None,
        gradient_accumulation_steps=config.accumulate if config.accumulate > 1 else None,
        use_ema=config.ema > 0,
        ema_momentum=config.ema,
    )
    optimizer.exclude_from_weight_decay(var_names=list(SPARED))
    optimizer.factors = tuple(factors)
    return optimizer


def open_optimizer(optimizer: keras.optimizers.Optimizer) -> LayerRates:
    """Return what Keras may have wrapped for scaling the loss."""
    return getattr(optimizer, "inner_optimizer", optimizer)


def set_steps(optimizer: keras.optimizers.Optimizer, steps: int) -> None:
    """Put an optimizer where it is after so many steps of its schedule.

    Gradients that waited for an update are dropped: of other steps, they would not make one whole.
    """
    inner = open_optimizer(optimizer)
    inner._iterations.assign(steps)
    if inner.gradient_accumulation_steps:
        inner._backend_reset_gradient_accumulators()


def list_averages(optimizer: keras.optimizers.Optimizer) -> list[tuple[Any, Any]]:
    """Return each weight that learns with its average over the steps; nothing without `ema`."""
    inner = open_optimizer(optimizer)
    if not inner.use_ema:
        return []
    averages = inner._model_variables_moving_average
    return list(zip(inner._trainable_variables, averages, strict=True))
