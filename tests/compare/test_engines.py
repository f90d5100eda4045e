"""Several rows at once, in processes and under Ray."""

import os
import signal
import threading

import numpy as np
import pytest

from keras_transfer.compare import compare_runs
from keras_transfer.compare.engines import train_row


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


@pytest.mark.thorough
def test_the_memory_of_a_row_is_its_own_and_not_that_of_who_started_it(tmp_path):
    ours = np.ones(60_000_000)  # 480 MB
    assert 1 < measure_peak(tmp_path, "") < 200
    assert len(ours)
    assert 300 < measure_peak(tmp_path, "data = b'x' * 300_000_000") < 500


def measure_peak(folder, line):
    """Return the memory of a process in 10**6 bytes, looked at once it has run a line."""
    done, looks = folder / "done", []

    def stopping():
        looks.append(done.exists())
        return sum(looks) > 1  # memory is looked at before, so the second time it is that

    script = f"import pathlib, time; {line}\npathlib.Path({str(done)!r}).touch(); time.sleep(600)"
    ending = train_row(["-c", script], folder / "output.txt", {}, stopping)
    done.unlink()
    return ending.peak_memory_mb


def test_a_row_has_the_variables_it_is_given_and_no_others_of_those(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as Ray does
    monkeypatch.setenv("HOME", "elsewhere")
    script = "import os; print(*(os.environ.get(n) for n in (%r, %r, %r)), os.getsid(0))"
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "HOME")
    output = tmp_path / "output.txt"
    train_row(["-c", script % names], output, {"TF_NUM_INTRAOP_THREADS": "2"})
    *found, session = output.read_text().split()
    assert found == ["None", "2", "elsewhere"]
    assert int(session) != os.getsid(0)  # Ctrl-C of a terminal does not reach it


@pytest.mark.slow
def test_ray_gives_the_same_results(base, fake_train):
    pytest.importorskip("ray", reason="needs the extra [ray]")
    lists = {"seeds": [0, 1], "schedules": ["constant", "cosine"]}
    ours = compare_runs(**base, **lists).results()
    rays = compare_runs(**base | {"name": "ray"}, **lists, jobs=2, engine="ray").results()
    assert drop_costs(ours) == drop_costs(rays)
