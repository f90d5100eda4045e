"""Files of a run that someone edited, cut or removed: one line that names file and field."""

import json

import pytest
from fake_runs import METRICS, write_run, write_table

from keras_transfer.run.history import HISTORY_COLUMNS, read_history
from keras_transfer.run.plan_file import read_plan
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files import locks
from keras_transfer.system.files.atomic_files import read_table

HASH = "0" * 64
SPLIT = [("a/1.png", HASH, "a", "train"), ("b/1.png", HASH, "b", "validation")]
REPORT = {
    "images": 2,
    "splits": {"train": {"a": 1, "b": 1}},
    "short_side": {"smallest": 32},
    "unusable": [],
    "odd": [],
    "dropped": [],
    "duplicates": [],
}
PARITY = {
    "reference": {
        "images": 1,
        "accuracy": 1.0,
        "accuracy_interval": [0.2, 1.0],
        "expected_calibration_error": 0.1,
    },
    "artefacts": [
        {"file": "x", "signature": "", "images": 1, "reason": "", "temperature": 1.0},
    ],
}
PLAN = {
    "format": 1,
    "given": {},
    "settings": {},
    "weights": {"kind": "none", "sha256": None, "warning": None},
    "cache": {"cuts": {"frozen": 3}, "views": 2, "layout": {"train_pooled": [[2, 2], "float32"]}},
}
READERS = {  # file -> what reads it
    "class_names.txt": Run.class_names,
    "metrics.json": Run.metrics,
    "data_report.json": Run.data_report,
    "environment.json": Run.environment,
    "exports/parity.json": Run.parity,
    "checkpoints/plan.json": read_plan,
    "split.csv": Run.split_table,
    "history.csv": lambda run: read_history(run.history_table()),
    "predictions.csv": read_run_predictions,
}
GARBAGE = {
    "empty": b"",
    "no UTF-8": b"\xff\xfe\x80\n\n" * 9,
    "zeros": b"\0" * 64,
    "[]": b"[]",
    "null": b"null",
    "nested": b"[" * 20_000,
    "nested objects": b'{"a":' * 20_000,
}


@pytest.fixture
def run(tmp_path):
    """What is read of a finished run and of its plan, without a training."""
    write_run(tmp_path / "run", [True, False])
    run = Run(tmp_path / "run")
    run.config_file.write_text("seed: 0\n")
    run.model_file.touch()
    write_table(run.split_file, ("path", "sha256", "class", "split"), SPLIT)
    run.exports.mkdir()
    run.checkpoints.mkdir()
    for file, content in (
        (run.data_report_file, REPORT),
        (run.environment_file, {"packages": {"keras": "3.15.1", "keras_transfer": None}}),
        (run.parity_file, PARITY),
        (run.plan_file, PLAN),
    ):
        file.write_text(json.dumps(content))
    return run


def refuse(read, run, *parts):
    with pytest.raises(ConfigError) as caught:
        read(run)
    for part in parts:
        assert part in str(caught.value)
    assert len(str(caught.value)) < 600
    return str(caught.value)


@pytest.mark.parametrize("name", READERS)
def test_whole_files_are_read(run, name):
    READERS[name](run)
    Run.open(run.path)


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_holds_something_else_is_named(run, name):
    file = run.path / name
    whole = file.read_bytes()
    for content in (*GARBAGE.values(), whole[: len(whole) // 2]):
        file.write_bytes(content)
        refuse(READERS[name], run, file.name)


@pytest.mark.parametrize("name", READERS)
def test_a_folder_in_place_of_a_file_is_named(run, name):
    (run.path / name).unlink()
    (run.path / name).mkdir()
    refuse(READERS[name], run, (run.path / name).name)


@pytest.mark.parametrize("name", [name for name in READERS if name != "checkpoints/plan.json"])
def test_a_file_that_is_not_there_is_named(run, name):
    (run.path / name).unlink()
    refuse(READERS[name], run, (run.path / name).name)


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("metrics.json", {"splits": {}}, "splits.validation"),
        ("metrics.json", {"parameters": {"total": "x", "trainable": 1}}, "parameters.total"),
        ("metrics.json", {"seconds": {"total": 1e999}}, "seconds.total"),
        ("data_report.json", {"unusable": [{"path": 1}]}, "unusable[0].path"),
        ("data_report.json", {"short_side": {"smallest": -1}}, "short_side.smallest"),
        ("environment.json", {"packages": None}, "packages"),
        ("exports/parity.json", {"artefacts": [{}]}, "artefacts[0].file"),
        ("exports/parity.json", {"reference": []}, "reference"),
        ("checkpoints/plan.json", {"given": None}, "given"),
        ("checkpoints/plan.json", {"weights": {"kind": "x"}}, "weights.kind"),
        (
            "checkpoints/plan.json",
            {"cache": PLAN["cache"] | {"layout": {"/elsewhere/features": [[1], "float32"]}}},
            "a name in cache.layout",
        ),
        (
            "checkpoints/plan.json",
            {"cache": PLAN["cache"] | {"layout": {"train_pooled": [[1], "object"]}}},
            "cache.layout.train_pooled[1]",
        ),
    ],
)
def test_a_field_of_another_kind_is_named(run, name, change, field):
    file = run.path / name
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    refuse(READERS[name], run, file.name, f"as {field}.", "Received: ")


