import dataclasses
import shutil
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.data.same_files.lost_examples import Lost
from keras_transfer.evaluation.certainty import run_neighbours
from keras_transfer.evaluation.certainty.neighbour_files import read_neighbours, read_unusual
from keras_transfer.evaluation.certainty.neighbours import choose_references
from keras_transfer.evaluation.certainty.run_neighbours import find_neighbours
from keras_transfer.models.cuts import expose_pooled
from keras_transfer.models.run_model import load_run_model
from keras_transfer.predict import predict_images
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.train import fine_tune
from keras_transfer.training.cache.frozen_cache import FrozenCache


def find(run):
    config = load_run_config(run)
    return find_neighbours(run, config, load_run_model(run, config))


def test_a_training_leaves_the_share_of_every_validation_and_test_image(finished_run):
    table, shares = finished_run.predictions_table(), read_unusual(finished_run)
    assert [*shares] == table["path"]
    assert read_table(finished_run.unusual_file)["split"] == table["split"]
    assert len(read_neighbours(finished_run).features) == 80
    assert 0 < np.mean([*shares.values()]) < 1


def test_what_is_computed_later_is_what_the_training_left(finished_run, run_copy):
    run_copy.neighbours_file.unlink()
    found = find(run_copy)
    assert run_copy.neighbours_file.is_file()
    np.testing.assert_allclose(
        found.features, read_neighbours(finished_run).features, atol=1e-3, rtol=0
    )


def test_a_run_that_cannot_be_written_is_asked_all_the_same(run_copy, monkeypatch, caplog):
    run_copy.neighbours_file.unlink()

    def refuse(neighbours, run):
        raise PermissionError(13, "Permission denied")

    module = "keras_transfer.evaluation.certainty.run_neighbours.write_neighbours"
    monkeypatch.setattr(module, refuse)
    assert len(find(run_copy).features) == 80
    assert "neighbours.npz is not kept: Permission denied" in caplog.text


def test_images_that_are_gone_or_changed_are_left_out(tiny_config, stripes, run_copy, tmp_path):
    data = shutil.copytree(stripes, tmp_path / "set")
    (data / "train/level/000.png").unlink()
    shutil.copy(data / "train/level/001.png", data / "train/level/002.png")
    text = run_copy.config_file.read_text().replace(str(stripes), str(data))
    run_copy.config_file.write_text(text)
    whole = read_neighbours(run_copy).features
    run_copy.neighbours_file.unlink()
    left = np.delete(whole, [0, 2], axis=0)  # in the order of split.csv
    np.testing.assert_allclose(find(run_copy).features, left, atol=1e-3, rtol=0)


@pytest.mark.parametrize("left", [0, 19])
def test_a_run_whose_images_are_gone_says_what_it_needs(left, stripes, run_copy, tmp_path):
    data = tmp_path / "set"
    if left:
        shutil.copytree(stripes, data)
        files = sorted((data / "train").glob("*/*.png"))
        for file in files[left:]:
            file.unlink()
    text = run_copy.config_file.read_text().replace(str(stripes), str(data))
    run_copy.config_file.write_text(text)
    run_copy.neighbours_file.unlink()
    fault = "19 of them are as they were" if left else "its data set .*set cannot be read"
    with pytest.raises(ConfigError, match=rf"`unusual` needs neighbours\.npz .*{fault}.*Restore"):
        find(run_copy)
    assert not run_copy.neighbours_file.exists()


def test_neighbours_of_another_model_are_refused(run_copy):
    np.savez(run_copy.neighbours_file, features=np.ones((30, 7), np.float16))
    with pytest.raises(ConfigError, match=r"must hold the 16 features of its model\. Received: 7"):
        find(run_copy)


@pytest.mark.thorough
def test_too_few_training_images_leave_no_file_and_say_so(tiny_config, stripes, tmp_path):
    for split in ("train", "val"):
        for name in ("level", "upright"):
            (tmp_path / "set" / split / name).mkdir(parents=True)
            for file in sorted((stripes / split / name).iterdir())[:8]:
                shutil.copy(file, tmp_path / "set" / split / name)
    settings = {"dataset": str(tmp_path / "set"), "output": tmp_path / "runs"}
    short = {"frozen": FrozenConfig(epochs=1), "finetune": FinetuneConfig(epochs=0)}
    run = fine_tune(dataclasses.replace(tiny_config, **settings, **short))
    assert not run.neighbours_file.exists()
    assert read_unusual(run) is None
    assert "that needs 20 of them, not 16" in run.log_file.read_text()
    assert "--unusual" not in run.model_card_file.read_text()


