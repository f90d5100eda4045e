"""Which run is gone on with, and which process may do it."""

import dataclasses
import errno
import json
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest
from takeovers import refuse, take

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.resuming import begin_run
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files import locks


@pytest.mark.thorough
def test_a_kill_after_the_last_file_leaves_nothing(whole_run, tmp_path):
    run = Run(shutil.copytree(whole_run.path, tmp_path / "run"))
    run.checkpoints.mkdir()
    with pytest.raises(ConfigError, match="that is not finished"):
        begin_run(TrainConfig(resume=str(run.path)))
    assert not run.checkpoints.exists()


def test_no_run_and_a_finished_one_are_refused(whole_run, tmp_path):
    with pytest.raises(ConfigError, match=r"must hold config\.yaml"):
        load_config(resume=str(tmp_path))
    assert "must be a run that is not finished" in refuse(whole_run)
    with pytest.raises(ConfigError, match="`resume` must be text"):
        load_config(resume=3)


@pytest.mark.thorough
def test_a_state_of_another_format_is_refused(cut_run):
    run = cut_run(2)
    plan = json.loads(run.plan_file.read_text())
    run.plan_file.write_text(json.dumps(plan | {"format": 99}))
    with pytest.raises(ConfigError, match=r"of format 1 to be resumed\. Received: .* of format 99"):
        load_config(resume=str(run.path))
    for garbage in ("{}", "[1]", "null", "{"):
        run.plan_file.write_text(garbage)
        with pytest.raises(ConfigError, match=r"plan\.json must"):
            load_config(resume=str(run.path))


@pytest.fixture
def several(cut_config, cut_runs, whole_run, tmp_path):
    """Return the settings of a folder with a finished run, two interrupted ones and another's."""
    for index, (name, run) in enumerate(
        {"done": whole_run, "old": cut_runs(2), "new": cut_runs(4)}.items()
    ):
        shutil.copytree(run.path, tmp_path / name)
        os.utime(tmp_path / name / "config.yaml", (index, index))
    config = dataclasses.replace(cut_config, output=tmp_path, resume="auto")
    other, _ = begin_run(dataclasses.replace(config, resume=None, seed=7, name="other"))
    other.release()
    (tmp_path / "damaged/checkpoints").mkdir(parents=True)
    (tmp_path / "damaged/config.yaml").touch()
    (tmp_path / "damaged/checkpoints/plan.json").write_text("{}")
    (tmp_path / "not a run").mkdir()
    (tmp_path / "not a run/config.yaml").write_text("a: {b")
    return config


def begin(config):
    run, _ = begin_run(config)
    run.release()
    return run.path.name


def test_auto_is_the_newest_unfinished_run_with_the_same_settings(several):
    assert begin(several) == "new"
    assert begin(dataclasses.replace(several, quiet=False)) == "new"
    assert begin(dataclasses.replace(several, name="old")) == "old"
    assert begin(dataclasses.replace(several, seed=7)) == "other"


def test_auto_begins_a_new_run_where_there_is_none(several, tmp_path):
    assert begin(dataclasses.replace(several, seed=8)).startswith("tiny-two_phase-")
    assert begin(dataclasses.replace(several, name="fourth")) == "fourth"
    assert begin(dataclasses.replace(several, output=tmp_path / "empty", name="fifth")) == "fifth"


def test_auto_finds_a_run_whose_images_have_moved(several, tmp_path):
    plan_file = tmp_path / "new/checkpoints/plan.json"
    plan = json.loads(plan_file.read_text())
    plan["settings"]["dataset"] = str(tmp_path)
    plan_file.write_text(json.dumps(plan))
    assert begin(dataclasses.replace(several, dataset=str(tmp_path))) == "new"


def test_auto_does_not_take_a_run_of_other_images(several, tmp_path):
    other = dataclasses.replace(several, dataset=str(tmp_path))
    assert begin(other).startswith("tiny-two_phase-")


# Who


def write_owner(run, **changes):
    locks.claim(run.lock_file)
    run.lock_file.write_text(json.dumps(json.loads(run.lock_file.read_text()) | changes))


def test_a_run_that_is_held_is_refused(cut_run):
    run = cut_run(2)
    hold = locks.seize(run.lock_file)
    expected = rf"belongs to process {os.getpid()} on \S+\. If that is no more, remove .*lock\.json"
    assert re.search(expected, refuse(run))
    hold.close()
    take(run)


def test_the_lock_of_a_dead_process_is_stale(cut_run):
    run = cut_run(2)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    for pid in (process.pid, 1, os.getpid()):  # ended, or its number is another's by now
        write_owner(run, pid=pid)
        take(run)


def test_an_owner_that_cannot_be_asked_is_believed(cut_run):
    run = cut_run(2)
    write_owner(run, host="elsewhere")
    assert "on elsewhere" in refuse(run)
    for garbage in ("", "[]", "{"):
        run.lock_file.write_text(garbage)
        assert "an unknown process" in refuse(run)


def test_where_no_folder_can_be_locked_the_process_number_decides(cut_run, monkeypatch):
    def fail(*arguments):
        raise OSError(errno.ENOLCK, "No locks available")

    run = cut_run(2)
    monkeypatch.setattr(locks.fcntl, "flock", fail)
    write_owner(run)
    assert f"belongs to process {os.getpid()}" in refuse(run)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    write_owner(run, pid=process.pid)
    take(run)


def test_of_many_at_once_one_gets_the_run(cut_run):
    run = cut_run(2)
    for _ in range(20):
        write_owner(run, started=0.0)  # stale
        got, start = [], threading.Barrier(8)

        def seize(start=start, got=got):
            start.wait()
            got.append(locks.seize(run.lock_file))

        threads = [threading.Thread(target=seize) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (hold,) = filter(None, got)
        hold.close()


def test_a_run_that_cannot_be_taken_over_is_not_held(cut_run, monkeypatch):
    run = cut_run(2)

    def fail(folder):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as patch:
        patch.setattr("keras_transfer.run.resuming.remove_unfinished", fail)
        assert "must be a run that can be written" in refuse(run)
    take(run)


def test_a_run_is_locked_while_it_is_trained(train, tmp_path, monkeypatch):
    seen = []

    def look(self, *rest):
        with pytest.raises(ConfigError, match="one process at a time"):
            begin_run(load_config(resume=str(self.path)))
        seen.append(json.loads(self.lock_file.read_text())["pid"])
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "finish", look)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, frozen=FrozenConfig(epochs=1), finetune=FinetuneConfig(epochs=0))
    assert seen == [os.getpid()]
    assert not (tmp_path / "run/lock.json").exists()
