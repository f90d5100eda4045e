"""Which run is gone on with, what may have changed since, and who may do it."""

import dataclasses
import errno
import json
import os
import re
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image
from same_runs import assert_same_run

from keras_transfer import owner
from keras_transfer.command_line import load_config
from keras_transfer.config import (
    CacheConfig,
    ConfigError,
    DataConfig,
    FinetuneConfig,
    TrainConfig,
)
from keras_transfer.resume import begin_run, name_places
from keras_transfer.run import Run


def refuse(run, **changes):
    """Return the error of going on with these changes; nothing may be left of the attempt."""
    files = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError) as caught:
        begin_run(load_config(resume=str(run.path), **changes))
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == files
    return str(caught.value)


def take(run, **changes):
    """Return the settings with which the run would go on."""
    run, config = begin_run(load_config(resume=str(run.path), **changes))
    run.release()
    return config


# Settings


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": 3}, "seed 3 where it has 0"),
        ({"backbone": "resnet50"}, "backbone resnet50 where it has tiny"),
        ({"head": {"hidden": 8}}, "head.hidden 8 where it has 0"),
        ({"frozen": {"learning_rate": 0.1}}, "frozen.learning_rate 0.1 where it has 0.03"),
        ({"data": {"batch_size": 8}}, "data.batch_size 8 where it has 16"),
        ({"finetune": {"epochs": 2}}, "finetune.epochs 2 where it has 4"),
        ({"finetune": {"epochs": "auto"}}, "finetune.epochs auto where it has 4"),
        ({"frozen": {"epochs": 9}}, "frozen.epochs 9 where it has 4"),
        ({"calibrate": True, "cache": {"mode": "off"}}, "calibrate True where it has False, cache.mode"),  # noqa: E501
    ],
)  # fmt: skip
def test_settings_that_would_change_the_outcome_are_refused(changes, named, cut_runs):
    message = refuse(cut_runs(2), **changes)
    assert named in message
    assert f"--weights {cut_runs(2).path}" in message


def test_harmless_settings_may_change(cut_run):
    config = take(cut_run(2), quiet=False, tensorboard=True, cache={"memory_gb": 1.0})
    assert (config.quiet, config.tensorboard, config.cache.memory_gb) == (False, True, 1.0)
    assert (config.seed, config.backbone, config.frozen.epochs) == (0, "tiny", 4)


def test_what_was_given_at_first_may_be_said_again(interrupt, tmp_path, cut_config):
    """The words of the first command, such as auto, mean what they were resolved to."""
    given = {"epochs": "auto", "batch_norm": "auto"}
    run = interrupt(1, tmp_path, finetune=dataclasses.replace(cut_config.finetune, **given))
    resolved = load_config(run.config_file).finetune
    assert (resolved.epochs, resolved.batch_norm) == (16, "adapt")
    assert take(run, finetune=given).finetune == resolved


def test_more_epochs_are_taken_for_a_phase_that_has_not_begun(cut_run, train, tmp_path, cut_config):
    run = cut_run(4)  # the first phase is over
    train(resume=run.path, finetune={"epochs": 5})
    longer = dataclasses.replace(cut_config.finetune, epochs=5)
    whole = train(tmp_path / "whole", finetune=longer)
    assert run.history()["phase"].count("finetune") == 5
    assert_same_run(run, whole)
    assert "epochs: 5" in run.config_file.read_text()


def test_a_phase_without_epochs_gets_none_once_another_has_begun(interrupt, tmp_path):
    """It is not in the plan: what the epochs see was decided without it."""
    run = interrupt(1, tmp_path, finetune=FinetuneConfig(epochs=0))
    assert "finetune.epochs 3 where it has 0" in refuse(run, finetune={"epochs": 3})


