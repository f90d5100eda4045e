"""Which run is gone on with, what may have changed since, and who may do it."""

import dataclasses
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
from keras_transfer.config import ConfigError, DataConfig, TrainConfig
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
        ({"frozen": {"epochs": 9}}, "frozen.epochs 9 of a phase that has begun with 4"),
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


def test_auto_does_not_take_a_run_of_other_images(several, tmp_path):
    other = dataclasses.replace(several, dataset=str(tmp_path))
    assert begin(other).startswith("tiny-two_phase-")


# Who


def test_a_run_of_a_living_process_is_refused(cut_run):
    run = cut_run(2)
    owner.claim(run.lock_file)
    expected = rf"belongs to process {os.getpid()} on \S+\. If that is no more, remove .*lock\.json"
    assert re.search(expected, refuse(run))


def test_the_lock_of_a_dead_process_is_stale(cut_run):
    run = cut_run(2)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    owner.claim(run.lock_file)
    lock = json.loads(run.lock_file.read_text())
    run.lock_file.write_text(json.dumps(lock | {"pid": process.pid}))
    take(run)
    run.lock_file.write_text(json.dumps(lock | {"pid": process.pid, "host": "elsewhere"}))
    assert "on elsewhere" in refuse(run)
    run.lock_file.write_text("")
    assert "an unknown process" in refuse(run)


def test_of_many_at_once_one_gets_the_run(cut_run):
    run = cut_run(2)
    owner.claim(run.lock_file)
    lock = json.loads(run.lock_file.read_text())
    for _ in range(20):
        run.lock_file.write_text(json.dumps(lock | {"started": 0.0}))  # stale
        got = []
        start = threading.Barrier(8)

        def seize(start=start, got=got):
            start.wait()
            got.append(owner.seize(run.lock_file))

        threads = [threading.Thread(target=seize) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(got) == [False] * 7 + [True]


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
