"""Views that a Keras layer or a function of the user makes are functions of their seeds."""

import traceback

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.augmentation.given_augmentation import (
    drawing_from,
    open_augmentation,
    to_number,
)
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.images.batches import ImageData
from keras_transfer.images.image_split import Split
from keras_transfer.system.errors import ConfigError

SIDE = 16
layers = keras.layers


class Noise(keras.layers.Layer):
    """A layer of the user: its `call` does not ask whether it trains."""

    def __init__(self):
        super().__init__()
        self.generator = keras.random.SeedGenerator(7)

    def call(self, images):
        return images + keras.random.uniform(tf.shape(images), 0, 20, seed=self.generator)


class Unseeded(keras.layers.Layer):
    """A layer that draws from the generator of the whole process."""

    def call(self, images, training=False):
        return images + (keras.random.uniform((1, 1, 1, 1), 0, 20) if training else 0)


LAYERS = [
    lambda: layers.RandomFlip("horizontal", seed=1),
    lambda: keras.Sequential([layers.RandomRotation(0.2), layers.RandomBrightness(0.2)]),
    lambda: layers.RandomErasing(value_range=(0, 255)),
    lambda: layers.AugMix(value_range=(0, 255)),  # draws from Python's generator, too
    lambda: layers.Pipeline([layers.RandomZoom(0.2), layers.RandomContrast(0.4)]),
    Noise,
    Unseeded,
]


@pytest.fixture
def images():
    return tf.constant(np.random.default_rng(3).integers(0, 256, (6, SIDE, SIDE, 3)), tf.float32)


SEEDS = tf.constant([[4, view] for view in range(6)], tf.int64)


@pytest.mark.thorough
@pytest.mark.parametrize("make", LAYERS)
def test_a_view_of_a_layer_depends_on_its_seed_alone(make, images):
    layer = make()
    opened, warning = open_augmentation(layer, "it", SIDE)
    views = opened.change(images, SEEDS).numpy()
    assert warning == ""
    assert not np.allclose(views, images)
    assert views.min() >= 0
    assert views.max() <= 255
    backwards = opened.change(images[::-1], SEEDS[::-1]).numpy()[::-1]
    np.testing.assert_array_equal(backwards, views)
    again, _ = open_augmentation(make(), "it", SIDE)  # as in the process that resumes
    np.testing.assert_array_equal(again.change(images, SEEDS), views)


def test_generators_are_as_they_were_afterwards():
    generator = keras.random.SeedGenerator(5)
    original = keras.random.SeedGenerator.next
    with drawing_from(tf.constant([1, 2], tf.int64)):
        one = keras.random.uniform((2,), seed=generator)
        two = keras.random.uniform((2,), seed=generator)
    assert not np.array_equal(one, two)
    assert keras.random.SeedGenerator.next is original
    assert generator.state.numpy().tolist() == [5, 0]


def turn(image, seed):
    assert (image.shape, image.dtype) == ((SIDE, SIDE, 3), np.float32)
    assert isinstance(seed, int)
    assert 0 <= seed < 2**31
    return np.roll(image, np.random.default_rng(seed).integers(SIDE), axis=1).astype(np.uint8)


def brighten(image, seed):
    return tf.image.stateless_random_brightness(image, 60.0, seed=(seed, 0))


def hold(augmentation, views=None):
    """Return data of six images whose views are made by it."""
    pixels = np.random.default_rng(2).integers(0, 256, (6, SIDE, SIDE, 3)).astype(np.uint8)
    split = Split(paths=np.arange(6).astype(str), labels=np.arange(6) % 2, pixels=pixels)
    data = ImageData(
        root=None,
        class_names=("a", "b"),
        splits={"train": split},
        image_size=SIDE,
        batch_size=4,
        preparation=Preparation(),
        augmentation=AUGMENTATIONS["none"],
        seed=0,
    )
    return data.with_augmentation(augmentation, "it")[0].with_views(views)


@pytest.mark.parametrize("given", [turn, brighten, layers.RandomRotation(0.2)])
def test_training_sees_the_views_that_are_kept(given):
    data = hold(given, views=2)
    kept = [batch.numpy() for batch in data.view_batches(2)]
    kept = np.stack([np.concatenate(kept[0::2]), np.concatenate(kept[1::2])])
    epochs = [
        np.concatenate([batch.numpy() for batch, _ in data.training_batches("frozen", n + 1, n)])
        for n in range(2)
    ]
    seen = np.sort(np.concatenate(epochs).reshape(12, -1).sum(axis=1))
    np.testing.assert_allclose(seen, np.sort(kept.reshape(12, -1).sum(axis=1)), rtol=1e-6)
    again = [batch.numpy() for batch, _ in data.training_batches("frozen", 2, 1)]
    np.testing.assert_array_equal(np.concatenate(again), epochs[1])
    assert data.novelty == "fresh"


def test_views_are_drawn_for_the_figure_and_named_in_the_key_of_the_cache():
    data = hold(turn)
    tiles, _ = data.sample_views(2, 3)
    assert tiles.shape == (2, 4, SIDE, SIDE, 3)
    assert not np.array_equal(tiles[0, 0], tiles[0, 1])
    assert data.view_facts()["given"] == "it"


def test_seeds_become_different_numbers():
    numbers = {to_number(np.array([image, view])) for image in range(30) for view in range(30)}
    assert len(numbers) == 900


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda image, seed: image[:8], r"shape that it gets, \(16, 16, 3\)\. Received: \(8, 16"),
        (lambda image, seed: image / 255, r"none above 1 from it\. Leave scaling out"),
        (lambda image, seed: image * np.nan, "numbers from nan to nan"),
        (lambda image, seed: image * 100, "numbers from 0 to 25500"),
        (lambda image, seed: None, r"Received: \(\) from it"),
        (layers.RandomCrop(8, 8), r"Received: \(8, 8, 3\) from it"),
        (layers.Rescaling(1 / 255), "Leave scaling out"),
        (keras.Sequential([layers.MixUp()]), r"MixUp, .* Set augment\.mixup"),
    ],
)
def test_what_makes_no_image_is_refused(given, words):
    with pytest.raises(ConfigError, match=words):
        open_augmentation(given, "it", SIDE)


def test_what_cannot_be_made_again_is_told():
    rng = np.random.default_rng()
    _, warning = open_augmentation(lambda image, seed: image * rng.random(), "it", SIDE)
    assert "not be bit-equal" in warning
    _, warning = open_augmentation(lambda image, seed: image[::-1], "it", SIDE)
    assert "the same view of an image with every seed" in warning


def test_a_fault_of_the_user_keeps_its_own_traceback():
    def fail(image, seed):
        if image[0, 0, 0] == 17:
            raise KeyError("of the user")
        return image

    data = hold(fail)
    data.splits["train"].pixels[5, 0, 0, 0] = 17
    with pytest.raises(tf.errors.OpError):
        list(data.training_batches("frozen", 1))
    assert isinstance(data.fault, KeyError)
    assert "fail" in [frame.name for frame in traceback.extract_tb(data.fault.__traceback__)]
