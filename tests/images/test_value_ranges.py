"""One range for training, predicting and what is given as arrays."""

import dataclasses
import io
import json
import logging

import numpy as np
import pytest
from labelled import load_examples
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.exports.usage import Usage
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.images.doctor.near_duplicates import link_alike
from keras_transfer.images.hold_splits import hold_split, hold_splits
from keras_transfer.images.prediction_inputs import list_images, list_words, stream_pixels
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.plan_file import PLAN_FORMAT
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

SIDE = 96


def draw(number, most):
    """Draw a smooth picture whose numbers reach from 0 to `most`."""
    small = np.random.default_rng(number).random((6, 6)).astype(np.float32)
    image = Image.fromarray(small).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    field = np.asarray(image)
    return (field - field.min()) / (field.max() - field.min()) * most


@pytest.fixture
def deep(tmp_path):
    """16 pictures of 12 bits; those of validation reach further than those of train."""
    for number in range(16):
        split, name = ("train", "validation")[number % 4 == 3], "ab"[number % 2]
        folder = tmp_path / f"set/{split}/{name}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = draw(number, 3000 if split == "train" else 9000).round().astype(np.uint16)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    (tmp_path / "set/validation/a").mkdir(exist_ok=True)
    Image.fromarray(draw(99, 900).astype(np.uint16)).save(tmp_path / "set/validation/a/99.png")
    return tmp_path / "set"


def hold(root, value_range="auto"):
    examples = load_examples(str(root), DataConfig())
    config = TrainConfig(data=DataConfig(value_range=value_range, batch_size=32))
    return hold_splits(examples, config, 32, inspect_files(examples)), config


def test_the_training_images_set_the_range_and_config_keeps_it(deep, caplog):
    with caplog.at_level(logging.INFO):
        data, config = hold(deep)
    assert data.settle(config).data.value_range == "0,3000"
    said = [record.getMessage() for record in caplog.records]
    assert said[0].endswith(
        "to 3000 in 16 bits (12 images); 0 becomes 0, 3000 255 (data.value_range)"
    )
    assert "4 of 17 images hold numbers beyond 0,3000, which are clipped" in said[1]


def test_a_range_that_is_given_is_taken(deep):
    data, config = hold(deep, "0,9000")
    assert data.settle(config).data.value_range == "0,9000"


def test_a_repeat_of_a_run_keeps_its_range(deep):
    data, config = hold(deep)
    (again, _) = hold(deep, data.settle(config).data.value_range)
    assert again.content_facts() == data.content_facts()


def test_usual_sets_stay_as_they_are(make_tree):
    data, config = hold(make_tree("a/1.png", "a/2.png", "b/1.png", "b/2.png"), "full")
    assert data.settle(config).data.value_range == "full"
    assert data.content_facts() == {"image_size": 32, "resize": "crop", "margin": 2}
    other = Preparation(crop_fraction=0.9, interpolation="bicubic")
    changed = dataclasses.replace(data, preparation=other).content_facts()
    assert changed.keys() - data.content_facts() == {"crop_fraction", "interpolation"}


def test_the_pixels_of_predict_and_of_training_are_the_same(deep):
    data, _ = hold(deep)
    ((images, _),) = data.clean_batches("validation").as_numpy_iterator()
    files = [str(deep / path) for path in data.splits["validation"].paths]
    ((pixels, _),) = stream_pixels(files, 32, Preparation(value_range="0,3000"), 32)
    np.testing.assert_array_equal(pixels, images)
    assert len(np.unique(pixels)) > 200
    _, arrays = list_images([np.asarray(Image.open(file)) for file in files], "0,3000")
    ((given, _),) = stream_pixels(arrays, 32, Preparation(value_range="0,3000"), 32)
    np.testing.assert_array_equal(given, images)
    _, opened = list_images([Image.open(file) for file in files], "0,3000")
    ((given, _),) = stream_pixels(opened, 32, Preparation(value_range="0,3000"), 32)
    np.testing.assert_array_equal(given, images)


def test_a_run_without_the_setting_reads_as_it_did(deep):
    examples = load_examples(str(deep), DataConfig())
    rows = np.flatnonzero(examples.splits == "train")
    examples, inspection = examples.take(rows), inspect_files(examples).take(rows)
    data = hold_split(examples, TrainConfig(), 96, inspection)
    ((images, _),) = data.clean_batches("train").as_numpy_iterator()
    stored = np.asarray(Image.open(deep / str(examples.paths[0])))
    np.testing.assert_array_equal(images[0, ..., 0], np.round(stored / 257))


def test_dark_pictures_of_16_bits_do_not_look_alike(deep):
    for file in deep.glob("*/*/*"):
        pixels = np.asarray(Image.open(file)) // 10
        Image.fromarray(pixels.astype(np.uint16)).save(file)
    examples = load_examples(str(deep), DataConfig())
    assert len(link_alike(examples, inspect_files(examples))) == 0