@pytest.mark.thorough
def test_shares_are_those_of_the_saved_model_however_it_was_trained(tiny_config, stripes, tmp_path):
    """Streamed and in 16 bits, and calibrated afterwards."""
    config = dataclasses.replace(
        tiny_config,
        output=tmp_path,
        cache=dataclasses.replace(tiny_config.cache, mode="off"),
        calibrate=True,
        precision="mixed_bfloat16",
    )
    run = fine_tune(config)
    shares = read_unusual(run)
    found = predict_images(run, [stripes / path for path in shares], unusual=True)
    assert found.unusual_share == pytest.approx([*shares.values()], abs=1.5 / 80)


@pytest.mark.thorough
def test_the_locked_part_is_not_traced_again_and_changes_nothing(
    tiny_config, tmp_path, monkeypatch
):
    """Where activations of it were kept, references go through it first, then through the rest."""
    activate, found = FrozenCache.activate, []

    def watch(self, cut, batches):
        assert self._run_front is not None
        found.append(activate(self, cut, batches))
        return found[-1]

    monkeypatch.setattr(FrozenCache, "activate", watch)
    cache = dataclasses.replace(tiny_config.cache, mode="on", views=2)
    config = dataclasses.replace(tiny_config, output=tmp_path, cache=cache)
    run = fine_tune(dataclasses.replace(config, finetune=FinetuneConfig(epochs=0)))
    assert [len(each) for each in found] == [80]
    features = read_neighbours(run).features
    run.neighbours_file.unlink()
    np.testing.assert_allclose(find(run).features, features, atol=1e-3, rtol=0)


def test_a_model_without_a_backbone_has_no_pooled_features():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(2, name="probabilities")])
    with pytest.raises(ConfigError, match=r"between its `backbone` and its head.*probabilities"):
        expose_pooled(model)


class RowsOnly:
    """Training data of 600 images, of which nothing is known but their rows."""

    seed = 0

    def __init__(self, rows):
        self.splits = {"train": SimpleNamespace(labels=np.asarray(rows) % 3, rows=np.asarray(rows))}

    def with_rows(self, split, rows):
        return RowsOnly(self.splits[split].rows[rows])


@pytest.mark.parametrize("lost", [2, 490])
def test_a_training_compares_with_references_that_are_still_there(lost, monkeypatch):
    every = RowsOnly(range(600))
    chosen = choose_references(every.splits["train"].labels, 0)

    def find_lost(data, run, splits):
        assert data.splits["train"].rows.tolist() == chosen.tolist()
        return [Lost("train", row, "gone.png", True) for row in range(lost)]

    monkeypatch.setattr(run_neighbours, "find_lost", find_lost)
    data, names = run_neighbours.take_references(every, None)
    if lost == 2:
        assert (data.splits["train"].rows.tolist(), names) == (chosen[2:].tolist(), ["train"])
    else:  # 10 are too few
        assert (data, names) == (every, [])


@pytest.mark.parametrize("diverged", [False, True])
def test_a_diverged_model_leaves_nothing_to_compare_with(tmp_path, diverged):
    """Its features are no numbers: whatever was flagged by them would mean nothing."""
    run = Run(tmp_path)
    features = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    if diverged:
        features[3] = np.nan
    predictions = Predictions(
        paths=np.array([f"{row}.png" for row in range(30)], object),
        splits=np.array(["train"] * 24 + ["validation"] * 6, object),
        truth=np.zeros(30, np.int64),
        probabilities=np.ones((30, 1)),
        class_names=("one",),
        features=features,
    )
    left = run_neighbours.leave_neighbours(predictions, run)
    assert left.split_names == ("validation",)
    assert run.neighbours_file.exists() is run.unusual_file.exists() is not diverged
