"""Mixup and CutMix: what is mixed, by how much, and that labels say the truth about the pixels."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.data.batch_order import view_seeds
from keras_transfer.images.augmentation.mixup_cutmix import mix_batch, plan_mixes
from keras_transfer.images.augmentation.presets import AUGMENTATIONS, change_only
from keras_transfer.images.batches import ImageData
from keras_transfer.images.image_split import Split

SIDE, COUNT = 16, 11


def plan(augmentation, count=400, seed=0, side=SIDE):
    seeds = view_seeds(seed, np.arange(count), np.arange(count))
    return plan_mixes(seeds, augmentation, side)


def mix_levels(augmentation, count=400):
    """Mix images that are their own number all over; return images, labels and partners."""
    images = np.tile(np.arange(count, dtype=np.float32)[:, None, None, None], (1, SIDE, SIDE, 3))
    mixed, labels = mix_batch(tf.constant(images), tf.eye(count), *plan(augmentation, count))
    return mixed.numpy(), labels.numpy(), np.roll(np.arange(count), 1)


def test_a_cutmix_label_is_the_share_of_pixels_that_came_from_the_partner():
    mixed, labels, partners = mix_levels(change_only(cutmix=1.0))
    own = np.arange(len(mixed))
    taken = (mixed[..., 0] == partners[:, None, None]).mean(axis=(1, 2))
    kept = (mixed[..., 0] == own[:, None, None]).mean(axis=(1, 2))
    np.testing.assert_allclose(taken + kept, 1)
    np.testing.assert_allclose(labels[own, partners], taken, atol=1e-6)
    np.testing.assert_allclose(labels[own, own], kept, atol=1e-6)
    boxes, _, _ = plan(change_only(cutmix=1.0))
    clipped = (boxes.min(axis=1) == 0) | (boxes.max(axis=1) == SIDE)
    assert clipped.sum() > 100  # or this would say nothing about boxes at the border
    assert 0.15 < taken.mean() < 0.4  # half before the clipping
    assert taken.std() > 0.1


def test_mixup_blends_pixels_and_labels_by_the_same_weight():
    mixed, labels, partners = mix_levels(change_only(mixup=1.0))
    own = np.arange(len(mixed))
    weights = labels[own, partners]
    expected = own + weights * (partners - own)
    np.testing.assert_allclose(mixed, expected[:, None, None, None] + 0 * mixed, atol=1e-2)
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert abs(weights.mean() - 0.5) < 0.05
    assert abs(weights.std() - 12**-0.5) < 0.05  # Beta(1, 1) is uniform


def test_a_small_alpha_leaves_most_images_nearly_alone():
    _, shares, _ = plan(change_only(mixup=0.1))
    assert (np.minimum(shares, 1 - shares) < 0.1).mean() > 0.7


def test_where_both_are_on_each_image_takes_one_of_them():
    boxes, shares, weights = plan(change_only(mixup=1.0, cutmix=1.0))
    whole = (boxes == [0, 0, SIDE, SIDE]).all(axis=1)
    assert 150 < whole.sum() < 250
    assert (shares[~whole] == 1).all()
    np.testing.assert_array_equal(weights[whole], shares[whole])


def test_an_image_alone_in_its_batch_stays():
    image = tf.random.uniform((1, SIDE, SIDE, 3), maxval=255.0)
    mixed, labels = mix_batch(image, tf.eye(1), *plan(change_only(mixup=1.0), 1))
    np.testing.assert_array_equal(mixed, image)
    assert labels.numpy() == 1


@pytest.fixture(scope="module")
def data():
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), np.uint8)
    names = np.array([str(index) for index in range(COUNT)], object)
    split = Split(paths=names, labels=np.arange(COUNT) % 3, pixels=pixels)
    return ImageData(
        root=Path(),
        class_names=("a", "b", "c"),
        splits={"train": split, "validation": split},
        image_size=SIDE,
        batch_size=4,
        preparation=Preparation(),
        augmentation=AUGMENTATIONS["cutmix"],
        seed=0,
    )


def read(batches):
    return [(images.numpy(), labels.numpy()) for images, labels in batches]


def test_a_resumed_phase_mixes_what_it_would_have_mixed(data):
    whole = read(data.training_batches("finetune", 3))
    tail = read(data.training_batches("finetune", 3, first_epoch=2))
    for (images, labels), (again, labels_again) in zip(whole[2 * data.steps :], tail, strict=True):
        np.testing.assert_array_equal(images, again)
        np.testing.assert_array_equal(labels, labels_again)
    labels = np.concatenate([labels for _, labels in whole])
    assert (labels.max(axis=1) < 0.999).mean() > 0.4
    np.testing.assert_allclose(labels.sum(axis=1), 1, atol=1e-6)
    assert not np.array_equal(whole[0][1].max(axis=1), whole[data.steps][1].max(axis=1))


def test_what_is_kept_or_measured_is_never_mixed_or_changed(data):
    plain = dataclasses.replace(data, augmentation=AUGMENTATIONS["standard"])
    for mixed, unmixed in zip(data.view_batches(2), plain.view_batches(2), strict=True):
        np.testing.assert_array_equal(mixed, unmixed)
    found = read(data.clean_batches("validation"))
    pixels = data.splits["validation"].pixels
    np.testing.assert_array_equal(np.concatenate([images for images, _ in found]), pixels)
    assert {label for _, labels in found for label in labels.ravel()} == {0.0, 1.0}


def test_a_sample_shows_images_their_views_and_what_is_mixed(data):
    tiles, labels = data.sample_views(4, 5)
    assert tiles.shape == (4, 6, SIDE, SIDE, 3)
    assert tiles.dtype == np.uint8
    pixels = data.splits["train"].pixels
    assert all((pixels == tile).all(axis=(1, 2, 3)).any() for tile in tiles[:, 0])
    assert set(labels[:, 0].argmax(axis=1)) == {0, 1, 2}
    np.testing.assert_allclose(labels.sum(axis=2), 1, atol=1e-6)
    assert (labels[:, 1:].max(axis=2) < 1).any()
    standard = dataclasses.replace(data, augmentation=AUGMENTATIONS["standard"])
    shown, named = standard.sample_views(99, 2)
    order = np.argsort(data.splits["train"].labels, kind="stable")
    views = np.concatenate([*standard.view_batches(2)])  # both views of a batch of 4, then the next
    np.testing.assert_allclose(shown[order < 4, 1], views[order[order < 4]], atol=1)
    assert set(named.ravel()) == {0.0, 1.0}
