"""Images of another domain that Python code holds: labels may be missing."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.perhaps_labelled import UNKNOWN, read_perhaps_labelled
from keras_transfer.images.modality import IMAGE
from keras_transfer.modalities.table import name_datasets

PIXELS = np.random.default_rng(0).integers(0, 255, (3, 8, 8, 3), np.uint8)
NAMES = ("a", "b")


@pytest.fixture
def files(tmp_path):
    paths = [str(tmp_path / f"{row}.png") for row in range(len(PIXELS))]
    for path, pixels in zip(paths, PIXELS, strict=True):
        Image.fromarray(pixels).save(path)
    return paths


def read(target, **words):
    settings = name_datasets({"adapt": {"target": target, **words}})
    assert {*settings["adapt"]} == {"target", *words}
    return read_perhaps_labelled(settings["adapt"]["target"], DataConfig(), IMAGE, NAMES)


@pytest.mark.parametrize(
    "give",
    [
        lambda files: PIXELS,
        lambda files: [*PIXELS],
        lambda files: files,
        lambda files: {"path": files},
        lambda files: tf.data.Dataset.from_tensor_slices(PIXELS),
        lambda files: tf.data.Dataset.from_tensor_slices(PIXELS).batch(2),
        lambda files: tf.data.Dataset.from_tensor_slices(files),
        lambda files: [Image.open(file) for file in files],
    ],
)
def test_images_alone_have_labels_that_nobody_knows(give, files):
    found = read(give(files), method="align")
    assert found.labels.tolist() == [UNKNOWN] * len(PIXELS)
    read_back = [np.asarray(Image.open(found.root / path)) for path in found.paths]
    assert {each.tobytes() for each in read_back} == {each.tobytes() for each in PIXELS}


@pytest.mark.parametrize("give", [lambda files: PIXELS, lambda files: files])
def test_labels_that_are_given_are_kept(give, files):
    labels = ["b", "a", "b"]
    assert sorted(read((give(files), labels)).labels.tolist()) == [0, 1, 1]


def test_settings_may_be_named_with_a_dot_and_others_stay():
    named = name_datasets({"adapt.target": PIXELS, "seed": 3, "adapt.method": "dann"})
    assert named["adapt.target"].endswith("labels.csv")
    assert named["seed"] == 3
    assert name_datasets({"adapt": {"target": "photos"}}) == {"adapt": {"target": "photos"}}
    assert name_datasets({"adapt": {"target": None}}) == {"adapt": {"target": None}}
