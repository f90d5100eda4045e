"""Several rows at once, in processes and under Ray."""

import signal
import threading

import pytest

from keras_transfer.compare import compare_runs
from keras_transfer.comparison.engines import train_row


def test_two_jobs_give_the_same_results_as_one(base, fake_train):
    lists = {"seeds": [0, 1], "schedules": ["constant", "cosine"]}
    one = compare_runs(**base, **lists).results()
    two = compare_runs(**base | {"name": "two"}, **lists, jobs=2).results()
    assert drop_costs(one) == drop_costs(two)


def drop_costs(table):
    return {k: v for k, v in table.items() if k not in ("seconds", "peak_memory_mb", "run")}


def test_a_row_that_is_told_to_stop_ends_its_process(tmp_path):
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    ending = train_row(
        ["-c", "import time; time.sleep(60)"], tmp_path / "output.txt", {}, stop.is_set
    )
    assert ending.code == -signal.SIGTERM


@pytest.mark.slow
def test_ray_gives_the_same_results(base, fake_train):
    pytest.importorskip("ray", reason="needs the extra [ray]")
    lists = {"seeds": [0, 1], "schedules": ["constant", "cosine"]}
    ours = compare_runs(**base, **lists).results()
    rays = compare_runs(**base | {"name": "ray"}, **lists, jobs=2, engine="ray").results()
    assert drop_costs(ours) == drop_costs(rays)
