"""Decoding encoded images inside a graph gives what our own decoder gives, or an error."""

import io
import os
import random
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.decoding.decoding_memory import find_least
from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.decoding.resizing import resize_square
from keras_transfer.images.decoding.served_decoding import _cut_gif, decode_encoded

SIDE = 32


@pytest.fixture(scope="module")
def decode():
    return tf.function(
        lambda content: decode_encoded(content, SIDE, Preparation()),
        input_signature=[tf.TensorSpec((), tf.string)],
    )


@pytest.fixture(scope="module")
def photo():
    """Colours that differ everywhere, and no symmetry that a wrong turn would keep."""
    noise = np.random.default_rng(0).integers(0, 200, (12, 17, 3)).astype(np.uint8)
    return Image.fromarray(noise.repeat(5, 0).repeat(5, 1))


def encode(image, suffix, **options):
    stream = io.BytesIO()
    image.save(stream, suffix, **options)
    return stream.getvalue()


def check_same(decode, content):
    pixels = load_image(io.BytesIO(content), find_least(SIDE, Preparation()))
    wanted = resize_square(tf.constant(pixels), SIDE, Preparation())
    np.testing.assert_array_equal(decode(tf.constant(content)).numpy(), wanted.numpy())


def with_alpha(image):
    alpha = np.linspace(0, 255, image.width * image.height).reshape(image.height, image.width)
    image = image.convert("RGBA")
    image.putalpha(Image.fromarray(alpha.astype(np.uint8)))
    return image


@pytest.mark.thorough
@pytest.mark.parametrize(("orientation", "order"), [*zip(range(1, 9), "<<>><>><", strict=True)])
def test_jpegs_are_turned_upright_as_exif_says(decode, photo, orientation, order):
    exif = Image.Exif()
    exif.endian = order
    exif[0x010F] = "a maker, so that it is not the only entry"
    exif[0x0112] = orientation
    check_same(decode, encode(photo, "JPEG", exif=exif.tobytes()))


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, on damaged EXIF
@pytest.mark.parametrize("tail", [b"", b"\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", b"MM\0*"])
def test_damaged_exif_means_upright(decode, photo, tail):
    check_same(decode, encode(photo, "JPEG", exif=b"Exif\0\0" + tail))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("mode", "suffix", "options"),
    [
        ("RGB", "JPEG", {}),
        ("RGB", "JPEG", {"progressive": True, "quality": 60}),
        ("L", "JPEG", {}),
        ("RGB", "PNG", {}),
        ("L", "PNG", {}),
        ("P", "PNG", {}),
        ("LA", "PNG", {}),
        ("RGB", "BMP", {}),
        ("L", "BMP", {}),
        ("P", "BMP", {}),
        ("RGBA", "BMP", {}),
        ("P", "GIF", {}),
        ("RGB", "WEBP", {"lossless": True}),
        ("RGB", "WEBP", {"quality": 70}),
    ],
)
def test_formats_give_our_pixels(decode, photo, mode, suffix, options):
    image = photo.convert(mode, palette=Image.Palette.ADAPTIVE) if mode == "P" else None
    check_same(decode, encode(image or photo.convert(mode), suffix, **options))


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", ["PNG", "WEBP"])
def test_transparency_is_laid_on_white(decode, photo, suffix):
    options = {"lossless": True} if suffix == "WEBP" else {}
    check_same(decode, encode(with_alpha(photo), suffix, **options))


def test_the_first_frame_of_a_gif_is_taken(decode, photo):
    second = photo.rotate(90)
    check_same(decode, encode(photo, "GIF", save_all=True, append_images=[second]))


def test_only_the_first_frame_of_a_gif_is_decoded(photo):
    """A few kilobytes of blank frames would fill the memory of a server."""
    frames = [photo.rotate(90 * turn) for turn in (1, 2)]
    content = encode(photo, "GIF", save_all=True, append_images=frames, comment=b"x" * 999)
    assert tf.io.decode_gif(content).shape[0] == 3
    assert tf.io.decode_gif(_cut_gif(tf.constant(content))).shape[0] == 1


def test_a_gif_whose_first_frame_is_smaller_is_refused(decode, photo):
    content = bytearray(encode(photo, "GIF"))
    place = content.index(b"\x2c\0\0\0\0")
    content[6:8] = (photo.width + 4).to_bytes(2, "little")
    with pytest.raises(tf.errors.InvalidArgumentError, match="frame that fills it"):
        decode(tf.constant(bytes(content)))
    content[place + 1] = 4  # now it is at the right
    with pytest.raises(tf.errors.InvalidArgumentError, match="frame that fills it"):
        decode(tf.constant(bytes(content)))


def test_files_of_thousands_of_parts_are_refused_at_once(decode, photo):
    empty = b"\xff\xe0\0\2"
    content = encode(photo, "JPEG")
    check_same(decode, content[:2] + 900 * empty + content[2:])
    with pytest.raises(tf.errors.InvalidArgumentError, match="fewer parts"):
        decode(tf.constant(content[:2] + 10**5 * empty + content[2:]))


