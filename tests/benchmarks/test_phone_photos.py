"""Photographs of phones are made of all of a data set, and each program gets the same."""

import numpy as np
import pytest
from benchmark_modules import load
from PIL import Image


@pytest.fixture(scope="module")
def phone():
    module = load("phone_photos")
    module.SIZE = (80, 60)
    return module


@pytest.fixture
def originals(tmp_path):
    for split, count in (("train", 6), ("val", 4)):
        for label in ("ants", "bees"):
            folder = tmp_path / "set" / split / label
            folder.mkdir(parents=True)
            for index in range(count):
                Image.new("RGB", (50, 20 + index), (index * 9, 90, 60)).save(
                    folder / f"{index}.png"
                )
    return tmp_path / "set"


def test_photographs_come_from_all_classes_and_splits(phone, originals, tmp_path):
    phone.draw_photos(originals, 10, tmp_path / "photos")
    files = sorted((tmp_path / "photos").rglob("*.jpg"))
    folders = [str(file.parent.relative_to(tmp_path / "photos")) for file in files]
    assert sorted(set(folders)) == ["train/ants", "train/bees", "val/ants", "val/bees"]
    assert len(files) == 10
    for file in files:
        with Image.open(file) as image:
            assert image.size == (80, 60)


def test_no_more_are_made_than_there_are_originals(phone, originals, tmp_path):
    phone.draw_photos(originals, 400, tmp_path / "photos")
    assert len([*(tmp_path / "photos").rglob("*.jpg")]) == 20


def test_a_photograph_has_grain_and_the_colours_of_its_original(phone, originals):
    pixels = np.asarray(phone.draw_photo(originals / "train/ants/5.png")).astype(float)
    assert np.abs(pixels.mean(axis=(0, 1)) - (45, 90, 60)).max() < 1
    assert 4 < pixels.std(axis=(0, 1)).min() < 6


def test_the_costs_of_a_file_are_measured_in_every_format(phone, originals, tmp_path, capsys):
    phone.draw_photos(originals, 10, tmp_path / "photos")
    phone.measure_files(tmp_path / "photos", 2, tmp_path)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[2:5]] == ["jpeg", "png", "webp"]
    assert "decode scaled" in lines[0]