def test_before_the_first_epoch_all_is_planned_anew(train, cut_config, tmp_path, monkeypatch):
    one = {
        "frozen": dataclasses.replace(cut_config.frozen, epochs=1),
        "finetune": FinetuneConfig(epochs=0),
        "cache": CacheConfig(),
    }
    with monkeypatch.context() as patch:
        patch.setattr("keras_transfer.training.phases.run_phase", lambda *a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(tmp_path, **one)
    run = Run(tmp_path / "run")
    assert load_config(run.config_file).cache.views == 1  # more would never be seen
    train(resume=run.path, frozen={"epochs": 3})
    assert load_config(run.config_file).cache.views == 2
    assert run.history()["epoch"] == ["1", "2", "3"]


def test_what_was_changed_can_be_changed_back(cut_run, tmp_path, cut_config, interrupt):
    run = cut_run(4)
    interrupt(1, resume=run.path, finetune={"epochs": 5}, cache={"memory_gb": 1.0}, quiet=False)
    assert "finetune.epochs 4 where it has 5" in refuse(run, finetune={"epochs": 4})
    config = take(run, cache={"memory_gb": "auto"}, quiet=True)
    assert (config.cache.memory_gb, config.quiet) == ("auto", True)


def test_paths_mean_the_same_from_every_folder(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    given = TrainConfig(dataset="photos", data=DataConfig(split_file="run/split.csv"))
    config = name_places(given)
    assert config.dataset == str(tmp_path / "photos")
    assert config.data.split_file == tmp_path / "run/split.csv"
    for word in ("tfds:mnist", "digits"):
        assert name_places(TrainConfig(dataset=word)).dataset == word
    (tmp_path / "auto").mkdir()
    assert name_places(TrainConfig()).weights == "auto"


# Images


@pytest.fixture
def own_images(interrupt, stripes, tmp_path):
    """Return an interrupted run on a data set that may be changed, and that data set."""
    images = shutil.copytree(stripes, tmp_path / "images")
    return interrupt(2, tmp_path, dataset=str(images)), images


def refuse_images(train, run):
    with pytest.raises(ConfigError) as caught:
        train(resume=run.path)
    assert run.plan_file.exists()
    assert not run.lock_file.exists()
    return str(caught.value)


def test_changed_images_are_refused_by_name(own_images, train):
    run, images = own_images
    file = images / "train/level/003.png"
    Image.open(file).rotate(180).save(file)
    (images / "val/upright/004.png").unlink()
    message = refuse_images(train, run)
    assert "2 that are gone or changed" in message
    assert "train/level/003.png, val/upright/004.png" in message
    assert "--dataset" in message


def test_an_image_of_another_class_is_refused(own_images, train):
    run, images = own_images
    (images / "train/level/003.png").rename(images / "train/upright/993.png")
    assert "train/level/003.png" in refuse_images(train, run)


def test_images_may_move_and_new_ones_are_left_out(own_images, train, tmp_path, whole_run):
    run, images = own_images
    moved = images.rename(tmp_path / "moved")
    pixels = np.random.default_rng(9).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(moved / "train/level/zzz.png")
    train(resume=run.path, dataset=str(moved))
    assert_same_run(run, whole_run)
    log = run.log_file.read_text()
    assert "1 images came since and are left out, such as train/level/zzz.png" in log


def test_another_label_in_a_table_is_refused(interrupt, train, stripes, tmp_path):
    rows = [
        f"{path.relative_to(stripes).as_posix()},{path.parent.name},{path.parts[-3]}"
        for path in sorted(stripes.glob("*/*/*.png"))
    ]
    images = shutil.copytree(stripes, tmp_path / "images")
    table = images / "labels.csv"
    table.write_text("\n".join(["path,label,split", *rows]))
    run = interrupt(1, tmp_path, dataset=str(table))
    rows[0] = rows[0].replace("level,", "upright,")
    table.write_text("\n".join(["path,label,split", *rows]))
    assert "Received: 1 others, test/level/000.png is upright now" in refuse_images(train, run)


# Which run


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


def test_a_state_of_another_format_is_refused(cut_run):
    run = cut_run(2)
    plan = json.loads(run.plan_file.read_text())
    run.plan_file.write_text(json.dumps(plan | {"format": 99}))
    with pytest.raises(ConfigError, match=r"of format 1 to be resumed\. Received: .* of format 99"):
        load_config(resume=str(run.path))
    for garbage in ("{}", "[1]", "null", "{"):
        run.plan_file.write_text(garbage)
        with pytest.raises(ConfigError, match="must be as it was written"):
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
    owner.claim(run.lock_file)
    run.lock_file.write_text(json.dumps(json.loads(run.lock_file.read_text()) | changes))


def test_a_run_that_is_held_is_refused(cut_run):
    run = cut_run(2)
    hold = owner.seize(run.lock_file)
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
    monkeypatch.setattr(owner.fcntl, "flock", fail)
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
            got.append(owner.seize(run.lock_file))

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
        patch.setattr("keras_transfer.resume.remove_unfinished", fail)
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
        train(tmp_path)
    assert seen == [os.getpid()]
    assert not (tmp_path / "run/lock.json").exists()
