"""The files of a training's state: what is in them, which stay, and when they are not believed."""

import zipfile

import keras
import numpy as np
import pytest

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.run_model import build_classifier
from keras_transfer.run.run_directory import Run
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.optimization.build_optimizer import build_optimizer
from keras_transfer.training.progress.npz_archives import read_arrays, write_arrays
from keras_transfer.training.progress.training_progress import Progress


@pytest.fixture
def model(tiny_backbone, make_config):
    return build_classifier(make_config("tiny"), ("a", "b"), None)


@pytest.fixture
def checkpoints(model, tmp_path):
    checkpoints = Checkpoints(model, Run(tmp_path))
    checkpoints.keep_start()
    return checkpoints


def make_optimizer(model):
    optimizer = build_optimizer(TrainConfig().optimizer, np.full(10, 0.1))
    optimizer.build(model.trainable_variables)
    return optimizer


def note_epoch(checkpoints, optimizer, best):
    progress = checkpoints.progress
    progress.rows.append(["frozen", *["1"] * 7])
    progress.epoch += 1
    progress.best = progress.number if best else progress.best
    checkpoints.keep(optimizer)


def list_states(checkpoints):
    return sorted(int(file.stem) for file in checkpoints.run.checkpoints.glob("*.npz"))


def test_only_what_a_state_or_the_one_before_needs_stays(checkpoints, model):
    optimizer = make_optimizer(model)
    checkpoints.progress.enter("frozen")
    seen = []
    for best in (True, False, True, False, False, False):
        note_epoch(checkpoints, optimizer, best)
        seen.append(list_states(checkpoints))
    assert seen == [[0, 1], [0, 1, 2], [0, 1, 2, 3], [0, 3, 4], [0, 3, 4, 5], [0, 3, 5, 6]]
    checkpoints.progress.kept = 3
    checkpoints.progress.enter("finetune")
    assert checkpoints.progress.origin == 3
    note_epoch(checkpoints, optimizer, True)
    note_epoch(checkpoints, optimizer, False)
    assert list_states(checkpoints) == [0, 3, 7, 8]


def test_every_variable_comes_back(checkpoints, model, tmp_path, make_config):
    """Random generators and the optimizer's moments, too."""
    optimizer = make_optimizer(model)
    random = np.random.default_rng(0)
    variables = [*model.variables, *optimizer.variables]
    assert any("seed_generator" in variable.path for variable in variables)
    for variable in variables:
        variable.assign(random.integers(0, 1000, variable.shape).astype(variable.dtype))
    expected = [np.array(variable) for variable in variables]
    checkpoints.progress.enter("frozen")
    note_epoch(checkpoints, optimizer, True)

    other = build_classifier(make_config("tiny"), ("a", "b"), None)
    found, fresh = Checkpoints(other, Run(tmp_path)), make_optimizer(other)
    assert found.begin()
    assert found.progress == checkpoints.progress
    found.restore(1, fresh)
    for variable, value in zip([*other.variables, *fresh.variables], expected, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_weights_come_back_without_the_random_generators(checkpoints, model):
    optimizer = make_optimizer(model)
    checkpoints.progress.enter("frozen")
    note_epoch(checkpoints, optimizer, True)
    before = [np.array(variable) for variable in model.weights]
    generators = {id(v) for v in model.variables} - {id(v) for v in model.weights}
    for variable in model.variables:
        variable.assign(np.ones(variable.shape) * 7)
    checkpoints.restore_weights(1)
    for variable, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    drawn = [np.array(v) for v in model.variables if id(v) in generators]
    assert drawn
    assert all((value == 7).all() for value in drawn)


@pytest.mark.thorough
def test_a_normalization_layer_computes_with_what_came_back(tmp_path, make_config):
    """EfficientNet's keeps copies of its variables, which must follow."""
    config = make_config("efficientnetb0")
    first = build_classifier(config, ("a", "b"), None)
    stem = next(x for x in first._flatten_layers() if isinstance(x, keras.layers.Normalization))
    stem.adapt_mean.assign(stem.adapt_mean + 3)
    stem.finalize_state()
    Checkpoints(first, Run(tmp_path)).keep_start()
    second = build_classifier(config, ("a", "b"), None)
    assert Checkpoints(second, Run(tmp_path)).begin()
    images = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(second(images, training=False), first(images, training=False))


@pytest.mark.thorough
def test_a_file_with_a_flipped_bit_or_cut_off_is_not_believed(tmp_path):
    file, random = tmp_path / "00001.npz", np.random.default_rng(0)
    arrays = {"model.0": random.normal(size=(20, 20)), "progress": np.array('{"epoch": 1}')}
    write_arrays(file, arrays)
    content = file.read_bytes()
    assert read_arrays(file) is not None
    believed = 0
    end = range(8 * (len(content) - 30), 8 * len(content))  # of the zip file: other errors
    places = [*(8 * p + random.integers(8) for p in range(0, len(content), 3)), *end]
    for place in places:
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << int(place % 8)
        file.write_bytes(damaged)
        found = read_arrays(file)
        if found is not None:  # a bit that says nothing, such as in a time of change
            believed += 1
            assert found.keys() == arrays.keys()
            assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
    assert believed < len(places) / 10
    for length in range(0, len(content), 50):
        file.write_bytes(content[:length])
        assert read_arrays(file) is None


def test_files_of_a_start_that_was_damaged_are_not_used(checkpoints, model, tmp_path):
    """They hold only what differs from it."""
    checkpoints.progress.enter("frozen")
    note_epoch(checkpoints, make_optimizer(model), True)
    (tmp_path / "checkpoints/00000.npz").unlink()
    again = Checkpoints(model, Run(tmp_path))
    assert not again.begin()
    again.keep_start()
    assert list_states(again) == [0]
    assert again.progress == Progress()


def test_what_did_not_change_is_kept_once(checkpoints, model, tmp_path):
    head = model.get_layer("probabilities")
    head.bias.assign([1.0, 2.0])
    checkpoints.progress.enter("frozen")
    note_epoch(checkpoints, make_optimizer(model), True)
    names = zipfile.ZipFile(tmp_path / "checkpoints/00001.npz").namelist()
    assert len([name for name in names if name.startswith("model.")]) == 1


def test_a_halved_rate_stays_halved_as_long_as_the_schedule_goes_on():
    progress = Progress(rate_scale=0.5)
    progress.enter("finetune_2", goes_on=True)
    assert progress.rate_scale == 0.5
    progress.enter("another")
    assert progress.rate_scale == 1
