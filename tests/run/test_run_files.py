"""The files of a run are written whole or not at all, and come back as they were."""

import csv
import logging
import os

import pytest

from keras_transfer.system.files.atomic_files import (
    read_table,
    replacing,
    write_json,
    write_table,
    write_text,
)

logger = logging.getLogger("keras_transfer.anything")


def list_files(folder):
    return sorted({path.name for path in folder.iterdir()} - {"config.yaml", "lock.json"})


def _rows_that_break():
    yield ("1", "2")
    raise RuntimeError("in the middle")


def test_a_failed_write_leaves_the_old_file_and_no_other(run):
    write_table(run.history_file, ("a", "b"), [("old", "old")])
    with pytest.raises(RuntimeError, match="in the middle"):
        write_table(run.history_file, ("a", "b"), _rows_that_break())
    with pytest.raises(RuntimeError), replacing(run.model_file) as temporary:  # noqa: PT012
        temporary.write_bytes(b"half of a model")
        raise RuntimeError
    with pytest.raises(ValueError, match="JSON"):
        write_json(run.history_file, {"loss": float("inf")})
    assert run.history_table() == {"a": ["old"], "b": ["old"]}
    assert list_files(run.path) == ["history.csv"]


def test_the_old_file_is_whole_until_the_new_one_is(run):
    write_text(run.environment_file, "old")
    with run.environment_file.open() as reader:
        with replacing(run.environment_file) as temporary:
            temporary.write_text("new")
            assert run.environment_file.read_text() == "old"
            assert temporary.suffix == run.environment_file.suffix  # writers look at it
            assert temporary.parent == run.path  # a rename works within one file system only
        assert reader.read() == "old"  # who has it open sees all of the old file
    assert run.environment_file.read_text() == "new"
    assert list_files(run.path) == ["environment.json"]


def test_a_file_is_on_disk_before_it_gets_its_name(run, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda stream: synced.append(run.class_names_file.exists()))
    write_text(run.class_names_file, "ants\n")
    assert synced == [False]


def test_folders_of_a_file_are_made(run):
    write_text(run.figures / "deep/a.txt", "x")
    assert (run.path / "figures/deep/a.txt").read_text() == "x"


def test_text_is_written_in_utf8_and_with_its_own_line_ends(run):
    write_text(run.class_names_file, "été\n蜂\n")
    assert run.class_names_file.read_bytes() == "été\n蜂\n".encode()
    assert run.class_names() == ("été", "蜂")
    write_json(run.environment_file, {"name": "蜂"})
    assert run.environment_file.read_bytes() == '{\n  "name": "蜂"\n}\n'.encode()


def test_tables_come_back_as_columns_of_text(run):
    rows = [(1, "a,b", None), (0.5, 'say "x"', "two\nlines")]
    write_table(run.history_file, ("n", "text", "more"), rows)
    expected = {"n": ["1", "0.5"], "text": ["a,b", 'say "x"'], "more": ["", "two\nlines"]}
    assert run.history_table() == expected == read_table(run.history_file)
    with run.history_file.open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == ["n", "text", "more"]
    assert b"\r" not in run.history_file.read_bytes()


def test_a_table_without_rows_has_its_columns(run):
    write_table(run.predictions_file, ("a", "b"), [])
    assert run.predictions_table() == {"a": [], "b": []}
