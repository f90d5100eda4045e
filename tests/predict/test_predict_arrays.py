"""Classifying what Python code holds: arrays, Pillow's images, names."""

import numpy as np
import pytest
from PIL import Image

from keras_transfer.predict import predict_images
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def photo(stripes):
    return stripes / "test/level/000.png"


def test_arrays_are_read_as_their_files(finished_run, photo):
    image = Image.open(photo).convert("RGB")
    pixels = np.asarray(image)
    clear = image.copy()
    clear.putalpha(255)
    wanted = predict_images(finished_run, photo).probabilities
    alike = [
        pixels,
        np.asarray(clear),
        pixels.astype(np.float32),
        pixels.astype(np.int64),
        pixels.astype(np.uint16) * 257,
    ]
    for array in alike:
        found = predict_images(finished_run, array)
        assert len(found) == 1
        np.testing.assert_array_equal(found.probabilities, wanted)
    batch = predict_images(finished_run, np.stack([pixels, pixels[::-1]]))
    assert batch.names.tolist() == ["array 0", "array 1"]
    np.testing.assert_allclose(batch.probabilities[:1], wanted, atol=1e-6)


def test_pillow_images_and_arrays_of_names_are_understood(finished_run, photo):
    wanted = predict_images(finished_run, photo).probabilities
    image = Image.open(photo)
    for given in (image, [image], np.array([str(photo)])):
        np.testing.assert_array_equal(predict_images(finished_run, given).probabilities, wanted)


def test_gray_arrays_mean_equal_channels(finished_run, photo):
    gray = np.asarray(Image.open(photo).convert("L"))
    wanted = predict_images(finished_run, np.repeat(gray[:, :, None], 3, axis=2)).probabilities
    for array in (gray, gray[:, :, None]):
        np.testing.assert_array_equal(predict_images(finished_run, array).probabilities, wanted)


def test_transparent_pixels_are_white(finished_run, photo):
    pixels = np.asarray(Image.open(photo).convert("RGBA")).copy()
    pixels[:, 20:, 3] = 0
    white = pixels[:, :, :3].copy()
    white[:, 20:] = 255
    found = predict_images(finished_run, [pixels, white]).probabilities
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.random.default_rng(0).random((8, 8, 3)), "Multiply them by 255"),
        (np.full((8, 8, 3), 256), "in \\[0, 255\\]. Received: from 256"),
        (np.full((8, 8, 3), -1.0), "in \\[0, 255\\]"),
        (np.full((8, 8, 3), np.nan), "in \\[0, 255\\]"),
        (np.zeros((8, 8, 2), np.uint8), "shape \\(8, 8, 2\\)"),
        (np.zeros((0, 8, 3), np.uint8), "shape \\(0, 8, 3\\)"),
        (np.zeros((3, 8, 8), np.uint8), "channels last"),
        (np.full((8, 8, 3), 200, np.uint16), "Make them uint8 if 255 is"),
        (np.zeros((8, 8, 3), complex), "must be numbers"),
        (np.full((8, 8, 3), None), "must be numbers"),
        (b"x" * 1000, "Received: b'x{90,98}\\.$"),
        (None, "Received: None"),
        (3, "Received: 3"),
    ],
)
def test_arrays_that_are_no_picture_are_refused(finished_run, array, message):
    with pytest.raises(ConfigError, match=message):
        predict_images(finished_run, [array])
