"""SCHEDULES: how a learning rate goes over the steps of a training, as an array of a rate a step.

Nothing here imports Keras or TensorFlow, so an unknown name is refused at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from keras_transfer.config.sections.optimizer_settings import OptimizerConfig

CYCLES = np.array([0, 1, 3, 7]) / 7  # where those of cosine_restarts begin and end
CLIMB = 0.3  # share of one_cycle in which the rate rises
START, END = 1 / 25, 1e-5  # rates of one_cycle at both ends, relative to the peak


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The way of a learning rate once it is warmed up."""

    shape: Callable[[np.ndarray], np.ndarray]
    """From x = 0/n, 1/n … (n - 1)/n of the n steps, (n,), to shares of the peak in (0, 1]."""
    warms_up: bool = True
    """Whether it begins after `optimizer.warmup`. False: it climbs by itself."""


def _fall(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.cos(np.pi * x))


def _restart(x: np.ndarray) -> np.ndarray:
    cycle = np.searchsorted(CYCLES, x, side="right") - 1
    return _fall((x - CYCLES[cycle]) / (CYCLES[cycle + 1] - CYCLES[cycle]))


def _cycle(x: np.ndarray) -> np.ndarray:
    climb = START + (1 - START) * _fall(1 - x / CLIMB)
    return np.where(x < CLIMB, climb, END + (1 - END) * _fall((x - CLIMB) / (1 - CLIMB)))


SCHEDULES: Mapping[str, Schedule] = {
    "constant": Schedule(shape=np.ones_like),
    "cosine": Schedule(shape=_fall),
    "linear": Schedule(shape=lambda x: 1 - x),
    "cosine_restarts": Schedule(shape=_restart),
    "one_cycle": Schedule(shape=_cycle, warms_up=False),
    "step": Schedule(shape=lambda x: np.where(x < 0.5, 1.0, np.where(x < 0.75, 0.1, 0.01))),
    "exponential": Schedule(shape=lambda x: 0.01**x),
}


USUAL, TEXT_SCHEDULE = "cosine", "linear"  # what `auto` is: of images, of texts


def plan_rates(config: OptimizerConfig, peak: float, steps: int, epoch_steps: int) -> np.ndarray:
    """Return the learning rate of every step, float64 (max(1, steps),).

    The warm-up climbs from zero in equal steps. A cosine falls from the peak and would reach zero
    right after its last step.

    Args:
        config: Schedule and warm-up.
        peak: The highest rate.
        steps: Steps from the first of the warm-up to the end of the schedule.
        epoch_steps: Steps of one epoch.

    References:
        Devlin et al. 2019, BERT (linear, after a warm-up of 10 %).
        Loshchilov and Hutter 2017, SGDR (cosine decay, restarts in cycles that double).
        Goyal et al. 2017, Accurate, large minibatch SGD (warm-up).
        Smith and Topin 2018, Super-convergence (one_cycle), with the shape of fastai.
        He et al. 2016, Deep residual learning (step).
    """
    name = USUAL if config.schedule == "auto" else config.schedule
    row, steps = SCHEDULES[name], max(1, steps)
    wanted = config.warmup * (steps if config.warmup < 1 else epoch_steps)
    # at least one step at the peak
    warmup = min(int(wanted), steps - 1) if row.warms_up else 0
    step = np.arange(steps)
    climb = peak * step / max(1, warmup)
    place = np.maximum(0, step - warmup) / (steps - warmup)
    return np.where(step < warmup, climb, peak * row.shape(place))
