import io
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.decoding import pillow_decoding
from keras_transfer.images.decoding.graph_decoding import decode_square
from keras_transfer.images.decoding.resizing import resize_square
from keras_transfer.images.decoding.served_decoding import decode_encoded
from keras_transfer.images.prediction_inputs import stream_pixels

RED, GREEN, BLUE, BLACK = [255, 0, 0], [0, 255, 0], [0, 0, 255], [0] * 3


def resize(pixels, image_size, **preparation):
    """Return the square of an array."""
    return resize_square(pixels, image_size, Preparation(**preparation)).numpy()


def make_picture(height, width, seed=0):
    """Return a picture with edges and soft parts, as photographs have them."""
    small = np.random.default_rng(seed).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    picture = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    picture.paste("white", (width // 3, height // 3, width // 2, height - 2))
    return picture


def draw_bands(side=32):
    """Return three bands side by side, red, green and blue: `3 * side` wide and `side` high."""
    return np.repeat(np.array([[RED, GREEN, BLUE]], np.uint8), side, axis=1).repeat(side, axis=0)


@pytest.mark.parametrize("tall", [False, True])
def test_crop_keeps_the_centre_of_the_long_side(tall):
    bands = draw_bands()
    square = resize(bands.swapaxes(0, 1) if tall else bands, 16)
    assert square.dtype == np.uint8
    assert square.shape == (16, 16, 3)
    assert (square == GREEN).all()


@pytest.mark.parametrize("tall", [False, True])
def test_stretch_keeps_all_of_both_sides(tall):
    bands = draw_bands()
    square = resize(bands.swapaxes(0, 1) if tall else bands, 24, resize="stretch")
    square = square.swapaxes(0, 1) if tall else square
    assert (square[:, 1:7] == RED).all()
    assert (square[:, 9:15] == GREEN).all()
    assert (square[:, 17:23] == BLUE).all()


@pytest.mark.parametrize("tall", [False, True])
def test_pad_keeps_the_picture_between_black_margins(tall):
    bands = draw_bands()
    square = resize(bands.swapaxes(0, 1) if tall else bands, 24, resize="pad")
    square = square.swapaxes(0, 1) if tall else square
    assert (square[:8] == BLACK).all()
    assert (square[16:] == BLACK).all()
    assert (square[8:16, 1:7] == RED).all()
    assert (square[8:16, 9:15] == GREEN).all()
    assert (square[8:16, 17:23] == BLUE).all()


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
@pytest.mark.parametrize("way", ["crop", "pad", "stretch"])
def test_a_square_of_the_right_size_is_left_alone(way, kind):
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    np.testing.assert_array_equal(resize(noise, 24, resize=way, interpolation=kind), noise)


@pytest.mark.parametrize("way", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 500), (33, 35)])
def test_pictures_of_any_shape_become_squares(way, shape):
    square = resize(np.full((*shape, 3), 200, np.uint8), 32, resize=way)
    assert square.shape == (32, 32, 3)
    assert set(np.unique(square)) <= ({0, 200} if way == "pad" else {200})
    assert (square == 200).any()


def test_fine_patterns_become_gray_instead_of_other_patterns():
    rows = np.zeros((64, 64, 3), np.uint8)
    rows[::2] = 255
    square = resize(rows, 24)
    assert abs(square[4:-4].astype(int) - 128).max() < 40


@pytest.mark.parametrize(
    ("image_size", "fraction", "whole"),
    [(224, 1, 224), (224, 0.875, 256), (224, 0.9, 248), (299, 0.897, 333), (32, 0.999, 32)],
)
def test_the_whole_is_rounded_down_as_timm_does(image_size, fraction, whole):
    assert Preparation(crop_fraction=fraction).resized_side(image_size) == whole


