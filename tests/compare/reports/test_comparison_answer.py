"""`compare --json` and `--quiet`: every row, what they come to, and nothing else."""

import pytest
from fake_train import FAIL
from json_answers import read_answer

from keras_transfer.compare import main


@pytest.fixture
def words(base, tmp_path):
    """Return a function that gives the words of a comparison with these lists in `grid`."""

    def write(grid="{}", *more):
        file = tmp_path / "grid.yaml"
        file.write_text(f"grid: {grid}\n")
        options = [f"--{name}={value}" for name, value in base.items() if name != "quiet"]
        return [*options, "--config", str(file), *more]

    return write


def test_rows_and_configurations_are_those_of_the_table(words, fake_train, tmp_path, capsys):
    given = words("{optimizer.patience: [0, 8]}", "--seeds", "0", "1", "--json")
    assert main(given) == 0
    shown = capsys.readouterr()
    answer = read_answer("compare", shown.out)
    assert answer["comparison"] == str(tmp_path / "all")
    assert answer["images"] == 24
    first, second, third, _ = answer["rows"]
    assert first["settings"]["optimizer.patience"] == 0
    assert (second["settings"]["seed"], second["validation_accuracy"]) == (1, 21 / 24)
    assert (first["p_value"], third["p_value"]) == (None, 2 / 256)
    best, other = answer["configurations"]
    assert answer["best"] == best
    assert (best["seeds"], best["planned"], best["outcome"]) == ([0, 1], 2, "best")
    assert best["runs"] == [first["run"], second["run"]]
    assert best["validation_accuracy"] == pytest.approx(45 / 48)
    assert best["validation_accuracy_low"] < 45 / 48 < best["validation_accuracy_high"]
    assert (other["outcome"], other["settings"]["optimizer.patience"]) == ("worse", 8)
    assert "seed" not in other["settings"]
    assert 0 < other["p_value"] < 0.05
    assert "Best on validation: " in shown.err


def test_a_row_that_failed_has_its_reason(words, fake_train, capsys):
    assert main(words(f"{{head.hidden: [{FAIL}, 8]}}", "--json")) == 1
    answer = read_answer("compare", capsys.readouterr().out)
    failed, finished = answer["rows"]
    assert (failed["status"], failed["reason"]) == ("failed", "Images must stay as they are.")
    assert (finished["status"], finished["reason"]) == ("finished", None)
    assert failed["validation_accuracy"] is None
    assert [each["settings"]["head.hidden"] for each in answer["configurations"]] == [8]


def test_an_answer_without_any_finished_row_has_no_best(words, fake_train, capsys):
    assert main(words(f"{{head.hidden: [{FAIL}]}}", "--json")) == 1
    answer = read_answer("compare", capsys.readouterr().out)
    assert (answer["configurations"], answer["best"], answer["images"]) == ([], None, None)


def test_a_finished_comparison_answers_again(words, fake_train, tmp_path, capsys):
    assert main(words("{}", "--json")) == 0
    first = read_answer("compare", capsys.readouterr().out)
    assert main(["--resume", str(tmp_path / "all"), "--json"]) == 0
    assert read_answer("compare", capsys.readouterr().out) == first


def test_quiet_prints_the_path_alone(words, fake_train, tmp_path, capsys):
    assert main(words(f"{{head.hidden: [{FAIL}, 8]}}", "--quiet")) == 1
    shown = capsys.readouterr()
    assert shown.out == f"{tmp_path / 'all'}\n"
    assert all(line.startswith("WARNING: ") for line in shown.err.splitlines())
