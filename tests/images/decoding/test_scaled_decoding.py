"""Large JPEGs are decoded at a fraction of their size, by every reader to the same pixels."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.decoding.decoding_memory import (
    SCALES,
    Least,
    draft_scaled,
    find_least,
    find_scale,
)
from keras_transfer.images.decoding.graph_decoding import decode_pixels, decode_square
from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.decoding.resizing import resize_square
from keras_transfer.images.decoding.same_pixels import is_plain
from keras_transfer.images.decoding.served_decoding import decode_encoded
from keras_transfer.images.drawing import draw_image
from keras_transfer.images.prediction_inputs import stream_pixels

SIDE = 32
KINDS = {
    "4:4:4": {"subsampling": 0},
    "4:2:2": {"subsampling": 1},
    "4:2:0": {"subsampling": 2},
    "gray": {},
    "4:2:0, progressive": {"subsampling": 2, "progressive": True},
    "4:2:2, progressive": {"subsampling": 1, "progressive": True},
    "gray, progressive": {"progressive": True},
    "rough": {"subsampling": 2, "quality": 20},
}


def draw_photo(width, height):
    """Draw colours that change slowly, with grain, and no symmetry."""
    random = np.random.default_rng(width)
    grid = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    smooth = Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)
    grain = random.integers(-20, 21, (height, width, 3))
    return Image.fromarray((np.asarray(smooth) + grain).clip(0, 255).astype(np.uint8))


def encode(image, kind="4:2:0", **options):
    stream = io.BytesIO()
    image = image.convert("L") if kind.startswith("gray") else image
    image.save(stream, "JPEG", **KINDS[kind], **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("size", "resize", "scale"),
    [
        ((895, 2000), "crop", 1),
        ((896, 896), "crop", 2),
        ((1791, 4000), "crop", 2),
        ((2400, 1792), "crop", 4),
        ((3583, 3583), "crop", 4),
        ((4032, 3024), "crop", 4),
        ((6000, 4000), "crop", 8),
        ((60000, 40000), "crop", 8),
        ((4032, 100), "crop", 1),
        ((4032, 100), "stretch", 1),
        ((4032, 1792), "stretch", 4),
        ((4032, 100), "pad", 8),
        ((4032, 7), "pad", 4),
        ((1, 4032), "pad", 1),
        ((895, 895), "pad", 1),
        ((1, 1), "pad", 1),
    ],
)
def test_the_sides_that_count_still_reach_twice_what_is_needed(size, resize, scale):
    least = find_least(224, Preparation(resize=resize))
    assert find_scale(size, least) == find_scale(size[::-1], least) == scale


@pytest.mark.parametrize("size", [(641, 479), (640, 480), (64, 9), (9, 64), (8, 8), (127, 97)])
@pytest.mark.parametrize("scale", SCALES)
def test_pillow_takes_that_scale(size, scale):
    image = Image.open(io.BytesIO(encode(Image.new("RGB", size))))
    draft_scaled(image, Least(max(1, min(size) // scale), 1))
    found = find_scale(size, Least(max(1, min(size) // scale), 1))
    assert found >= scale or min(size) < scale
    assert image.size == (-(-size[0] // found), -(-size[1] // found))


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(640, 480), (641, 479), (333, 527), (4031, 3023)])
def test_all_readers_give_the_same_pixels_at_every_scale(tmp_path, size):
    # one large file of each way of storing is enough
    kinds = ("4:2:0", "4:2:2, progressive") if max(size) > 1000 else KINDS
    files = [tmp_path / f"{number}.jpg" for number in range(len(kinds))]
    for kind, file in zip(kinds, files, strict=True):
        file.write_bytes(content := encode(draw_photo(*size), kind))
        with Image.open(file) as image:
            assert is_plain(image, content)
    for scale in SCALES:
        least = Least(min(size) // scale, 1)
        graph = tf.function(lambda file, least=least: decode_pixels(file, True, least=least)[0])
        for kind, file in zip(kinds, files, strict=True):
            found = graph(tf.constant(str(file))).numpy()
            assert found.shape == (-(-size[1] // scale), -(-size[0] // scale), 3)
            np.testing.assert_array_equal(found, load_image(file, least), err_msg=kind)


@pytest.mark.thorough
@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_every_command_sees_the_same_square(tmp_path, resize):
    files, plain, how = [], [], Preparation(resize=resize)
    for size in ((100, 75), (258, 131), (517, 389), (1031, 523)):
        for orientation in (1, 6, 4):
            exif = Image.Exif()
            exif[0x0112] = orientation
            file = tmp_path / f"{size[0]}-{orientation}.jpg"
            file.write_bytes(encode(draw_photo(*size), exif=exif))
            files.append(str(file))
            plain += [str(file)] * (orientation == 1)
    squares = {
        file: resize_square(load_image(file, find_least(SIDE, how)), SIDE, how).numpy()
        for file in files
    }
    served = tf.function(lambda content: decode_encoded(content, SIDE, how))
    for file, wanted in squares.items():
        found = served(tf.io.read_file(file))
        np.testing.assert_array_equal(found, wanted, err_msg=file)
    for given, are_plain in ((files, False), (plain, True)):
        dataset = tf.data.Dataset.from_tensor_slices(given)
        found = [*dataset.map(lambda f, p=are_plain: decode_square(f, SIDE, how, p))]
        np.testing.assert_array_equal(found, [squares[file] for file in given])
    found = [pixels for batch, _ in stream_pixels(files, SIDE, how, 8) for pixels in batch]
    np.testing.assert_array_equal(found, [*squares.values()])


def test_small_images_are_read_whole(tmp_path):
    photo = draw_photo(4 * SIDE + 40, 4 * SIDE - 1)
    (tmp_path / "a.jpg").write_bytes(encode(photo))
    whole = load_image(tmp_path / "a.jpg")
    assert whole.shape == (4 * SIDE - 1, 4 * SIDE + 40, 3)
    found = load_image(tmp_path / "a.jpg", find_least(SIDE, Preparation()))
    np.testing.assert_array_equal(found, whole)


def test_a_large_photograph_looks_as_it_did(tmp_path):
    photo = draw_photo(1200, 900)
    (tmp_path / "a.jpg").write_bytes(encode(photo, quality=90))
    whole = resize_square(load_image(tmp_path / "a.jpg"), SIDE, Preparation()).numpy()
    fast = draw_image(tmp_path / "a.jpg", SIDE)
    assert np.abs(fast.astype(int) - whole).mean() < 2.5  # a shift by a part of a pixel, too


@pytest.mark.parametrize("kind", ["4:2:0", "4:2:0, progressive", "gray"])
def test_a_scaled_file_is_refused_exactly_where_the_whole_one_is(kind):
    """What is cut off or overwritten anywhere is found at 1/8 as it is at 1/1."""
    content, random, verdicts = encode(draw_photo(333, 259), kind), np.random.default_rng(0), []
    cuts = [content[:length] for length in random.integers(2, len(content), 60)]
    cuts += [content[: len(content) - back] for back in range(4)]
    for _ in range(60):
        damaged, place = bytearray(content), int(random.integers(300, len(content) - 40))
        damaged[place : place + 20] = random.integers(0, 256, 20, np.uint8).tobytes()
        cuts.append(bytes(damaged))
    for damaged in cuts:
        found = [_is_loaded(damaged, Least(259 // scale, 1)) for scale in SCALES]
        assert len(set(found)) == 1
        verdicts.append(found[0])
    assert 20 < sum(verdicts) < len(verdicts) - 20


def _is_loaded(content, least):
    try:
        load_image(io.BytesIO(content), least)
    except Exception:
        return False
    return True
