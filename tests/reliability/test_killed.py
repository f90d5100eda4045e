"""Killed at any moment, by any signal, and gone on with."""

import os
import random
import signal
import time

import pytest
from forks import Forker
from killing import describe, kill_run, start_command
from same_runs import assert_same_run

from keras_transfer.run import Run

EPOCHS = {"frozen": 8, "finetune": 8}


@pytest.fixture(scope="module")
def forker(tmp_path_factory):
    forker = Forker(tmp_path_factory.mktemp("forker"))
    yield forker
    forker.close()


@pytest.fixture
def words(stripes, tmp_path):
    """Return the options of a short training of the tiny backbone, and a run's name to add."""
    return [
        *("--backbone", "tiny", "--weights", "none", "--dataset", str(stripes)),
        *("--image_size", "32", "--batch_size", "16", "--output", str(tmp_path)),
        *("--frozen.learning_rate", "0.03", "--finetune.learning_rate", "0.01"),
        "--finetune.locked_layers=block2",
        *(f"--{name}.epochs={count}" for name, count in EPOCHS.items()),
    ]


def check_kills(start, words, folder, kills, epochs, seed=0):
    """Kill runs of these settings and compare each with one that nobody killed."""
    assert start([*words, "--name", "whole"]).wait() == 0
    whole, found, draw = Run(folder / "whole"), [], random.Random(seed)
    while len(found) < kills:
        path = folder / f"killed{len(found)}"
        command = [*words, "--name", path.name, "--resume", "auto"]
        found += kill_run(lambda: start(command), path, draw, epochs, kills - len(found))  # noqa: B023
        assert_same_run(Run(path), whole)
    print(describe(found))
    stages = [kill.stage for kill in found]
    assert min(stages.count(phase) for phase in epochs) >= kills // 5
    return found


@pytest.mark.parametrize("cache", ["auto", pytest.param("off", marks=pytest.mark.slow)])
def test_a_run_killed_at_20_random_moments_ends_as_a_whole_one(cache, forker, words, tmp_path):
    check_kills(forker.start, [*words, "--cache.mode", cache], tmp_path, 20, EPOCHS)


@pytest.mark.slow
@pytest.mark.parametrize("cache", ["auto", "off"])
def test_photographs_and_a_real_backbone(cache, shared, tmp_path):
    """20 kills of commands; `killing.py` prints the same as a table."""
    weights = next(shared.glob("weights/mobilenet_v3_small*.h5"))
    words = [
        *("--backbone", "mobilenetv3small", "--weights", str(weights)),
        *("--dataset", str(shared / "data/pizza_steak_sushi"), "--output", str(tmp_path)),
        *("--cache.mode", cache, "--frozen.epochs", "10", "--finetune.epochs", "10"),
    ]
    epochs = {"frozen": 10, "finetune": 10}
    check_kills(lambda command: start_command(command)(), words, tmp_path, 20, epochs)


def wait_for(run, line, process):
    until = time.monotonic() + 60
    while not (run.log_file.exists() and line in run.log_file.read_text()):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("number", "code", "moment"),
    [(signal.SIGTERM, 143, "Data: "), (signal.SIGINT, 130, "finetune epoch  1")],
)
def test_a_signal_ends_a_run_with_the_command_to_go_on(
    number, code, moment, forker, words, tmp_path
):
    process = forker.start([*words, "--name", "run", "--quiet"])
    run = Run(tmp_path / "run")
    wait_for(run, moment, process)
    os.kill(process.pid, number)
    assert process.wait() == code
    assert f"Go on with: python -m keras_transfer.train --resume {run.path}" in process.read()
    assert "Traceback" not in process.read()
    assert not run.lock_file.exists()
    assert not run.metrics_file.exists()
