"""Number formats, seeds and devices of a training."""

import contextlib
import random
from collections.abc import Iterator, Sequence

import keras
import numpy as np

from keras_transfer.config.train_config import Policy


def resolve_precision(word: Policy, capabilities: Sequence[tuple[int, int]]) -> Policy:
    """Turn `auto` into a policy: mixed_float16 if every GPU has fast float16, else float32.

    On CPUs 16-bit formats are slower for most backbones, so they are taken on request only.

    Args:
        word: `config.precision`.
        capabilities: Compute capability of each GPU; (0, 0): unknown.
    """
    if word != "auto":
        return word
    fast = bool(capabilities) and min(capabilities) >= (7, 0)
    return "mixed_float16" if fast else "float32"


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Build and train under a Keras dtype policy, and put the former one back.

    Args:
        policy: `float32`, `mixed_float16` or `mixed_bfloat16`; see `resolve_precision` for `auto`.
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