@pytest.mark.parametrize(("kind", "method"), [("bilinear", "triangle"), ("bicubic", "keyscubic")])
@pytest.mark.parametrize("shape", [(375, 500), (101, 64), (33, 35), (20, 700)])
@pytest.mark.parametrize("way", ["crop", "pad", "stretch"])
def test_the_whole_image_is_what_tensorflow_resizes(way, shape, kind, method):
    """By the published operation; with these settings earlier versions called it, too."""
    pixels = np.asarray(make_picture(*shape))
    found = resize(pixels, 64, resize=way, interpolation=kind)
    if way == "crop":
        side = min(shape)
        top, left = ((each - side) // 2 for each in shape)
        pixels = pixels[top : top + side, left : left + side]
    size = [max(1, round(each * 64 / max(shape))) for each in shape] if way == "pad" else [64, 64]
    wanted = tf.image.resize(pixels, size, kind, antialias=True)
    wanted = tf.image.resize_with_crop_or_pad(wanted, 64, 64)
    np.testing.assert_array_equal(found, np.clip(np.round(wanted), 0, 255))


@pytest.mark.parametrize("kind", ["bilinear", "bicubic"])
@pytest.mark.parametrize("fraction", [0.99, 0.875, 0.71, 0.3])
@pytest.mark.parametrize("shape", [(375, 500), (101, 64), (33, 35)])
def test_a_share_is_the_centre_of_the_whole(shape, fraction, kind):
    image_size, side = 49, min(shape)
    pixels = np.asarray(make_picture(*shape))
    found = resize(pixels, image_size, crop_fraction=fraction, interpolation=kind)
    top, left = ((each - side) // 2 for each in shape)
    square = pixels[top : top + side, left : left + side]
    whole = int(image_size / fraction)
    start = (whole - image_size) // 2
    wanted = tf.image.resize(square, (whole, whole), kind, antialias=True).numpy()
    wanted = np.clip(np.round(wanted), 0, 255)[start:, start:][:image_size, :image_size]
    differences = np.abs(found - wanted)
    assert differences.max() <= 1
    assert (differences > 0).mean() < 0.005


@pytest.mark.parametrize(
    ("kind", "pillow"),
    [("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)],
)
def test_pixels_are_those_that_timm_prepares(kind, pillow):
    """Its `Resize(256)` and `CenterCrop(224)`, done with Pillow as torchvision does them."""
    picture = make_picture(375, 500)
    whole = picture.resize((int(256 * 500 / 375), 256), pillow)
    left, top = round((whole.width - 224) / 2), round((whole.height - 224) / 2)
    wanted = np.asarray(whole.crop((left, top, left + 224, top + 224)), int)
    found = resize(np.asarray(picture), 224, crop_fraction=0.875, interpolation=kind)
    assert np.abs(found - wanted).mean() < 0.5


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("kind", "fraction", "large"),
    [
        *((kind, share, False) for kind in ("bilinear", "bicubic") for share in (1, 0.875, 0.5)),
        ("bilinear", 1, True),
        ("bicubic", 0.93, True),
    ],
)
def test_all_readers_give_equal_squares(tmp_path, monkeypatch, fraction, kind, large):
    """Training by TensorFlow and by Pillow, prediction of files and arrays, and served bytes."""
    if large:
        monkeypatch.setattr(pillow_decoding, "LARGE", 1)
    how = Preparation(crop_fraction=fraction, interpolation=kind)
    names = []
    for shape in ((61, 83), (124, 67), (35, 35)):
        names.append(str(tmp_path / f"{shape[0]}.jpg"))
        make_picture(*shape).save(names[-1], quality=92)
    contents = [Path(name).read_bytes() for name in names]
    decoded = [pillow_decoding.load_image(io.BytesIO(content)) for content in contents]
    files = tf.data.Dataset.from_tensor_slices(names)
    plain, piled = (
        [*files.map(lambda file, plain=plain: decode_square(file, 45, how, plain))]
        for plain in (True, False)
    )
    given = [*names, *contents, *decoded]
    found = [square for batch, _ in stream_pixels(given, 45, how, 8) for square in batch]
    serve = tf.function(lambda content: decode_encoded(content, 45, how))
    served = [serve(tf.constant(content)) for content in contents]
    for squares in (piled, found[:3], found[3:6], found[6:], served):
        np.testing.assert_array_equal(squares, plain)


def test_a_tiny_share_makes_no_large_whole():
    """It would have two million pixels a side."""
    pixels = np.full((90, 70, 3), 200, np.uint8)
    assert (resize(pixels, 224, crop_fraction=1e-4) == 200).all()


def test_a_mirrored_picture_gives_the_mirrored_square():
    pixels = np.asarray(make_picture(96, 128))
    square = resize(pixels, 56, crop_fraction=0.875)
    mirrored = resize(pixels[:, ::-1], 56, crop_fraction=0.875)
    assert np.abs(square[:, ::-1].astype(int) - mirrored).max() <= 1
