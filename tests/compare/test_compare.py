"""The command as a user meets it; its rows are in test_rows.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from keras_transfer.compare import compare_runs, main, row_training
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError


def run_python(*words, cwd):
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["--seeds", "0", "x"], "`seeds` must be a whole number. Received: x."),
        (["--seeds"], "`seeds` must be followed by a value. Received: none."),
        (["--seedz", "0"], "Unknown option --seedz. Did you mean '--seed' or '--seeds'"),
        (["--backbones", "resnet5"], "Unknown backbone 'resnet5'. Did you mean 'resnet50'"),
        (["--strategies", "two_fase"], "Unknown strategy 'two_fase'. Did you mean 'two_phase'?"),
        (["--augmentations", "heavy"], "Unknown augment.preset 'heavy'. "),
        (["--schedules", "sines"], "Unknown optimizer.schedule 'sines'. Did you mean 'cosine'?"),
        (["--engine", "rays"], "Unknown engine 'rays'. Did you mean 'ray'?"),
        (["--jobs", "0"], "`jobs` must be a whole number, at least 1. Received: 0."),
        (["--jobs", "x"], "`jobs` must be a whole number. Received: x."),
        (["--resume", "nowhere"], "A comparison must hold comparison.yaml. Received: "),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(words, answer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        main(words)
    assert str(caught.value).startswith(answer)
    assert list(tmp_path.iterdir()) == []


def test_help_needs_neither_tensorflow_nor_anything_else_that_is_slow(tmp_path):
    script = (
        "import sys\n"
        "from keras_transfer.compare import main\n"
        "try:\n"
        "    main(['--help', 'all'])\n"
        "except SystemExit:\n"
        "    pass\n"
        "heavy = {'keras', 'tensorflow', 'sklearn', 'matplotlib', 'scipy', 'ray'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = run_python("-c", script, cwd=tmp_path)
    *shown, heavy = done.stdout.splitlines()
    assert heavy == "[]", done.stderr
    for option in (
        "--strategies VALUE",
        "--seeds VALUE",
        "--weights WEIGHTS",
        "--jobs N",
        "--json",
    ):
        assert any(line.startswith(f"  {option}") for line in shown)


def test_print_config_prints_a_grid_that_can_be_read_back(capsys, tmp_path):
    words = ["--seeds", "0", "1", "--schedules", "constant", "--epochs", "3", "--print_config"]
    assert main(words) == 0
    file = tmp_path / "grid.yaml"
    file.write_text(capsys.readouterr().out)
    assert main(["--config", str(file), "--print_config"]) == 0
    assert capsys.readouterr().out == file.read_text()


@pytest.fixture
def tiny_train(monkeypatch):
    script = Path(__file__).with_name("tiny_train.py")
    monkeypatch.setattr(row_training, "COMMAND", (str(script),))


@pytest.fixture
def tiny_base(tiny_backbone, tiny_train, stripes, tmp_path, monkeypatch):
    # Activations of another test's trainings would be used here.
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    return {
        "dataset": str(stripes),
        "backbone": "tiny",
        "weights": "none",
        "output": str(tmp_path),
        "data": {"image_size": 32},
        "frozen": {"epochs": 2, "learning_rate": 0.03},
        "finetune": {"epochs": 0},
    }


@pytest.mark.thorough
def test_a_row_is_a_training_on_the_split_of_the_comparison(tiny_base, capsys):
    comparison = compare_runs(**tiny_base)
    table, shown = comparison.results(), capsys.readouterr().out
    assert table["status"] == ["finished"], shown
    run = Run.open(comparison.path / table["run"][0])
    assert run.split_file.read_bytes() == comparison.split_file.read_bytes()
    accuracy = run.metrics()["splits"]["validation"]["accuracy"]
    assert float(table["validation_accuracy"][0]) == pytest.approx(accuracy, rel=1e-5)
    assert float(table["peak_memory_mb"][0]) > 100
    assert f"Table: {comparison.results_file}" in shown
    assert comparison.figure_file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.thorough
def test_rows_share_what_was_computed_and_jobs_do_not_change_numbers(tiny_base, capsys):
    lists = {"schedules": ["constant", "cosine"], "seeds": [0, 1]}
    one = compare_runs(**tiny_base, **lists, name="one")
    shown = capsys.readouterr().out
    metrics = [Run(one.path / run).metrics() for run in one.results()["run"]]
    assert [each["cache"]["reused"] for each in metrics] == [False, False, True, True]
    assert "2 of 4 rows used activations" in shown
    assert "Best on validation: " in shown
    two = compare_runs(**tiny_base, **lists, name="two", jobs=2)
    for run in one.results()["run"]:
        for name in ("split.csv", "predictions.csv"):
            assert (one.path / run / name).read_bytes() == (two.path / run / name).read_bytes()
