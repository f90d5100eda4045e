"""The GPUs of this machine, and how a training shares its batches among them."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from keras_transfer.config.train_config import Policy, TrainConfig
from keras_transfer.data.training_data import TrainingData
from keras_transfer.models.precision import precision, resolve_precision, seeded
from keras_transfer.run.environment import record_environment
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.machine import keeping_freed_memory

logger = logging.getLogger(__name__)


def devices() -> list[str]:
    """Return the logical devices to train on: every visible GPU, or none for the CPU."""
    return [device.name for device in tf.config.list_logical_devices("GPU")]


@contextlib.contextmanager
def distribution(data: TrainingData) -> Iterator[tf.distribute.Strategy | None]:
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


def count_devices(available: int, data: TrainingData) -> int:
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


def prepare(config: TrainConfig, run: Run) -> Policy:
    """Set GPUs up, leave environment.json, and return the precision policy."""
    grow_gpu_memory()
    details = [tf.config.experimental.get_device_details(gpu) for gpu in _gpus()]
    record_environment(run, config.seed, [each.get("device_name", "") for each in details])
    capabilities = [each.get("compute_capability", (0, 0)) for each in details]
    return resolve_precision(config.precision, capabilities)


@contextlib.contextmanager
def sharing(data: TrainingData, policy: Policy, config: TrainConfig) -> Iterator[None]:
    """Train on all devices that can share the batches, in a number format, with a seed.

    On CPUs the memory of one step is kept for the next: that of a GPU TensorFlow keeps itself.

    Raises:
        ConfigError: The settings do not fit several devices.
    """
    keeping = contextlib.nullcontext() if _gpus() else keeping_freed_memory()
    with keeping, distribution(data), precision(policy), seeded(config.seed):
        require_one_device(config.optimizer.accumulate)
        yield
