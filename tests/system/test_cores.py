"""How many threads are worth starting."""

import os

import pytest

from keras_transfer.system.machine import count_cores


@pytest.mark.parametrize("affinity", [True, False])
def test_number_of_threads_is_that_of_the_cores(monkeypatch, affinity):
    if not affinity:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert 1 <= count_cores() <= os.cpu_count()
