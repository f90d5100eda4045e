"""Build optimizers whose weights move at rates of their own; rates in time are in schedules.py.

Layer-wise rates are factors inside one optimizer rather than one optimizer per block. Clipping by
the norm of all gradients, loss scaling, accumulation and averages are then Keras' own, and the same
with such rates and without.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.training.optimization import layer_rates
from keras_transfer.training.optimization.layer_rates import LayerRates, RateTable
from keras_transfer.training.optimization.optimizers import OPTIMIZERS, find_decay

SPARED = ("bias", "gamma", "beta")  # names of weights that do not decay


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
    row = OPTIMIZERS[config.name]
    optimizer: LayerRates = getattr(layer_rates, row.class_name)(
        RateTable(rates),
        **row.settings,
        weight_decay=find_decay(config) or None,
        global_clipnorm=None if config.clip_norm in ("auto", 0) else float(config.clip_norm),
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
