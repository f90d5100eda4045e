"""Number formats, seeds and devices of a training."""

import contextlib
import random
from collections.abc import Iterator

import keras
import numpy as np


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Build and train under a Keras dtype policy, and put the former one back.

    Args:
        policy: `float32`, `mixed_float16` or `mixed_bfloat16`; see `training.devices` for `auto`.
    """
    former = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(former)


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python, NumPy, TensorFlow and Keras; put Python's and NumPy's state back afterwards."""
    states = random.getstate(), np.random.get_state()
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
