"""Number formats, seeds and devices of a training."""

import contextlib
import logging
import random
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.config import ConfigError, Policy
from keras_transfer.data.pipeline import ImageData

logger = logging.getLogger(__name__)


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


def resolve_precision(word: Policy) -> Policy:
    """Turn `auto` into a policy: mixed_float16 if every GPU has fast float16, else float32.

    On CPUs 16-bit formats are slower for most backbones, so they are taken on request only.
    """
    if word != "auto":
        return word
    details = [tf.config.experimental.get_device_details(gpu) for gpu in _gpus()]
    capabilities = [detail.get("compute_capability", (0, 0)) for detail in details]
    fast = bool(capabilities) and min(capabilities) >= (7, 0)
    return "mixed_float16" if fast else "float32"


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


def devices() -> list[str]:
    """Return the logical devices to train on: every visible GPU, or none for the CPU."""
    return [device.name for device in tf.config.list_logical_devices("GPU")]


@contextlib.contextmanager
def distribution(data: ImageData) -> Iterator[tf.distribute.Strategy | None]:
    """Share the batches of a training among the visible GPUs of this machine.

    With one device or none nothing is wrapped. The strategy (None without one) is handed out.

    Args:
        data: Its batches decide how many devices can share them, see `count_devices`.
    """
    names = devices()
    used = count_devices(len(names), data)
    if used < len(names):
        logger.warning("%d of %d devices are used: batches must divide", used, len(names))
    names = names[:used]
    if len(names) < 2:
        yield None
        return
    logger.info("Training on %d devices: %s", len(names), ", ".join(names))
    strategy = tf.distribute.MirroredStrategy(
        names, cross_device_ops=tf.distribute.HierarchicalCopyAllReduce()
    )
    with strategy.scope():
        yield strategy


def require_one_device(accumulate: int) -> None:
    """Refuse gradient accumulation where several devices share the batches: Keras 3.15 fails there.

    Raises:
        ConfigError: `accumulate` is above 1 within a distribution strategy.
    """
    if accumulate > 1 and tf.distribute.has_strategy():
        raise ConfigError(
            "`optimizer.accumulate` must be 1 on several devices. Received: "
            f"{accumulate}. A larger --batch_size does the same there; or make one device visible: "
            "CUDA_VISIBLE_DEVICES=0."
        )


def count_devices(available: int, data: ImageData) -> int:
    """Return how many devices can share every batch.

    Keras 3.15 averages the first batch over the devices, so it must divide evenly, and a device
    without an image of the last batch fails in BatchNorm.
    """
    firsts, lasts = [], []
    for split in data.splits.values():
        firsts.append(min(data.batch_size, len(split)))
        lasts.append(len(split) % data.batch_size or firsts[-1])
    fitting = [
        count
        for count in range(1, available + 1)
        if not any(first % count for first in firsts) and min(lasts) >= count
    ]
    return max(fitting, default=1)


def _gpus() -> list[Any]:
    return list(tf.config.list_physical_devices("GPU"))


def grow_gpu_memory() -> None:
    """Take GPU memory as it is needed, so that a second program can run beside this one."""
    for gpu in _gpus():
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:  # the GPU is in use already: whoever started it chose
            logger.debug("Memory growth of %s can no longer be set", gpu.name)
