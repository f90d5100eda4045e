"""Rows that fail, and comparisons that are interrupted; `test_engines.py` has several at once."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from fake_train import BUG, FAIL, KILLED, MOVED, SLOW

from keras_transfer.compare import compare_runs, main, row_training
from keras_transfer.compare.columns import list_columns
from keras_transfer.system.errors import ConfigError

PROMISED = [  # in this order, whatever is added to `COLUMNS`
    *("strategy", "backbone", "augmentation", "schedule", "seed", "status"),
    *("validation_accuracy", "validation_accuracy_low", "validation_accuracy_high"),
    *("test_accuracy", "trainable_parameters", "seconds", "peak_memory_mb", "p_value", "run"),
]


def read_calls(comparison):
    return (comparison.runs / "calls.txt").read_text().splitlines()


def test_results_have_the_columns_that_are_promised_and_then_those_of_the_grid(base, fake_train):
    comparison = compare_runs(**base, seeds=[0, 1])
    table = comparison.results()
    assert [name for name in table if name in PROMISED] == PROMISED
    assert list(table) == list_columns([])
    assert table["status"] == ["finished", "finished"]
    assert table["seed"] == ["0", "1"]
    assert [float(cell) for cell in table["validation_accuracy"]] == [1.0, 0.875]
    assert all((comparison.path / run / "metrics.json").exists() for run in table["run"])
    assert comparison.figure_file.exists()
    more = compare_runs(**base | {"name": "more"}, grid={"head.hidden": [0, 8]})
    assert list(more.results()) == [*table, "head.hidden"]
    assert more.results()["head.hidden"] == ["0", "8"]


def test_what_rows_warn_of_is_said_once(base, fake_train, capsys):
    compare_runs(**base, seeds=[0, 1])
    shown = capsys.readouterr().err
    assert shown.count("The bundled weights stand in.") == 1
    assert "standard-cosine-0: The bundled weights" in shown
    assert "Some line" not in shown


def test_every_row_is_told_the_split_of_the_comparison(base, fake_train):
    comparison = compare_runs(**base, seeds=[0, 1])
    split = comparison.split_file.read_bytes()
    assert len(split.splitlines()) == 129
    for file in comparison.rows.glob("*.yaml"):
        assert f"split_file: {comparison.split_file}" in file.read_text()
        assert "reuse: true" in file.read_text()


def test_rows_that_fail_are_rows_with_their_reason_and_the_others_go_on(base, fake_train):
    grid = {"head.hidden": [FAIL, KILLED, BUG, 0]}
    comparison = compare_runs(**base, seeds=[0], grid=grid)
    table = comparison.results()
    assert table["status"] == [
        "failed: Images must stay as they are.",
        "failed: killed by signal 9, as when memory runs out",
        "failed: ZeroDivisionError: a bug",
        "finished",
    ]
    assert table["validation_accuracy"] == ["", "", "", "1"]
    assert comparison.figure_file.exists()


def test_failed_rows_are_tried_again_and_finished_ones_are_not(base, fake_train):
    comparison = compare_runs(**base, seeds=[0], grid={"head.hidden": [FAIL, 0]})
    (comparison.runs / "healthy").touch()
    peaks = comparison.results()["peak_memory_mb"]
    comparison = compare_runs(resume=comparison.path, quiet=True)
    assert comparison.results()["status"] == ["finished", "finished"]
    assert comparison.results()["peak_memory_mb"][1] == peaks[1]
    first, second = sorted(path.name for path in comparison.runs.glob("mobile*"))
    assert read_calls(comparison) == [
        f"--config {second}",
        f"--config {first}",
        f"--resume {second}",
    ]


def test_auto_goes_on_with_the_newest_unfinished_one_of_the_same_settings(base, fake_train):
    lists = {"seeds": [0], "grid": {"head.hidden": [FAIL, 0]}, "resume": "auto"}
    del base["name"]
    first = compare_runs(**base, **lists)
    (first.runs / "healthy").touch()
    assert compare_runs(**base, **lists | {"seeds": [1]}).path != first.path
    second = compare_runs(**base, **lists)
    assert second.path == first.path
    assert second.results()["status"] == ["finished", "finished"]
    assert compare_runs(**base, **lists).path != first.path


def test_auto_knows_its_own_wherever_it_is_typed_and_however_it_is_shown(
    base, fake_train, tmp_path, monkeypatch
):
    del base["name"]
    lists = {"grid": {"head.hidden": [FAIL]}, "resume": "auto"}
    first = compare_runs(**base, **lists)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "comparison.yaml").write_bytes(b"\xff\xfe")
    (first.runs / "healthy").touch()
    first.results_file.write_bytes(b"\xff\xfe")
    monkeypatch.chdir(tmp_path)
    others = {"output": ".", "quiet": False, "assert_accuracy_at_least": 0.1, "jobs": 2}
    second = compare_runs(**base | others, **lists)
    assert second.path == first.path
    assert second.results()["status"] == ["finished"]


@pytest.mark.thorough
@pytest.mark.parametrize("damaged", ["metrics.json", "predictions.csv", "history.csv"])
def test_damaged_and_removed_files_do_not_end_a_resume(base, fake_train, damaged):
    comparison = compare_runs(**base, seeds=[0])
    (comparison.path / comparison.results()["run"][0] / damaged).write_text("{")
    comparison.results_file.write_text("run,peak_memory_mb\nx\n")
    for file in comparison.rows.iterdir():
        file.unlink()
    comparison.rows.rmdir()
    table = compare_runs(resume=comparison.path, quiet=True).results()
    assert table["status"] == ["finished"]
    assert len(read_calls(comparison)) == 2
    shutil.rmtree(comparison.runs)
    table = compare_runs(resume=comparison.path, quiet=True).results()
    assert table["status"] == ["finished"]


def test_results_hold_what_their_columns_say(base, fake_train):
    table = compare_runs(**base, seeds=[0, 1], grid={"optimizer.patience": [0, 8]}).results()
    assert table["optimizer.patience"] == ["0", "0", "8", "8"]
    accuracies = [float(cell) for cell in table["validation_accuracy"]]
    assert accuracies == pytest.approx([1, 21 / 24, 16 / 24, 13 / 24], abs=1e-6)
    low, high = table["validation_accuracy_low"], table["validation_accuracy_high"]
    assert [float(cell) for cell in low] == pytest.approx([a / 2 for a in accuracies], abs=2e-6)
    assert [float(cell) for cell in high] == pytest.approx(
        [(1 + a) / 2 for a in accuracies], abs=2e-6
    )
    assert table["p_value"][:2] == ["", ""]
    assert [float(cell) for cell in table["p_value"][2:]] == pytest.approx([2 / 256] * 2, abs=1e-6)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--assert_accuracy_at_least", "0.9"], 0),  # test: all right
        (["--head.hidden", f"{FAIL}"], 1),
    ],
)
def test_the_command_ends_with_1_where_a_row_failed(base, fake_train, words, code):
    places = [f"--{name}={value}" for name, value in base.items()]
    assert main([*places, "--seed", "2", *words]) == code


def test_the_command_ends_with_1_where_the_best_is_below_the_floor(base, fake_train, tmp_path):
    words = [f"--{name}={value}" for name, value in base.items()]
    floor = "--assert_accuracy_at_least"
    assert main([*words, "--optimizer.patience", "2", floor, "0.8"]) == 1  # test: 3 of 4
    resume = ["--resume", str(tmp_path / "all")]
    assert main(resume) == 1
    with pytest.raises(ConfigError, match="`assert_accuracy_at_least` must be"):
        main([*resume, floor, "7"])
    assert main([*resume, floor, "0.75"]) == 0
    assert main(resume) == 0


def test_a_comparison_without_any_good_row_ends_in_an_orderly_way(base, fake_train):
    comparison = compare_runs(**base, grid={"head.hidden": [FAIL]})
    assert comparison.results()["status"] == ["failed: Images must stay as they are."]
    assert not comparison.figure_file.exists()


@pytest.mark.thorough
def test_an_interrupted_comparison_says_how_to_go_on_and_does(base, fake_train, tmp_path):
    words = [f"--{name}={value}" for name, value in base.items() if name != "quiet"]
    script = (
        "import sys\n"
        "from keras_transfer.config.command_line import run_command\n"
        "from keras_transfer.compare import row_training\n"
        "from keras_transfer.compare import main\n"
        f"row_training.COMMAND = {row_training.COMMAND!r}\n"
        "run_command(main)\n"
    )
    grid = tmp_path / "grid.yaml"
    grid.write_text(f"grid: {{head.hidden: [0, {SLOW}, 8]}}\n")
    process = subprocess.Popen(
        [sys.executable, "-c", script, "--config", str(grid), *words],
        stdout=subprocess.PIPE,
        text=True,
    )
    folder = tmp_path / "all"
    wait_for((folder / "runs/slow").exists)
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert f"Go on with: python -m keras_transfer.compare --resume {folder}" in printed
    assert not (folder / "lock.json").exists()
    (folder / "runs/healthy").touch()
    comparison = compare_runs(resume=folder, quiet=True)
    assert comparison.results()["status"] == ["finished"] * 3
    options = [call.split()[0] for call in read_calls(comparison)]
    assert options == ["--config", "--config", "--resume", "--config"]


def wait_for(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_file_holds_settings_lists_and_how_they_are_trained(base, fake_train, tmp_path):
    file = tmp_path / "grid.yaml"
    file.write_text("jobs: 2\nengine: processes\nseeds: [0, 1]\nhead: {hidden: 8}\n")
    comparison = compare_runs(file, **base)
    assert comparison.results()["status"] == ["finished", "finished"]
    assert comparison.read_grid().base.head.hidden == 8


def test_a_comparison_goes_on_from_another_folder(base, fake_train, tmp_path, monkeypatch):
    (tmp_path / "photos").symlink_to(base["dataset"])
    monkeypatch.chdir(tmp_path)
    places = {"dataset": "photos", "output": "."}
    comparison = compare_runs(**base | places, grid={"head.hidden": [FAIL]})
    (comparison.runs / "healthy").touch()
    monkeypatch.chdir("/")
    comparison = compare_runs(resume=comparison.path, quiet=True)
    assert comparison.results()["status"] == ["finished"]


def test_names_are_looked_up_in_every_row_before_any_is_trained(base, fake_train, tmp_path):
    with pytest.raises(ConfigError, match=r"Unknown backbone 'resnet5'\. Did you mean 'resnet50'"):
        compare_runs(**base, backbones=["mobilenetv3small", "resnet5"])
    assert not (tmp_path / "all").exists()


def test_a_comparison_that_cannot_begin_leaves_no_folder(base, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'keras_transfer\[ray\]'"):
        compare_runs(**base, engine="ray")
    assert list(tmp_path.iterdir()) == []


def test_settings_of_a_comparison_that_was_begun_stay(base, fake_train, tmp_path):
    compare_runs(**base)
    with pytest.raises(ConfigError, match=r"settings it began with\. Received: seeds\. Leave"):
        compare_runs(resume=tmp_path / "all", seeds=[3])
    with pytest.raises(ConfigError, match=r"`name` must be new .* --resume "):
        compare_runs(**base)
    (tmp_path / "photos").mkdir()
    with pytest.raises(ConfigError, match=r"`name` must be new .* Choose another --name\.$"):
        compare_runs(**base | {"name": "photos"})


def test_a_comparison_is_made_by_one_process_at_a_time(base, fake_train, tmp_path):
    comparison = compare_runs(**base)
    with (
        comparison.recording(quiet=True),
        pytest.raises(ConfigError, match=f"one process at a time.* process {os.getpid()} on"),
    ):
        compare_runs(resume=tmp_path / "all", quiet=True)


def test_a_row_whose_images_had_changed_begins_anew_when_tried_again(base, fake_train):
    comparison = compare_runs(**base, grid={"head.hidden": [MOVED, 0]})
    table = comparison.results()
    assert table["status"][0].startswith("failed: the data set has changed")
    assert table["status"][1] == "finished"
    (comparison.runs / "healthy").touch()
    table = compare_runs(resume=comparison.path, quiet=True).results()
    assert table["status"] == ["finished", "finished"]
    assert [call.split()[0] for call in read_calls(comparison)] == ["--config"] * 3
    assert [path.name for path in comparison.replaced.iterdir()] == [f"{table['run'][0][5:]}-1"]
