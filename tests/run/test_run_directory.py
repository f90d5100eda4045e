import json
import logging
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fake_runs import METRICS, finish

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.resuming import take_over
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files import locks
from keras_transfer.system.files.atomic_files import (
    write_text,
)

logger = logging.getLogger("keras_transfer.anything")


def test_a_run_gets_the_name_it_was_given(tmp_path):
    run = Run.create(TrainConfig(output=tmp_path / "a/b", name="first"))
    assert run.path == tmp_path / "a/b/first"
    assert run.path.is_dir()


def test_a_run_without_a_name_is_named_after_backbone_strategy_and_time(tmp_path):
    run = Run.create(TrainConfig(output=tmp_path, backbone="resnet50"))
    assert re.fullmatch(r"resnet50-two_phase-20\d{6}-\d{6}", run.path.name)


def test_what_a_process_left_that_was_killed_while_it_made_a_run_is_removed(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, other = tmp_path / ".new-1-abc", tmp_path / ".new-2-abc"
    for folder in (left, other):
        folder.mkdir()
        locks.claim(folder / "lock.json")
    lock = json.loads((left / "lock.json").read_text())
    (left / "lock.json").write_text(json.dumps(lock | {"pid": ended.pid}))
    Run.create(TrainConfig(output=tmp_path, name="first"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [other.name, "first"]


def test_many_runs_of_the_same_moment_get_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda pattern: "20261120-223105")
    runs, start = [], threading.Barrier(6)

    def create():
        start.wait()
        runs.append(Run.create(TrainConfig(output=tmp_path)))

    threads = [threading.Thread(target=create) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run.path for run in runs}) == 6
    assert all(run.config_file.exists() and run.lock_file.exists() for run in runs)


def test_a_run_that_is_finished_is_not_said_to_be_unfinished(run):
    with pytest.raises(KeyboardInterrupt), run.recording(quiet=True):  # noqa: PT012
        run.finish({})
        raise KeyboardInterrupt
    assert run.log_file.read_text() == ""


def test_a_run_is_there_at_once_with_its_settings_and_its_owner(tmp_path, monkeypatch):
    def stop(source, target):
        assert sorted(path.name for path in source.iterdir()) == ["config.yaml", "lock.json"]
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", stop)
    with pytest.raises(KeyboardInterrupt):
        Run.create(TrainConfig(output=tmp_path, name="first"))
    assert list(tmp_path.iterdir()) == []


def test_runs_of_the_same_second_get_names_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda pattern: "20261120-223105")
    names = [Run.create(TrainConfig(output=tmp_path)).path.name for _ in range(3)]
    first = "efficientnetb0-two_phase-20261120-223105"
    assert names == [first, f"{first}-2", f"{first}-3"]


def test_a_home_folder_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Run.create(TrainConfig(output="~/runs", name="a")).path == tmp_path / "runs/a"


def test_an_existing_name_is_refused_and_left_as_it_is(run):
    (run.path / "kept.txt").touch()
    with pytest.raises(ConfigError, match=r"`name` must be new .*Received: 'first', which exists"):
        Run.create(TrainConfig(output=run.path.parent, name="first"))
    assert (run.path / "kept.txt").exists()


@pytest.mark.parametrize("output", ["file", "file/below", "dangling"])
@pytest.mark.parametrize("name", [None, "first"])
def test_an_output_that_cannot_be_written_is_refused(tmp_path, output, name):
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "file/nowhere")
    with pytest.raises(ConfigError, match=r"`output` must be a folder that can be written\. Rec"):
        Run.create(TrainConfig(output=tmp_path / output, name=name))


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match=r"must hold config\.yaml\. Received: .*"):
            Run.open(path)


def test_an_unfinished_run_is_refused(run):
    write_text(run.config_file, "seed: 0\n")
    with pytest.raises(ConfigError, match=r"did not finish: it has no metrics\.json"):
        Run.open(run.path)


def test_a_notebook_is_told_how_python_goes_on(run, monkeypatch):
    monkeypatch.setattr("keras_transfer.run.run_directory.is_notebook", lambda: True)
    with pytest.raises(ConfigError) as caught:
        Run.open(run.path)
    assert f"Go on with: kt.fine_tune(resume={str(run.path)!r})" in str(caught.value)


