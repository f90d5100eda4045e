"""What may have changed since a run was interrupted, and what may not."""

import dataclasses
import shutil

import numpy as np
import pytest
from PIL import Image
from same_runs import assert_same_run
from takeovers import refuse, take

from keras_transfer.config.full_paths import name_places
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.resuming import take_over
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

# Files


@pytest.mark.parametrize("name", ["history.csv", "metrics.json", "checkpoints/plan.json"])
def test_a_folder_in_place_of_a_file_is_refused_before_the_long_work(name, tmp_path):
    (tmp_path / "config.yaml").write_text("dataset: a")
    (tmp_path / name).mkdir(parents=True)
    with pytest.raises(ConfigError, match=f"{name.split('/')[-1]} of a run must be a file"):
        take_over(tmp_path)
    assert not (tmp_path / "lock.json").exists()


# Settings


@pytest.mark.thorough
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
    assert (config.quiet, config.logger, config.cache.memory_gb) == (False, "tensorboard", 1.0)
    assert (config.seed, config.backbone, config.frozen.epochs) == (0, "tiny", 4)


@pytest.mark.thorough
def test_what_was_given_at_first_may_be_said_again(interrupt, tmp_path, cut_config):
    """The words of the first command, such as auto, mean what they were resolved to."""
    given = {"epochs": "auto", "batch_norm": "auto"}
    run = interrupt(1, tmp_path, finetune=dataclasses.replace(cut_config.finetune, **given))
    resolved = load_config(run.config_file).finetune
    assert (resolved.epochs, resolved.batch_norm) == (16, "adapt")
    assert take(run, finetune=given).finetune == resolved


@pytest.mark.thorough
def test_a_setting_that_was_settled_otherwise_may_be_said_again(interrupt, tmp_path):
    """A strong augmentation makes fresh views of any number; the same command goes on."""
    given = {"augment": AugmentConfig(preset="strong"), "cache": CacheConfig(views=2)}
    run = interrupt(1, tmp_path, **given)
    assert load_config(run.config_file).cache.views == "fresh"
    assert take(run, cache={"views": 2}).cache.views == "fresh"


@pytest.mark.thorough
def test_more_epochs_are_taken_for_a_phase_that_has_not_begun(cut_run, train, tmp_path, cut_config):
    run = cut_run(4)  # the first phase is over
    train(resume=run.path, finetune={"epochs": 5})
    longer = dataclasses.replace(cut_config.finetune, epochs=5)
    whole = train(tmp_path / "whole", finetune=longer)
    assert run.history_table()["phase"].count("finetune") == 5
    assert_same_run(run, whole)
    assert "epochs: 5" in run.config_file.read_text()


@pytest.mark.thorough
def test_a_phase_without_epochs_gets_none_once_another_has_begun(interrupt, tmp_path):
    """It is not in the plan: what the epochs see was decided without it."""
    run = interrupt(1, tmp_path, finetune=FinetuneConfig(epochs=0))
    assert "finetune.epochs 3 where it has 0" in refuse(run, finetune={"epochs": 3})


@pytest.mark.thorough
def test_before_the_first_epoch_all_is_planned_anew(train, cut_config, tmp_path, monkeypatch):
    one = {
        "frozen": dataclasses.replace(cut_config.frozen, epochs=1),
        "finetune": FinetuneConfig(epochs=0),
        "cache": CacheConfig(),
    }
    with monkeypatch.context() as patch:
        patch.setattr("keras_transfer.training.run_phases.run_phase", lambda *a: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            train(tmp_path, **one)
    run = Run(tmp_path / "run")
    assert load_config(run.config_file).cache.views == 1  # more would never be seen
    take(run, frozen={"epochs": 2}, quiet=False)  # and killed before anything is planned
    config = take(run)
    assert (config.frozen.epochs, config.cache.views, config.quiet) == (2, "auto", False)
    train(resume=run.path, frozen={"epochs": 3})
    assert load_config(run.config_file).cache.views == 2
    assert run.history_table()["epoch"] == ["1", "2", "3"]


@pytest.mark.thorough
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


@pytest.mark.thorough
def test_images_that_are_changed_gone_or_of_another_class_are_refused_by_name(
    own_images, train, tmp_path
):
    run, images = own_images
    file, other = images / "train/level/003.png", images / "train/upright/993.png"
    file.rename(other)
    assert "train/level/003.png" in refuse_images(train, run)
    other.rename(file)
    Image.open(file).rotate(180).save(file)
    (images / "val/upright/004.png").unlink()
    message = refuse_images(train, run)
    named = "train/level/003.png, val/upright/004.png"
    assert f"2 in {images} that are gone or changed, such as {named}" in message
    assert "--dataset" in message
    images.rename(tmp_path / "moved")
    assert "say where they are with --dataset" in refuse_images(train, run)


@pytest.mark.thorough
def test_images_may_move_and_new_ones_are_left_out(own_images, train, tmp_path, whole_run):
    run, images = own_images
    moved = images.rename(tmp_path / "moved")
    pixels = np.random.default_rng(9).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(moved / "train/level/zzz.png")
    train(resume=run.path, dataset=str(moved))
    assert_same_run(run, whole_run)
    log = run.log_file.read_text()
    assert "Images that came since are left out: 1, such as train/level/zzz.png" in log


@pytest.mark.thorough
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
