"""Whole epochs are timed, of both trainings alike, and shares of limits are counted rightly."""

import sys

import pytest
from benchmark_modules import load


@pytest.fixture(scope="module")
def bare_fit():
    return load("bare_fit")


def test_epochs_are_timed_from_the_end_of_the_first(bare_fit):
    ends = {
        "frozen": [(9.0, 7.0), (10.0, 9.0), (13.0, 10.0)],
        "finetune": [(20.0, 1.0), (24.0, 3.0)],
    }
    assert bare_fit.average_epochs(ends) == {"frozen": (2.0, 1.5), "finetune": (4.0, 2.0)}


def test_lines_of_a_training_are_read_into_its_phases(bare_fit, monkeypatch):
    script = (
        "print('Data: 3 images')\n"
        "for phase in 'frozen', 'finetune':\n"
        "    for epoch in 1, 2, 3:\n"
        "        print(f'{phase:8} epoch  {epoch}/3  loss', flush=True)\n"
        "print('Next: epoch 4/4', flush=True)"
    )
    monkeypatch.setattr(bare_fit, "average_epochs", lambda ends: ends)
    found = bare_fit.time_epochs([sys.executable, "-c", script])
    assert {name: len(ends) for name, ends in found.items()} == {"frozen": 3, "finetune": 3}
    assert all(clock > 0 and cores >= 0 for ends in found.values() for clock, cores in ends)


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
