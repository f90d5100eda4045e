"""All bits of deep images are read, whatever holds them."""

import io
import struct

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
