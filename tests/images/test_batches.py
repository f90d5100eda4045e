import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.batch_order import plan_epoch, view_seeds
from keras_transfer.data.examples import make_examples
from keras_transfer.images.augmentation.augment_batch import augment_batch
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.images.augmentation.view_draws import draw_uniform
from keras_transfer.images.batches import ImageData
from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.images.hold_splits import hold_split
from keras_transfer.images.image_split import Split

COUNT, BATCH, SIDE = 23, 5, 32


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """23 pictures: picture i is noise, its first pixel is i, its class is i modulo 3."""
    root = tmp_path_factory.mktemp("pictures")
    for index in range(COUNT):
        noise = np.random.default_rng(index).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        noise[0, 0] = index
        Image.fromarray(noise).save(root / f"{index:02}.png")
    return root


@pytest.fixture(scope="module")
def make_data(folder):
    """Return a function that makes the data with pixels in memory or on disk."""
    paths = np.array([f"{index:02}.png" for index in range(COUNT)], object)
    labels = np.arange(COUNT) % 3
    decoded = np.stack([load_image(folder / name) for name in paths])
    cached = Split(paths=paths, labels=labels, pixels=decoded)

    def make(preset="none", in_memory=True, **changes):
        split = cached if in_memory else dataclasses.replace(cached, pixels=None)
        settings = {
            "root": folder,
            "class_names": ("a", "b", "c"),
            "splits": {"train": split, "validation": split},
            "image_size": SIDE,
            "batch_size": BATCH,
            "preparation": Preparation(),
            "augmentation": AUGMENTATIONS[preset],
            "seed": 0,
        }
        return ImageData(**settings | changes)

    return make


def read(batches):
    return [(images.numpy(), labels.numpy()) for images, labels in batches]


def indices(batch):
    return batch[0][:, 0, 0, 0].astype(int).tolist()


