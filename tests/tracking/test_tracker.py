import dataclasses
import errno
import json

import pytest

from keras_transfer.tracking import tracker as tracker_module
from keras_transfer.tracking.loggers import LOGGERS, Logger
from keras_transfer.tracking.tracker import Tracker, tracking


class Recorder:
    """A log that notes what it is told, and fails where it is to."""

    id, place = "7", "here"

    def __init__(self, fails=()):
        self.fails, self.calls = fails, []

    def __getattr__(self, name):
        def call(*words):
            self.calls.append((name, *words))
            if name in self.fails:
                raise OSError(errno.ENOSPC, "No space left at https://me:secret@host/x")

        return call

    def names(self):
        return [call[0] for call in self.calls]


@pytest.fixture
def record(monkeypatch):
    """Return a function that puts a recorder into the table of loggers."""

    def record(*fails):
        recorder = Recorder(fails)
        monkeypatch.setitem(LOGGERS, "csv", Logger(open=lambda tracked: recorder))
        return recorder

    return record


def test_no_logger_leaves_nothing(run_copy):
    with tracking(run_copy, "none") as tracker:
        assert tracker.begin() == []
    assert not run_copy.tracking_file.exists()


@pytest.mark.parametrize("call", ["log_parameters", "log_epoch", "log_results", "close"])
def test_logger_that_fails_is_off_with_one_warning_and_ends_nothing(call, run_copy, record, caplog):
    recorder = record(call)
    with tracking(run_copy, "csv") as tracker:
        for watcher in tracker.begin():
            watcher.on_epoch_end(0, {})
    assert [each.levelname for each in caplog.records].count("WARNING") == 1
    assert "The logger csv failed and is off: OSError: [Errno 28] No space left" in caplog.text
    assert "secret" not in caplog.text
    assert call == "close" or recorder.names().count(call) == 1
    assert recorder.names()[-1] == "close"


def test_logger_that_cannot_be_opened_is_off(run_copy, caplog, monkeypatch):
    def fail(tracked):
        raise RuntimeError("no network")

    monkeypatch.setitem(LOGGERS, "csv", Logger(open=fail))
    with tracking(run_copy, "csv") as tracker:
        (watcher,) = tracker.begin()
        watcher.on_epoch_end(0, {})
    assert "The logger csv failed and is off: RuntimeError: no network" in caplog.text


def test_run_that_fails_closes_its_log_as_not_finished(run_copy, record):
    recorder = record()

    def stop():
        with tracking(run_copy, "csv") as tracker:
            tracker.begin()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert recorder.calls[-1] == ("close", False)
    assert "log_results" not in recorder.names()


def test_another_logger_begins_anew(run_copy, record):
    run_copy.tracking_file.write_text(json.dumps({"logger": "wandb", "id": "x", "epochs": 4}))
    recorder = record()
    Tracker(run_copy, "csv").begin()
    assert recorder.names().count("log_epoch") == 5
    again = record()
    Tracker(run_copy, "csv").begin()
    assert "log_epoch" not in again.names()


def test_damaged_note_turns_the_logger_off(run_copy, record, caplog):
    run_copy.tracking_file.write_text("{")
    recorder = record()
    with tracking(run_copy, "csv") as tracker:
        tracker.begin()
    assert recorder.calls == []
    assert "tracking.json must be a JSON file" in caplog.text


@pytest.mark.thorough
def test_a_logger_changes_no_number(tiny_config, finished_run, tmp_path, record):
    from keras_transfer.train import fine_tune

    recorder = record("log_results")
    config = dataclasses.replace(tiny_config, output=tmp_path, logger="csv")
    run = fine_tune(config)
    assert run.predictions_file.read_bytes() == finished_run.predictions_file.read_bytes()
    plain, logged = finished_run.history_table(), run.history_table()
    assert {**plain, "seconds": ""} == {**logged, "seconds": ""}
    assert [call[1] for call in recorder.calls if call[0] == "log_epoch"] == [1, 2, 3, 4, 5]
    assert tracker_module.SECRET.sub("…", "http://a:b@c") == "http://…@c"
