"""Images that go or become others while a run is trained, and after it."""

import json
import logging
import os
import shutil

import numpy as np
import pytest

from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

ON_DISK = {"cache": CacheConfig(views=2, memory_gb=0.0), "finetune": FinetuneConfig(epochs=0)}
STREAMED = {
    "cache": CacheConfig(mode="off", views=2, memory_gb=0.0, disk_gb=0.0),
    "finetune": FinetuneConfig(epochs=0),
}

KEPT = CacheConfig(mode="off", disk_gb=0.0)


@pytest.fixture
def images(stripes, tmp_path):
    return shutil.copytree(stripes, tmp_path / "images")


@pytest.fixture
def at_epoch(monkeypatch):
    """Return a function that has something done once, when an epoch begins."""
    from keras_transfer.training import callbacks

    def plan(number, act):
        original, acts = callbacks.NoteEpoch.on_epoch_begin, [act]

        def begin(self, epoch, logs=None):
            original(self, epoch, logs)
            if epoch == number and acts:
                acts.pop()()

        monkeypatch.setattr(callbacks.NoteEpoch, "on_epoch_begin", begin)

    return plan


def swap(folder):
    """Give every image of one class the content of the other, as equal in size as it comes."""
    for file in (folder / "level").iterdir():
        other = folder / "upright" / file.name
        first, second = file.read_bytes(), other.read_bytes()
        file.write_bytes(second)
        other.write_bytes(first)


@pytest.fixture
def read_later(monkeypatch):
    """Have nothing kept by the inspection, as if the files were known from an earlier one."""
    kept = "keras_transfer.training.cache.budget.allocate_examples"
    monkeypatch.setattr(kept, lambda *words: None)


@pytest.mark.thorough
def test_what_the_inspection_kept_is_not_missed(train, images, at_epoch, tmp_path, monkeypatch):
    monkeypatch.setattr("keras_transfer.images.doctor.facts_cache.FRESH", 10**18)
    whole = train(tmp_path, name="whole", dataset=str(images), **STREAMED | {"cache": KEPT})
    at_epoch(1, lambda: shutil.rmtree(images))
    run = train(tmp_path, dataset=str(images), **STREAMED | {"cache": KEPT})
    assert "left_out" not in run.metrics()
    assert run.predictions_file.read_bytes() == whole.predictions_file.read_bytes()


@pytest.mark.thorough
@pytest.mark.usefixtures("read_later")
def test_a_run_ends_on_what_is_kept_of_images_that_are_deleted(
    train, images, at_epoch, tmp_path, caplog, monkeypatch
):
    from keras_transfer.evaluate import evaluate_run

    whole = train(tmp_path, name="whole", dataset=str(images), **ON_DISK)
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setattr(logging.getLogger("keras_transfer"), "propagate", True)

    def delete():
        shutil.copytree(images, elsewhere)
        for part in ("train/level/003.png", "val/level/003.png", "test/upright/007.png"):
            (images / part).unlink()
        (images / "val/level/004.png").write_bytes((images / "val/upright/004.png").read_bytes())
        (images / "test/level/004.png").write_bytes((images / "val/upright/004.png").read_bytes())

    at_epoch(1, delete)
    run = train(tmp_path, dataset=str(images), **ON_DISK)
    metrics = run.metrics()
    assert metrics["left_out"] == {"test": 2}
    assert metrics["splits"]["test"]["images"] == 22
    assert metrics["splits"]["validation"]["images"] == 24
    found, expected = (read_run_predictions(each).select("validation") for each in (run, whole))
    assert found.paths.tolist() == expected.paths.tolist()
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-4)
    lost = {(each["path"], each["reason"]) for each in run.data_report()["lost"]}
    assert lost == {
        ("val/level/003.png", "gone"),
        ("val/level/004.png", "changed"),
        ("test/level/004.png", "changed"),
        ("test/upright/007.png", "gone"),
    }
    assert "2 of 24 test examples are gone or changed" in run.log_file.read_text()
    caplog.clear()
    answered = evaluate_run(run)
    assert "test/level/004.png" not in answered.paths.tolist()
    assert len(answered) == 22
    assert "2 of 24 test images are gone or changed and left out" in caplog.text
    shutil.rmtree(images / "test")
    assert evaluate_run(run).split_names == ("validation",)
    with pytest.raises(ConfigError, match="Images of test must be those the run was made from"):
        evaluate_run(run, split="test")


@pytest.mark.thorough
def test_an_interrupted_run_goes_on_with_what_it_kept(train, interrupt, images, tmp_path):
    run = interrupt(1, tmp_path, dataset=str(images), **ON_DISK)
    for file in (*(images / "train/level").iterdir(), images / "val/level/003.png"):
        file.unlink()
    train(resume=run.path)
    assert run.metrics()["splits"]["validation"]["images"] == 24
    assert "left_out" not in run.metrics()


@pytest.mark.thorough
def test_files_replaced_while_they_are_streamed_end_the_training_in_one_line(
    train, images, at_epoch, tmp_path
):
    shutil.copytree(images, tmp_path / "before")
    at_epoch(1, lambda: swap(images / "train"))
    with pytest.raises(ConfigError, match=r"stay as they are .* 80 in .* gone or changed"):
        train(tmp_path, dataset=str(images), **STREAMED)
    run = Run(tmp_path / "run")
    assert run.history_table()["epoch"] == ["1"]
    with pytest.raises(ConfigError, match=r"80 in .* gone or changed"):
        train(resume=run.path)
    shutil.rmtree(images)
    shutil.copytree(tmp_path / "before", images)
    train(resume=run.path)
    assert run.metrics_file.exists()


@pytest.mark.thorough
def test_files_that_were_only_touched_are_the_same(train, images, at_epoch, tmp_path):
    at_epoch(0, lambda: [os.utime(file, (1, 1)) for file in images.glob("*/*/*.png")])
    config = STREAMED | {"frozen": load_config(frozen={"epochs": 1}).frozen}
    run = train(tmp_path, dataset=str(images), **config)
    assert "left_out" not in run.metrics()
    assert "lost" not in json.loads(run.data_report_file.read_text())