@pytest.mark.parametrize(
    ("pixels", "value_range", "words"),
    [
        (draw(0, 9000).astype(np.uint16), "0,3000", "hold numbers beyond 0,3000"),
        (draw(0, 255).astype(np.uint8), "0,3000", "have 8 bits and are read from 0 to 255"),
        (draw(0, 3000).astype(np.uint16), "full", "have more than 8 bits, of which"),
        (draw(0, 3000).astype(np.uint16), "0,3000", ""),
        (draw(0, 65535).astype(np.uint16), "full", ""),
        (draw(0, 255).astype(np.uint8), "full", ""),
        (draw(0, 255).astype(np.uint8), "0,255", ""),
    ],
)
def test_predict_says_which_images_do_not_fit(tmp_path, caplog, pixels, value_range, words):
    Image.fromarray(pixels).save(tmp_path / "a.png")
    names, sources = list_words([str(tmp_path / "a.png")])
    list(stream_pixels(sources, 32, Preparation(value_range=value_range), 8))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == bool(words)
    for line in said:
        assert line.startswith(f"1 of 1 images {words}")
        assert names[0] in line


def test_arrays_beyond_the_range_are_said(caplog):
    list_images(draw(0, 9000).astype(np.float32), "0,3000")
    assert "1 of 1 images hold numbers beyond 0,3000" in caplog.text
    with pytest.raises(ConfigError, match="alpha has no value range"):
        list_images(np.zeros((8, 8, 4), np.float32), "0,3000")


def test_masks_of_0_and_1_are_said_to_be_black(caplog):
    list_images((draw(0, 255) > 99).astype(np.uint8))
    assert "1 of 1 images hold no number above 1, which is black" in caplog.text


def test_shades_are_no_fractions_of_white(caplog):
    """Where a model learned from floats in [0, 1]; uint8 is of the same scale as these."""
    for shades in (draw(0, 255), draw(0, 65535).astype(np.uint16), draw(0, 255).astype(np.float32)):
        with pytest.raises(ConfigError, match=r"in \[0, 1\], as those that the model learned from"):
            list_images([shades], "0.0,1.0")
    list_images([draw(0, 255) / np.float32(255), draw(0, 255).astype(np.uint8)], "0.0,1.0")
    assert caplog.text == ""


@pytest.mark.parametrize("make", [list, np.stack])
def test_a_dark_image_among_floats_up_to_255_is_dark(make):
    bright = draw(0, 255).astype(np.float32)
    _, (found, dark) = list_images(make([bright, np.full_like(bright, 0.7)]))
    assert (found == list_images([bright])[1][0]).all()
    assert (dark == 1).all()
    with pytest.raises(ConfigError, match="Multiply them by 255"):
        list_images(make([bright / 255, bright / 255]))


@pytest.mark.parametrize("shape", [(64, 48, 2), (2, 64, 2), (64, 48, 5), (224, 224, 12)])
def test_channels_of_another_number_are_no_batch_of_gray_images(shape):
    with pytest.raises(ConfigError, match="Received: the shape"):
        list_images(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(30, 8, 8), (2, 28, 28), (100, 32, 32)])
def test_gray_images_in_one_array_are_a_batch(shape):
    assert len(list_images(np.zeros(shape, np.uint8))[0]) == shape[0]


@pytest.mark.parametrize(
    "text", ["0", "5,5", "9,1", "a,b", "0,1,2", "nan,1", "0,inf", "", "min,max", f"0,{10**400}"]
)
def test_a_range_is_a_word_or_two_numbers(text):
    with pytest.raises(ConfigError, match=r"`data\.value_range` must be"):
        DataConfig(value_range=text)


@pytest.mark.parametrize("text", ["auto", "full", "0,4095", "-1000, 1000", "0.0,1.0", "-5e-3,2e4"])
def test_ranges_are_understood(text):
    assert DataConfig(value_range=text).value_range == text


def test_an_older_run_that_is_resumed_reads_as_it_did(tmp_path):
    run = Run(tmp_path / "run")
    run.checkpoints.mkdir(parents=True)
    run.config_file.write_text("data: {}\n")
    settings = to_dict(TrainConfig())
    del settings["data"]["value_range"]
    plan = {
        "format": PLAN_FORMAT,
        "given": {},
        "settings": settings,
        "weights": {"kind": "none", "sha256": None, "warning": None},
        "cache": {"cuts": {}, "views": None, "layout": {}},
    }
    run.plan_file.write_text(json.dumps(plan))
    assert load_config(resume=run.path).data.value_range == "full"
    run.plan_file.unlink()  # nothing was begun
    assert load_config(resume=run.path).data.value_range == "auto"


def test_older_exports_are_read_as_they_were():
    usage = Usage.from_json('{"class_names": ["a", "b"], "resize": "pad"}')
    assert usage == Usage(
        class_names=("a", "b"), preparation=Preparation(resize="pad", value_range="full")
    )
    deep = Usage(
        class_names=("a", "b"), preparation=Preparation(resize="pad", value_range="0,4095")
    )
    assert Usage.from_json(deep.to_json()) == deep


def test_files_in_memory_are_read_by_the_range():
    stream = io.BytesIO()
    Image.fromarray(draw(0, 3000).astype(np.uint16)).save(stream, "PNG")
    ((pixels, _),) = stream_pixels([stream.getvalue()], 32, Preparation(value_range="0,3000"), 8)
    assert pixels.max() > 230