@pytest.mark.parametrize("names", ["a\n", "a\na\n", "a\n\nb\n", "b\na\n", "a\nb\nc\n"])
def test_class_names_that_are_not_those_of_the_run_are_refused(run, names):
    run.class_names_file.write_text(names)
    refuse(lambda run: Run.open(run.path), run, "class_names.txt")


def test_only_the_header_of_the_predictions_is_read_to_open_a_run(run):
    """They may be millions of numbers."""
    with run.predictions_file.open("a") as stream:
        stream.write("ragged\n")
    Run.open(run.path)
    refuse(Run.predictions_table, run, "predictions.csv", "1 cells")


@pytest.mark.parametrize("missing", ["model.keras", "metrics.json", "class_names.txt"])
def test_a_run_without_what_it_hands_out_is_not_opened(run, missing):
    (run.path / missing).unlink()
    refuse(lambda run: Run.open(run.path), run, missing)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        (0, "../../etc/passwd"),
        (0, "/etc/passwd"),
        (0, ""),
        (1, "x"),
        (2, "c"),
        (3, "other"),
        (0, "a/1.png"),
    ],
)
def test_rows_of_a_split_that_no_run_writes_are_refused(run, column, cell):
    row = [*SPLIT[1]]
    row[column] = cell
    write_table(run.split_file, ("path", "sha256", "class", "split"), [SPLIT[0], row])
    refuse(Run.split_table, run, "split.csv", cell if cell not in ("", "a/1.png") else "")


@pytest.mark.parametrize(
    "text",
    ["a,b\n1\n", "a,b\n1,2,3\n", "a,b\n\n", "a,a\n1,2\n", 'a,b\n1,"2\n', "a\n" + "1" * 200000],
)
def test_a_ragged_table_is_refused(tmp_path, text):
    file = tmp_path / "history.csv"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"history\.csv must be a CSV file"):
        read_table(file)


@pytest.mark.parametrize("cell", ["", "x", "1.5", "9" * 400, "nan"])
def test_epochs_that_are_no_numbers_are_refused(cell):
    table = {name: ["1"] for name in HISTORY_COLUMNS} | {"epoch": [cell]}
    with pytest.raises(ConfigError, match="must hold numbers"):
        read_history(table)


@pytest.mark.parametrize(
    "owner",
    [
        '{"pid": Infinity, "host": "h", "started": 1}',
        '{"pid": 1, "host": "h", "started": Infinity}',
        '{"pid": 1, "host": "", "started": 0}',
        f'{{"pid": {10**400}, "host": "h", "started": 1}}',
        '{"pid": -1, "host": "h", "started": 1}',
        "[" * 20_000,
        "[]",
    ],
)
def test_a_lock_that_nobody_wrote_is_an_unknown_process(tmp_path, owner, monkeypatch):
    monkeypatch.setattr(locks, "_name_host", lambda: "h")
    file = tmp_path / "lock.json"
    file.write_text(owner)
    assert not locks.is_abandoned(file)
    assert "process" in locks.describe_owner(file)


@pytest.mark.thorough
def test_the_metrics_of_a_fake_run_are_those_of_a_real_one(finished_run):
    assert METRICS.keys() <= finished_run.metrics().keys()
    for name in READERS:
        if not name.startswith(("checkpoints", "exports")):
            READERS[name](finished_run)
