"""A training reads each file once: the inspection keeps the squares that decoding would make."""

import numpy as np
import pytest
from labelled import load_examples
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.modality import Keeping
from keras_transfer.images.doctor import file_facts
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.images.hold_splits import hold_splits
from keras_transfer.images.kept_squares import SquareRows

SIZE = 48
SIZES = {"small.jpg": (90, 70), "large.jpg": (1031, 613), "tall.jpg": (300, 900), "b.png": (99, 64)}


@pytest.fixture
def photos(tmp_path):
    """Return a folder of two classes with images of every kind that is read in its own way."""
    for seed, split in enumerate(("train", "val")):
        for label in ("a", "b"):
            folder = tmp_path / "set" / split / label
            folder.mkdir(parents=True)
            for name, (width, height) in SIZES.items():
                random = np.random.default_rng([seed, ord(label), width])
                grid = random.integers(0, 256, (5, 7, 3), dtype=np.uint8)
                image = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
                exif = Image.Exif()
                exif[0x0112] = 6 if label == "b" else 1
                image.save(folder / name, exif=exif)
            image.convert("CMYK").save(folder / "print.jpg")
    return tmp_path / "set"


def read(folder, allocate, resize="crop", value_range="full"):
    data = DataConfig(resize=resize, value_range=value_range, image_size=SIZE)
    config = TrainConfig(dataset=str(folder), data=data)
    examples = load_examples(str(folder), config.data)
    found = inspect_files(examples, Keeping(config, 224, allocate) if allocate else None)
    return hold_splits(examples, config, 224, found), found


def list_pixels(data):
    return {
        name: np.concatenate([images for images, _ in data.clean_batches(name)])
        for name in ("train", "validation")
    }


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    """Have nothing remembered of earlier inspections."""
    monkeypatch.setattr("keras_transfer.images.doctor.facts_cache.FRESH", 10**18)


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_kept_squares_are_those_that_are_decoded(photos, resize):
    kept, _ = read(photos, np.zeros, resize)
    decoded, _ = read(photos, None, resize)
    for name, split in kept.splits.items():
        assert isinstance(split.pixels, SquareRows)
        assert split.states is None
        assert decoded.splits[name].pixels is None
    for one, other in zip(list_pixels(kept).values(), list_pixels(decoded).values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_no_file_is_read_after_the_inspection(photos, tmp_path):
    kept, _ = read(photos, np.zeros)
    wanted = list_pixels(kept)
    photos.rename(tmp_path / "gone")
    for name, pixels in list_pixels(kept).items():
        np.testing.assert_array_equal(pixels, wanted[name])
        assert pixels.std() > 20


@pytest.mark.parametrize("files", ["*/*/large.jpg", "*/*/print.jpg"])
def test_each_large_image_is_decoded_once(photos, monkeypatch, files):
    for file in {*photos.glob("*/*/*")} - {*photos.glob(files)}:
        file.unlink()
    monkeypatch.setattr(file_facts, "load_image", None)
    kept, _ = read(photos, np.zeros)
    assert all(split.pixels is not None for split in kept.splits.values())


def test_what_the_inspection_says_does_not_depend_on_it(photos):
    _, kept = read(photos, np.zeros)
    _, alone = read(photos, None)
    for name in ("sha256", "reasons", "plain", "odd", "sizes", "kinds", "states"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(alone, name))
    assert np.bitwise_count(kept.looks ^ alone.looks).max() <= 2
    assert np.abs(kept.spans - alone.spans).max() <= 4


def test_nothing_is_kept_without_room_or_where_shades_are_others(photos):
    for data, _ in (
        read(photos, lambda shape, dtype: None),
        read(photos, np.zeros, value_range="0,100"),
    ):
        assert [split.pixels for split in data.splits.values()] == [None, None]
        assert all(split.states is not None for split in data.splits.values())


def test_a_split_with_another_kind_of_image_is_decoded_later(photos):
    gray = np.random.default_rng(0).integers(0, 65536, (70, 80)).astype(np.uint16)
    Image.fromarray(gray).save(photos / "val/a/deep.png")
    data, _ = read(photos, np.zeros)
    assert data.splits["train"].pixels is not None
    assert data.splits["validation"].pixels is None
    assert list_pixels(data)["validation"].shape == (11, SIZE, SIZE, 3)


def test_files_that_were_inspected_before_are_decoded_later(photos, monkeypatch):
    monkeypatch.setattr("keras_transfer.images.doctor.facts_cache.FRESH", -(10**18))
    read(photos, None)
    data, _ = read(photos, np.zeros)
    assert [split.pixels for split in data.splits.values()] == [None, None]


def test_one_array_serves_all_splits(photos):
    arrays = []
    data, _ = read(photos, lambda *facts: arrays.append(np.zeros(*facts)) or arrays[-1])
    assert len(arrays) == 1
    assert data.memory == arrays[0].nbytes
    part = data.with_rows("train", np.array([3, 1]))
    assert part.memory == arrays[0].nbytes
    (images, _), *_ = part.clean_batches("train")
    np.testing.assert_array_equal(images, list_pixels(data)["train"][[3, 1]])