def test_a_finished_run_opens_and_has_lost_its_scratch_folder(run):
    write_text(run.config_file, "seed: 0\n")
    write_text(run.scratch / "deep/cache.bin", "x")
    locks.claim(run.scratch / "owner.json")
    finish(run, backbone="tiny")
    assert not run.scratch.exists()
    opened = Run.open(str(run.path))
    assert opened.path == run.path
    assert opened.metrics() == METRICS


def test_folders_that_only_have_the_names_of_ours_are_never_cleared(run):
    """`--resume` on the folder of another program must not cost its checkpoints."""
    write_text(run.config_file, "seed: 0\n")
    write_text(run.scratch / "thesis.txt", "x")
    write_text(run.plan_file, "{}")
    write_text(run.metrics_file, "{}")
    with pytest.raises(ConfigError, match="which is"):
        take_over(run.path)
    assert (run.scratch / "thesis.txt").exists()
    assert run.plan_file.exists()


@pytest.mark.parametrize("name", ["checkpoints", "scratch", "figures", "exports", "train.log"])
def test_a_run_that_leads_elsewhere_is_not_gone_on_with(run, tmp_path, name):
    write_text(run.config_file, "seed: 0\n")
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / ".12-0123abcd-left").touch()
    (run.path / name).symlink_to(target)
    with pytest.raises(ConfigError, match=rf"{name}, a link to .*elsewhere"):
        take_over(run.path)
    assert (target / ".12-0123abcd-left").exists()


def test_metrics_that_cannot_be_written_leave_the_run_unfinished(run):
    write_text(run.config_file, "seed: 0\n")
    with pytest.raises(ValueError, match="JSON"):
        run.finish({"accuracy": float("nan")})
    assert not run.metrics_file.exists()


@pytest.mark.parametrize("quiet", [False, True])
def test_the_log_file_gets_every_line_and_the_terminal_only_warnings_if_quiet(run, capsys, quiet):
    with run.recording(quiet):
        logger.info("an epoch")
        logger.warning("odd files")
        logger.debug("never")
    assert run.log_file.read_text().splitlines() == ["an epoch", "WARNING: odd files"]
    shown = capsys.readouterr()
    assert shown.out == ("" if quiet else "an epoch\nWARNING: odd files\n")
    assert shown.err == ("WARNING: odd files\n" if quiet else "")


def test_a_line_is_printed_once_where_the_root_logger_prints_too(run, capsys):
    handler = logging.StreamHandler()  # as notebooks and other programs have
    logging.getLogger().addHandler(handler)
    try:
        with run.recording(quiet=False):
            logger.warning("once")
    finally:
        logging.getLogger().removeHandler(handler)
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("once") == 1


@pytest.mark.parametrize("error", [None, ConfigError, RuntimeError])
def test_logging_is_as_before_after_a_run(run, error):
    package = logging.getLogger("keras_transfer")

    def look():
        return package.level, package.propagate, list(package.handlers)

    before = look()
    try:
        with run.recording(quiet=True):
            assert look() != before
            if error:
                raise error
    except (ConfigError, RuntimeError):
        assert error
    assert look() == before


def test_a_run_with_a_wrong_setting_is_removed(run):
    with pytest.raises(ConfigError), run.recording(quiet=True):  # noqa: PT012
        write_text(run.config_file, "seed: 0\n")
        raise ConfigError("no such weights")
    assert not run.path.exists()


def test_a_run_is_kept_once_its_long_work_has_begun(run):
    with pytest.raises(ConfigError), run.recording(quiet=True):  # noqa: PT012
        write_text(run.plan_file, "{}")
        raise ConfigError("out of memory")
    assert run.plan_file.exists()


def test_a_run_that_was_there_before_is_not_removed(run):
    with pytest.raises(ConfigError), Run(run.path).recording(quiet=True):
        raise ConfigError("no such weights")
    assert run.config_file.exists()


def test_a_run_that_a_bug_ended_is_kept(run):
    with pytest.raises(RuntimeError), run.recording(quiet=True):  # noqa: PT012
        logger.info("so far")
        raise RuntimeError
    assert run.log_file.read_text().startswith("so far\nWARNING: The run in ")


def test_metrics_are_plain_json(run):
    run.finish({"splits": {"validation": {"accuracy": 0.5}}})
    assert json.loads(run.metrics_file.read_text())["splits"]["validation"]["accuracy"] == 0.5
