"""Numbers become shades by one range, in every reader."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.decoding.graph_decoding import decode_square
from keras_transfer.images.decoding.pillow_decoding import load_picture
from keras_transfer.images.decoding.served_decoding import decode_encoded
from keras_transfer.images.decoding.shades import find_shades, to_shades

ROW = np.array([[0, 1000, 2000, 3000, 4000, 5000]], np.uint16)
EXPECTED = [0, 0, 64, 128, 191, 255]  # by 1000,5000


def store(pixels, kind):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def load(content, value_range):
    return load_picture(io.BytesIO(content), value_range=value_range)


@pytest.mark.parametrize(
    "content",
    [
        store(ROW, "PNG"),
        store(ROW, "TIFF"),
        store(ROW.astype(np.int32), "TIFF"),
        store(ROW.astype(np.float32), "TIFF"),
        tf.io.encode_png(np.stack([ROW] * 3, -1)).numpy(),
    ],
    ids=["png", "tiff", "whole numbers", "floats", "colours"],
)
def test_the_range_reaches_from_black_to_white(content):
    picture = load(content, "1000,5000")
    assert picture.pixels.tolist() == [[[shade] * 3 for shade in EXPECTED]]
    assert picture.outside == pytest.approx(1 / 6)


def test_numbers_that_are_none_are_black():
    values = np.array([np.nan, -np.inf, np.inf, 0.5])
    assert to_shades(values, (0.0, 1.0)).tolist() == [0, 0, 255, 128]


def test_deep_transparency_lies_on_white():
    pixels = np.array([[[100, 0, 0, 65535], [100, 0, 0, 0]]], np.uint16)
    picture = load(tf.io.encode_png(pixels).numpy(), "0,100")
    assert picture.pixels.tolist() == [[[255, 0, 0], [255, 255, 255]]]


def test_a_range_without_effect_on_full_pictures_gives_the_same_pixels():
    pixels = np.random.default_rng(0).integers(0, 65536, (40, 40), dtype=np.uint16)
    content = store(pixels, "PNG")
    np.testing.assert_array_equal(load(content, "0,65535").pixels, load(content, "full").pixels)


@pytest.mark.parametrize("value_range", ["full", "0,255", "0,4095", "0.0,1.0", "-9,100"])
def test_8_bits_are_left_alone_by_ranges_that_are_not_theirs(value_range):
    pixels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert find_shades(value_range) is None
    found = load(store(pixels, "PNG"), value_range).pixels
    np.testing.assert_array_equal(found, np.stack([pixels] * 3, -1))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P"])
def test_8_bits_are_spread_by_a_range_within_them(mode):
    image = Image.fromarray(np.array([[0, 5, 15, 40]], np.uint8)).convert(mode)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    found = load(stream.getvalue(), "0,15").pixels
    assert found[..., 0].tolist() == [[0, 85, 255, 255]]


@pytest.mark.parametrize("plain", [False, True])
def test_a_graph_spreads_8_bits_as_well(tmp_path, plain):
    pixels = np.random.default_rng(0).integers(0, 16, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    dataset = tf.data.Dataset.from_tensors(str(tmp_path / "a.png"))
    (found,) = dataset.map(
        lambda file: decode_square(file, 32, Preparation(value_range="0,15"), plain)
    )
    np.testing.assert_array_equal(found, pixels * 17)


@pytest.mark.parametrize("value_range", ["full", "0,15", "0,3000", "-50.5,2000.0"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_server_reads_pngs_as_training_does(depth, value_range):
    if depth == np.uint16 and value_range == "full":
        pytest.skip("serve_bytes takes the upper byte there, see served_formats")
    pixels = np.random.default_rng(0).integers(0, 250, (32, 32, 4), dtype=depth)
    pixels = pixels if depth == np.uint8 else pixels * 13
    content = tf.io.encode_png(pixels).numpy()
    found = decode_encoded(tf.constant(content), 32, Preparation(value_range=value_range)).numpy()
    wanted = load(content, value_range).pixels
    assert np.abs(found.astype(int) - wanted).max() <= 1  # where alpha rounds


def test_deep_jpegs_do_not_exist_and_others_are_served_as_they_are():
    content = store(np.full((32, 32, 3), 90, np.uint8), "JPEG")
    found = decode_encoded(tf.constant(content), 32, Preparation(value_range="0,4095")).numpy()
    np.testing.assert_array_equal(found, load(content, "0,4095").pixels)
