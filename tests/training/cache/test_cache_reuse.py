"""Activations that later runs use again, and when they must not."""

import dataclasses

import numpy as np
import pytest
from cache_starts import PHASES, write_files, write_split
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.models.run_model import build_classifier
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.cache import frozen_cache
from keras_transfer.training.cache.frozen_cache import FrozenCache


@pytest.fixture
def reuse(start, tmp_path, monkeypatch):
    """Return a function that serves a phase with `cache.reuse` and says whether it computed.

    The images are files; `change` is called when a run has looked at them and planned.
    """
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    computed = []
    original = frozen_cache.compute_arrays

    def compute(*args):
        computed.append(1)
        return original(*args)

    monkeypatch.setattr(frozen_cache, "compute_arrays", compute)

    def serve(change=lambda training: training, **changes):
        training = start("disk", reuse=True, **changes)
        training = change(write_files(tmp_path / "images", training))
        computed.clear()
        cache = FrozenCache(training)
        _, batches = cache.serve(PHASES[1])
        assert cache.is_reused == (not computed)
        return bool(computed), batches

    return serve


@pytest.mark.thorough
def test_a_later_run_uses_the_activations_again_with_another_head_and_schedule_too(reuse):
    computed, first = reuse()
    assert computed

    def change(training):
        model, config = training.model, training.config
        head = dataclasses.replace(config.head, hidden=7)
        optimizer = dataclasses.replace(config.optimizer, schedule="constant")
        config = dataclasses.replace(config, head=head, optimizer=optimizer)
        weights = model.get_layer("backbone").get_weights()
        model = build_classifier(config, training.data.class_names, None)
        model.get_layer("backbone").set_weights(weights)
        return dataclasses.replace(training, model=model, config=config)

    computed, second = reuse(change)
    assert not computed
    for split in ("train", "validation"):
        np.testing.assert_array_equal(first.arrays[split], second.arrays[split])


def replace_data(**changes):
    def change(training):
        return dataclasses.replace(training, data=dataclasses.replace(training.data, **changes))

    return change


def change_image(training):
    Image.new("RGB", (32, 32)).save(training.data.root / "train3.png")
    write_split(training.run, training.data)
    return training


def change_weights(training):
    norm = training.model.get_layer("backbone").get_layer("block1_bn")
    norm.moving_mean.assign(norm.moving_mean + 1e-6)
    return training


CHANGES = (
    (change_image, change_weights),
    (
        replace_data(seed=7),
        replace_data(preparation=Preparation(resize="pad")),
        replace_data(augmentation=AUGMENTATIONS["light"]),
    ),
)


@pytest.mark.parametrize(
    "changes", [CHANGES[0], pytest.param(CHANGES[1], marks=pytest.mark.thorough)]
)
def test_a_changed_image_or_setting_never_meets_a_stale_entry(reuse, changes):
    reuse()
    for change in changes:
        computed, _ = reuse(change)
        assert computed, change


@pytest.mark.thorough
def test_another_number_of_views_or_images_or_version_of_a_library_is_another_entry(
    reuse, monkeypatch
):
    import importlib.metadata

    reuse()
    assert reuse(views=2)[0]
    assert reuse(train=20)[0]
    assert not reuse()[0]
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.0")
    assert reuse()[0]


@pytest.mark.thorough
def test_a_damaged_entry_is_computed_again(reuse, tmp_path):
    reuse()
    (file,) = (tmp_path / "cache" / "activations").glob("*/train_activations.npy")
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert reuse()[0]
    assert not reuse()[0]


def blacken(name):
    """Change an image after the run has hashed it."""

    def change(training):
        Image.new("RGB", (32, 32)).save(training.data.root / name)
        return training

    return change


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["train3.png", "validation3.png"])
def test_an_image_that_changes_meanwhile_leaves_no_entry(reuse, tmp_path, name):
    with pytest.raises(ConfigError, match=rf"1 changed, the first is {name}"):
        reuse(blacken(name))
    assert not list((tmp_path / "cache/activations").iterdir())
    assert reuse()[0]
    assert not reuse()[0]


@pytest.mark.thorough
def test_where_no_entry_can_be_written_changed_images_are_no_error(reuse, monkeypatch):
    monkeypatch.setattr(frozen_cache, "make_room", lambda *_: False)

    assert reuse(blacken("train3.png"))[0]