def test_fill_bytes_before_a_marker_are_passed_over(decode, photo):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encode(photo, "JPEG", exif=exif.tobytes())
    place = content.index(b"\xff\xe1")
    filled = content[:place] + b"\xff\xff" + content[place:]
    np.testing.assert_array_equal(decode(tf.constant(filled)), decode(tf.constant(content)))


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda photo: encode(photo.convert("CMYK"), "JPEG"), "CMYK"),
        (
            # TensorFlow's own decoder ends the process on this one
            lambda photo: encode(photo, "WEBP", save_all=True, append_images=[photo.rotate(90)]),
            "one still image",
        ),
        (lambda photo: encode(photo, "TIFF"), "must be a JPEG, PNG, GIF, BMP or WebP"),
        (lambda photo: encode(photo.convert("1"), "BMP"), "8, 24 or 32 bits"),
        (lambda photo: b"", "must be a JPEG"),
        (lambda photo: b"RIFF", "must be a JPEG"),
        (lambda photo: b"BM", None),
        (lambda photo: b"\xff\xd8\xff", None),
        (lambda photo: encode(photo, "JPEG")[:300], None),
        (lambda photo: encode(photo, "PNG")[:300], None),
    ],
)
def test_what_cannot_be_decoded_rightly_is_an_error(decode, photo, make, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        decode(tf.constant(make(photo)))


def test_damaged_images_are_errors_and_never_end_the_process(decode, photo):
    chance = random.Random(0)
    contents = [encode(photo, suffix) for suffix in ("JPEG", "PNG", "BMP", "GIF", "WEBP")]
    refused = 0
    for number in range(200):
        content = bytearray(contents[number % len(contents)])
        for _ in range(chance.choice((1, 5, 20))):
            content[chance.randrange(min(len(content), 400))] = chance.randrange(256)
        try:
            assert decode(tf.constant(bytes(content))).shape == (SIDE, SIDE, 3)
        except tf.errors.OpError:
            refused += 1
    assert 20 < refused < 200


def encode_bmp(pixels, masks):
    """Return a BMP of pixels (height, width, 4) with a header that declares the channels' bits."""
    height, width, _ = pixels.shape
    header = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, pixels.size, 0, 0, 0, 0)
    header += struct.pack("<4I", *masks) + bytes(52)
    start = struct.pack("<2sIHHI", b"BM", 122 + pixels.size, 0, 0, 122)
    return start + header + pixels[::-1].tobytes()


def test_the_transparency_of_a_bmp_is_not_seen_nor_the_order_of_its_channels(decode, photo):
    pixels, opaque = np.array(with_alpha(photo)), np.array(photo.convert("RGBA"))
    bgra, rgba = (0xFF0000, 0xFF00, 0xFF, 0xFF << 24), (0xFF, 0xFF00, 0xFF0000, 0xFF << 24)
    plain = decode(tf.constant(encode(photo, "PNG"))).numpy()
    check_same(decode, encode_bmp(opaque[..., [2, 1, 0, 3]], bgra))
    seen = decode(tf.constant(encode_bmp(pixels[..., [2, 1, 0, 3]], bgra)))
    np.testing.assert_array_equal(seen, plain)
    swapped = decode(tf.constant(encode_bmp(opaque, rgba)))
    np.testing.assert_array_equal(swapped, plain[..., ::-1])


@pytest.mark.parametrize(("suffix", "shade"), [("GIF", 0), ("PNG", 255)])
def test_what_is_transparent_is_black_in_a_gif_and_white_in_16_bits(decode, suffix, shade):
    gray = np.full((40, 40), 77, np.uint8 if suffix == "GIF" else np.uint16)
    content = encode(Image.fromarray(gray), suffix, transparency=77)
    found = decode(tf.constant(content)).numpy()
    assert set(found.ravel().tolist()) == {shade}


@pytest.mark.parametrize("resize", ["pad", "stretch"])
def test_images_are_resized_as_the_run_did(photo, resize):
    content = encode(photo, "PNG")
    found = decode_encoded(tf.constant(content), SIDE, Preparation(resize=resize))
    wanted = resize_square(tf.constant(np.asarray(photo)), SIDE, Preparation(resize=resize))
    np.testing.assert_array_equal(found.numpy(), wanted.numpy())


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")  # Pillow's
def test_the_odd_files_are_read_alike_or_refused(decode, shared):
    """Of the 60 odd files only those in formats that no server is promised may differ."""
    differing = set()
    for file in sorted((shared / "data/odd_images").iterdir()):
        try:
            wanted = load_image(file, find_least(SIDE, Preparation()))
        except Exception:
            continue
        try:
            found = decode(tf.constant(file.read_bytes())).numpy().astype(int)
        except tf.errors.OpError:
            continue
        square = resize_square(tf.constant(wanted), SIDE, Preparation()).numpy()
        if np.abs(found - square).max() > 1:
            differing.add(os.path.basename(file))
    assert differing == {"transparent.gif", "i_trns.png"}
