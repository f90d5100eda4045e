"""Whole epochs are timed, of both trainings alike, and shares of limits are counted rightly."""

import sys

import pytest
from benchmark_modules import load


@pytest.fixture(scope="module")
def bare_fit():
    return load("bare_fit")


def test_epochs_are_timed_from_the_end_of_the_first(bare_fit):
    script = (
        "import time\n"
        "time.sleep(1)\n"
        "for epoch in 1, 2, 3:\n"
        "    time.sleep(.05)\n"
        "    print(f'frozen   epoch  {epoch}/3  loss', flush=True)\n"
        "print('Next: epoch 4/4', flush=True)"
    )
    found = bare_fit.time_epochs([sys.executable, "-c", script])
    assert list(found) == ["frozen"]
    seconds, cores = found["frozen"]
    assert seconds >= 0.05
    assert cores >= 0


def test_a_training_that_fails_ends_the_benchmark(bare_fit):
    with pytest.raises(SystemExit, match="last words"):
        bare_fit.time_epochs([sys.executable, "-c", "print('last words'); exit(3)"])


def test_the_ratio_is_that_of_speeds(bare_fit, capsys):
    pairs = [
        {"ours": {"finetune": (2.0, 4.0)}, "bare": {"finetune": (1.0, 3.0)}},
        {"ours": {"finetune": (2.0, 4.0)}, "bare": {"finetune": (2.0, 3.0)}},
    ]
    bare_fit.print_pairs("full", pairs, 120)
    row = capsys.readouterr().out.splitlines()[2]
    assert row == "| full | finetune | 60.0 | 80.0 | 0.750 | 0.500 to 1.000 | 4.00 | 3.00 |"


def test_limits_of_predicting_are_the_slower_part_and_both_in_turn():
    row = load("predict_stream").list_limits("run", 150.0, 600.0, 300.0)
    assert row == ["run", "600", "300", "0.50", "0.75"]