def assert_arrays_equal(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def assert_equal(first, second):
    for (images, labels), (other_images, other_labels) in zip(first, second, strict=True):
        np.testing.assert_array_equal(images, other_images)
        np.testing.assert_array_equal(labels, other_labels)


@pytest.mark.parametrize("in_memory", [True, False])
def test_an_epoch_has_every_image_once_and_batches_stay_within_it(make_data, in_memory):
    data = make_data(in_memory=in_memory)
    batches = list(map(indices, read(data.training_batches("frozen", epochs=3))))
    assert data.steps == 5
    assert list(map(len, batches)) == [5, 5, 5, 5, 3] * 3
    epochs = [sum(batches[start : start + 5], []) for start in (0, 5, 10)]  # noqa: RUF017
    for epoch in epochs:
        assert sorted(epoch) == list(range(COUNT))
    assert epochs[0] != epochs[1] != epochs[2]


@pytest.mark.parametrize(("count", "steps"), [(20, 4), (21, 5), (3, 1)])
def test_steps_count_the_last_partial_batch(make_data, count, steps):
    whole = make_data().splits["train"]
    part = Split(
        paths=whole.paths[:count], labels=whole.labels[:count], pixels=whole.pixels[:count]
    )
    data = make_data(splits={"train": part})
    assert data.steps == steps == len(read(data.training_batches("frozen", 1)))


def test_batches_follow_the_plan_of_the_epoch(make_data):
    data = make_data("strong", seed=4)
    order, views = plan_epoch(4, "finetune", 1, COUNT)
    first = order[:BATCH]
    draws = draw_uniform(view_seeds(4, first, views[first]))
    pixels = tf.cast(data.splits["train"].pixels[first], tf.float32)
    expected = augment_batch(AUGMENTATIONS["strong"])(pixels, draws)
    images, _ = read(data.training_batches("finetune", epochs=2))[data.steps]
    np.testing.assert_allclose(images, expected, atol=1e-3)


@pytest.mark.parametrize("phase", ["frozen", "finetune"])
def test_a_later_start_gives_the_tail_of_the_whole_stream(make_data, phase):
    data = make_data("strong")
    whole = read(data.training_batches(phase, epochs=5))
    tail = read(data.training_batches(phase, epochs=5, first_epoch=3))
    assert len(tail) == 2 * data.steps
    assert_equal(tail, whole[3 * data.steps :])


def test_with_views_the_epochs_take_them_in_turn(make_data):
    """Every image shows each of its 3 views once in 3 epochs, and the same again in the next 3."""
    data = make_data("strong", views=3)
    seen = {index: [] for index in range(COUNT)}
    batches = read(data.training_batches("finetune", epochs=6))
    for epoch in range(6):
        order, _ = plan_epoch(0, "finetune", epoch, COUNT)
        images = np.concatenate([b[0] for b in batches[epoch * data.steps :][: data.steps]])
        for index, image in zip(order, images, strict=True):
            seen[index].append(image)
    for views in seen.values():
        first, second = views[:3], views[3:]
        assert_arrays_equal(first, second)
        assert not np.array_equal(first[0], first[1])
        assert not np.array_equal(first[1], first[2])


@pytest.mark.parametrize("in_memory", [True, False])
def test_view_batches_are_the_views_that_the_epochs_take(make_data, in_memory):
    data = make_data("strong", in_memory, seed=5, views=3)
    kept = np.empty((COUNT, 3, SIDE, SIDE, 3), np.float32)
    batches = iter(data.view_batches(3))
    for start in range(0, COUNT, BATCH):
        for view in range(3):
            kept[start : start + BATCH, view] = next(batches)
    assert next(batches, None) is None
    trained = read(data.training_batches("frozen", epochs=4))
    for epoch in range(4):
        order, views = plan_epoch(5, "frozen", epoch, COUNT)
        images = np.concatenate([b[0] for b in trained[epoch * data.steps :][: data.steps]])
        np.testing.assert_array_equal(images, kept[order, views[order] % 3])


def test_the_same_seed_gives_the_same_stream(make_data):
    first = read(make_data("strong").training_batches("frozen", epochs=2))
    assert_equal(first, read(make_data("strong").training_batches("frozen", epochs=2)))


@pytest.mark.parametrize(("seed", "phase"), [(1, "frozen"), (0, "finetune")])
def test_another_seed_or_phase_gives_another_stream(make_data, seed, phase):
    first = make_data("standard").training_batches("frozen", epochs=1)
    other = make_data("standard", seed=seed).training_batches(phase, epochs=1)
    assert np.abs(read(first)[0][0] - read(other)[0][0]).mean() > 1


@pytest.mark.thorough
@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_pixels_in_memory_and_on_disk_give_equal_batches(make_data, tmp_path, resize):
    for index in range(7):
        noise = np.random.default_rng(index).integers(0, 256, (40, 50 + index, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{index}.png")
    paths = np.array([f"{index}.png" for index in range(7)], object)
    settings = {"root": tmp_path, "image_size": 48, "preparation": Preparation(resize=resize)}
    streamed = Split(paths=paths, labels=np.arange(7) % 3)
    batches = make_data("none", splits={"train": streamed}, **settings).clean_batches("train")
    pixels = np.concatenate([images for images, _ in read(batches)]).astype(np.uint8)
    cached = dataclasses.replace(streamed, pixels=pixels)
    both = [make_data("strong", splits={"train": part}, **settings) for part in (cached, streamed)]
    assert_equal(*(read(data.training_batches("frozen", 1)) for data in both))
    assert_equal(*(read(data.clean_batches("train")) for data in both))


@pytest.mark.parametrize("in_memory", [True, False])
def test_clean_batches_are_the_pictures_themselves_in_their_order(make_data, in_memory):
    data = make_data("strong", in_memory)
    batches = read(data.clean_batches("validation"))
    images = np.concatenate([images for images, _ in batches])
    pixels = make_data().splits["validation"].pixels
    np.testing.assert_array_equal(images, pixels.astype(np.float32))
    assert list(map(indices, batches))[-1] == [20, 21, 22]


@pytest.mark.parametrize("kind", ["training", "clean"])
@pytest.mark.parametrize("in_memory", [True, False])
def test_labels_are_one_hot_and_belong_to_their_images(make_data, kind, in_memory):
    data = make_data(in_memory=in_memory)
    batches = (
        data.training_batches("frozen", 1) if kind == "training" else data.clean_batches("train")
    )
    assert batches.element_spec == (
        tf.TensorSpec((None, SIDE, SIDE, 3), tf.float32),
        tf.TensorSpec((None, 3), tf.float32),
    )
    for batch in read(batches):
        np.testing.assert_array_equal(batch[1], np.eye(3)[np.array(indices(batch)) % 3])


def test_pictures_are_changed_after_the_cache_and_never_in_it(make_data):
    data = make_data("strong")
    before = data.splits["train"].pixels.copy()
    first, second = (read(data.training_batches("frozen", 2)) for _ in range(2))
    assert_equal(first, second)
    np.testing.assert_array_equal(data.splits["train"].pixels, before)


def test_batches_have_options_for_several_devices_and_for_a_quick_end(make_data):
    off = tf.data.experimental.AutoShardPolicy.OFF
    data = make_data()
    for batches in (data.training_batches("frozen", 1), data.clean_batches("train")):
        assert batches.options().experimental_distribute.auto_shard_policy == off
        assert batches.options().autotune.enabled is False  # its thread can outlive the iterator


def test_other_images_are_held_for_prediction_as_they_are(folder):
    rows = [(f"{index:02}.png", "abc"[index % 3], "test", "") for index in range(COUNT)]
    examples = make_examples("folder", folder, rows)
    config = TrainConfig(data=DataConfig(batch_size=7, resize="stretch"))
    data = hold_split(examples, config, 48, inspect_files(examples))
    assert list(data.splits) == ["test"]
    batches = read(data.clean_batches("test"))
    images, labels = (np.concatenate(part) for part in zip(*batches, strict=True))
    assert images.shape == (COUNT, 48, 48, 3)
    assert labels.argmax(axis=1).tolist() == [index % 3 for index in range(COUNT)]


@pytest.mark.parametrize("preset", AUGMENTATIONS)
def test_graphs_know_the_sides_of_images_in_training(make_data, preset):
    data = dataclasses.replace(make_data(), augmentation=AUGMENTATIONS[preset])
    images, _ = data.training_batches("finetune", 1).element_spec
    assert images.shape[1:] == (data.image_size, data.image_size, 3)


@pytest.mark.parametrize("in_memory", [True, False])
def test_pairs_show_each_image_twice_side_by_side_and_read_no_label(make_data, in_memory):
    plain = read(make_data(in_memory=in_memory).pair_batches("pretrain", 2))
    assert [len(views) for views, _ in plain] == [2 * BATCH] * 8  # 23 images: 3 wait
    for views, numbers in plain:
        assert numbers.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
        np.testing.assert_array_equal(views[::2], views[1::2])
    changed = read(make_data("strong", in_memory=in_memory).pair_batches("pretrain", 2))
    assert all((views[::2] != views[1::2]).any(axis=(1, 2, 3)).all() for views, _ in changed)


def test_pairs_of_an_epoch_are_replayed_without_those_before_it(make_data):
    data = make_data("strong")
    whole = read(data.pair_batches("pretrain", 2))
    assert_equal(whole[4:], read(data.pair_batches("pretrain", 2, first_epoch=1)))
