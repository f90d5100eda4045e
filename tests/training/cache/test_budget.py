"""Examples that the inspection keeps go where there is much room, and nowhere else."""

import numpy as np
import pytest

from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.run.run_directory import Run
from keras_transfer.training.cache.budget import allocate_examples

SHAPE = (10, 100, 1000)  # a megabyte


@pytest.fixture
def allocate(tmp_path):
    def allocate(memory, disk):
        config = CacheConfig(memory_gb=memory, disk_gb=disk)
        return allocate_examples(config, Run(tmp_path / "run"), SHAPE, "uint8")

    return allocate


def test_they_take_memory_where_it_holds_four_times_as_much(allocate):
    found = allocate(0.004, 0)
    assert (found.shape, found.dtype, type(found)) == (SHAPE, np.uint8, np.ndarray)


def test_else_a_file_that_goes_with_the_process(allocate, tmp_path):
    found = allocate(0.003, 0.004)
    assert isinstance(found, np.memmap)
    found[3] = 7
    assert found[[3, 3, 2]].mean(axis=(1, 2)).tolist() == [7, 7, 0]
    assert not [file for file in (tmp_path / "run/scratch").iterdir() if file.stat().st_size > 999]


def test_without_room_they_are_not_kept(allocate):
    assert allocate(0.003, 0.003) is None


def test_a_full_disk_is_no_fault(allocate, monkeypatch):
    def refuse(*words):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", refuse)
    assert allocate(0, 1) is None
