"""All bits of deep images are read, whatever holds them."""

import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, TiffImagePlugin

from keras_transfer.images.decoding.deep_values import NO_DATA, find_kind, read_values
from keras_transfer.images.decoding.image_formats import open_image


def write_tiff(pixels, order="<", interleaved=True):
    """Return an uncompressed TIFF of 16-bit colours, which Pillow cannot write."""
    height, width, channels = pixels.shape
    stored = pixels if interleaved else np.moveaxis(pixels, 2, 0)
    data = stored.astype(f"{order}u2").tobytes()
    places = 200 if interleaved else 300
    size = len(data) // (1 if interleaved else channels)
    tags = [(256, 4, [width]), (257, 4, [height]), (258, 3, [16] * channels), (259, 3, [1])]
    starts = [1000 + size * part for part in range(1 if interleaved else channels)]
    tags += [(262, 3, [2]), (273, 4, starts), (277, 3, [channels]), (278, 4, [height])]
    tags += [(279, 4, [size] * len(starts)), (284, 3, [1 if interleaved else 2])]
    tags += [(338, 3, [2])] if channels == 4 else []
    entries, extra = b"", b""
    for tag, kind, values in tags:
        packed = struct.pack(f"{order}{len(values)}{'I' if kind == 4 else 'H'}", *values)
        if len(packed) > 4:
            place, extra = places + len(extra), extra + packed
            packed = struct.pack(f"{order}I", place)
        entries += struct.pack(f"{order}HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    mark = b"II*\0" if order == "<" else b"MM\0*"
    head = mark + struct.pack(f"{order}IH", 8, len(tags)) + entries + bytes(4)
    return (head.ljust(places, b"\0") + extra).ljust(1000, b"\0") + data


def write_gray(values, order="<", compressed=False):
    """Return a TIFF of gray numbers of 32 bits, in an order and a format Pillow cannot write."""
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    data = zlib.compress(data) if compressed else data
    height, width = values.shape
    kinds = {"u": 1, "i": 2, "f": 3}
    tags = {256: width, 257: height, 258: 32, 259: 8 if compressed else 1, 262: 1, 273: 200}
    tags |= {277: 1, 278: height, 279: len(data), 339: kinds[values.dtype.kind]}
    entries = b"".join(struct.pack(f"{order}HHII", tag, 4, 1, tags[tag]) for tag in tags)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, len(tags))
    return (head + entries).ljust(200, b"\0") + data


@pytest.mark.parametrize("compressed", [False, True])
def test_unsigned_numbers_of_32_bits_do_not_become_negative(compressed):
    values = np.array([[0, 5, 2**31 + 5, 2**32 - 1]], np.uint32)
    np.testing.assert_array_equal(read(write_gray(values, compressed=compressed)), values)
    values = np.array([[0, 5, -(2**31), 2**31 - 1]], np.int32)
    np.testing.assert_array_equal(read(write_gray(values, compressed=compressed)), values)


@pytest.mark.parametrize("kind", ["i4", "f4"])
def test_numbers_whose_bytes_pillow_would_mix_up_are_refused(kind):
    values = np.array([[1, -5, 3]], kind)
    np.testing.assert_array_equal(read(write_gray(values, ">")), values)
    with (
        open_image(io.BytesIO(write_gray(values, ">", compressed=True))) as image,
        pytest.raises(OSError, match="big-endian"),
    ):
        find_kind(image)


def read(content):
    with open_image(io.BytesIO(content)) as image:
        return read_values(image, lambda: open_image(io.BytesIO(content)))


def draw(channels):
    return np.random.default_rng(0).integers(0, 3001, (33, 27, channels), dtype=np.uint16)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bits_of_a_png_are_read(channels):
    pixels = draw(channels)
    found = read(tf.io.encode_png(pixels).numpy())
    np.testing.assert_array_equal(found, pixels if channels > 1 else pixels[..., 0])


def test_16_bits_of_gray_and_alpha_are_read():
    pixels = draw(2)
    found = read(tf.io.encode_png(pixels).numpy())
    np.testing.assert_array_equal(found, pixels[..., [0, 0, 0, 1]])


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bits_of_a_tiff_are_read(channels, order):
    pixels = draw(channels)
    np.testing.assert_array_equal(read(write_tiff(pixels, order)), pixels)


def test_16_bits_of_a_compressed_tiff_are_read():
    pixels, stream = draw(1)[..., 0], io.BytesIO()
    Image.fromarray(pixels).save(stream, "TIFF", compression="tiff_lzw")
    np.testing.assert_array_equal(read(stream.getvalue()), pixels)


def test_planes_that_pillow_mixes_up_are_refused():
    content = write_tiff(draw(3), interleaved=False)
    with open_image(io.BytesIO(content)) as image, pytest.raises(OSError, match="separate planes"):
        find_kind(image)


@pytest.mark.parametrize(
    ("pixels", "kind"),
    [
        (np.array([[-1000, 5]], np.int32), "32 bits"),
        (np.array([[-1000.5, np.nan]], np.float32), "floats"),
        (np.array([[7, 65535]], np.uint16), "16 bits"),
    ],
)
def test_numbers_of_a_gray_tiff_are_its_own(pixels, kind):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "TIFF")
    with open_image(stream) as image:
        assert find_kind(image) == kind
    np.testing.assert_array_equal(read(stream.getvalue()), pixels)


def test_what_stands_for_nothing_measured_is_not_a_number():
    tags, stream = TiffImagePlugin.ImageFileDirectory_v2(), io.BytesIO()
    tags[NO_DATA] = "-9999"
    pixels = np.array([[-9999, 3.5], [7, -9999]], np.float32)
    Image.fromarray(pixels).save(stream, "TIFF", tiffinfo=tags)
    np.testing.assert_array_equal(read(stream.getvalue()), [[np.nan, 3.5], [7, np.nan]])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
def test_usual_images_have_8_bits(kind):
    stream = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(stream, kind)
    with open_image(stream) as image:
        assert find_kind(image) == "8 bits"
