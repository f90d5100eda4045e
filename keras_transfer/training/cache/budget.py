"""How much memory and disk what is kept may take."""

import logging
import os
import tempfile
from dataclasses import dataclass

import numpy as np

from keras_transfer.config.messages import say_bytes
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.run.run_directory import Run
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.machine import free_disk, free_memory
from keras_transfer.training.cache.memory_store import Place, count_bytes
from keras_transfer.training.cache.reuse_folder import claim_scratch, count_reuse, reuse_folder

SHARE = 4  # at most a fourth of a budget

logger = logging.getLogger(__name__)


@dataclass
class Budget:
    """Bytes that may still be taken."""

    memory: int
    disk: int

    def __str__(self) -> str:
        return f"{say_bytes(self.memory)} memory, {say_bytes(self.disk)} disk"

    def find_place(self, needed: int) -> Place | None:
        """Return where `needed` bytes fit, memory first."""
        if needed <= self.memory:
            return "memory"
        return "disk" if needed <= self.disk else None

    def take(self, place: Place, needed: int) -> None:
        """Count bytes as taken."""
        self.memory -= needed if place == "memory" else 0
        self.disk -= needed if place == "disk" else 0


def read_budget(config: CacheConfig, run: Run) -> Budget:
    """Return the budgets in bytes; `auto` is a quarter of what is free now.

    With `reuse` the disk is that of the reuse folder, and what lies there counts as free: it makes
    room, or is what this run would write again.
    """
    memory, disk = config.memory_gb, config.disk_gb
    return Budget(
        memory=free_memory() // 4 if isinstance(memory, str) else int(memory * 1e9),
        disk=_count_free(config, run) // 4 if isinstance(disk, str) else int(disk * 1e9),
    )


def allocate_examples(
    config: CacheConfig, run: Run, shape: tuple[int, ...], dtype: str
) -> np.ndarray | None:
    """Return an array for the examples that an inspection keeps, in memory or in a file.

    It takes `SHARE` of a budget at most, as activations come first and their size is not known yet.
    TensorFlow, which the examples are made with, is loaded from now on.

    Args:
        config: The budgets.
        run: Its scratch folder takes the file.
        shape: Of the array.
        dtype: Of its numbers.

    Returns:
        The array, of unknown numbers; None where there is no room.
    """
    needed = count_bytes({"": (shape, dtype)})
    run.stopwatch.lap("data")
    import_tensorflow()
    from keras_transfer.training.devices import grow_gpu_memory

    grow_gpu_memory()  # no longer possible after the first operation
    run.stopwatch.lap("start")
    place = read_budget(config, run).find_place(needed * SHARE)
    try:
        if place == "memory":
            return np.empty(shape, dtype)
        if place == "disk" and hasattr(os, "posix_fallocate"):
            claim_scratch(run.scratch)
            # without a name: it goes with the process, however that ends
            with tempfile.TemporaryFile(dir=run.scratch) as stream:
                # or a full disk would end the process: the array is a map of the file
                os.posix_fallocate(stream.fileno(), 0, needed)
                return np.memmap(stream, dtype, "r+", shape=shape)
    except (OSError, MemoryError) as error:
        logger.debug("Examples are not kept by the inspection: %s", error)
    return None


def _count_free(config: CacheConfig, run: Run) -> int:
    if config.reuse:
        return free_disk(reuse_folder()) + count_reuse()
    return free_disk(run.path)
