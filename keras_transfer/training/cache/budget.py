"""How much memory and disk what is kept may take."""

from dataclasses import dataclass

from keras_transfer.config.messages import say_bytes
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.run.run_directory import Run
from keras_transfer.system.machine import free_disk, free_memory
from keras_transfer.training.cache.reuse_folder import count_reuse, reuse_folder
from keras_transfer.training.plan.training_parts import Place


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


def _count_free(config: CacheConfig, run: Run) -> int:
    if config.reuse:
        return free_disk(reuse_folder()) + count_reuse()
    return free_disk(run.path)
