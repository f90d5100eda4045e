"""Plain files, which TensorFlow decodes to the bit as Pillow does, and those that are not plain."""

import functools
import io
import struct
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageCms, PngImagePlugin

from keras_transfer.images.decoding import same_pixels
from keras_transfer.images.decoding.graph_decoding import decode_pixels
from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.doctor.file_facts import inspect_file

NOISE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SMOOTH = np.indices((48, 64, 3)).sum(axis=0) * 2


def store(kind, mode="RGB", pixels=NOISE, **options):
    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


jpeg, png = functools.partial(store, "JPEG"), functools.partial(store, "PNG")


def turned(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def text(key, value, international=False):
    texts = PngImagePlugin.PngInfo()
    (texts.add_itxt if international else texts.add_text)(key, value)
    return texts


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + zlib.crc32(kind + data).to_bytes(4)


ROWS = b"".join(b"\0" + row.tobytes() for row in NOISE)
ROWS_OF_16_BITS = b"".join(b"\0" + row.tobytes() for row in NOISE.repeat(2, axis=1))
PACKED = zlib.compress(ROWS)
ORIENTED_TEXT = b"Raw profile type exif\0\nexif\n26\n" + turned(6).tobytes().hex().encode()
DATE = chunk(b"tEXt", b"date:create\x002026-01-01")


def build(packed=PACKED, *, header=b"", before=b"", after=b"", kind=(64, 64, 8, 2, 0, 0, 0)):
    """Write a PNG by hand."""
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *kind)) + header + before
    return start + chunk(b"IDAT", packed) + after + chunk(b"IEND")


def say_window(packed, size):
    """Say in the header of zlib data that they reach back at most so many bytes."""
    first = (size.bit_length() - 9) * 16 + 8
    return bytes([first, 31 - (first << 8) % 31]) + packed[2:]


def drop_last_scan(content):
    """Leave out the last bits of a progressive JPEG; the picture is there, if less sharp."""
    return content[: content.rindex(b"\xff\xda")] + b"\xff\xd9"


def rename_channels(content):
    """Call the third channel of a JPEG like the second."""
    content = content.replace(b"\x02\x11\x01\x03\x11\x01", b"\x02\x11\x01\x02\x11\x01")
    return content.replace(b"\x02\x11\x03\x11\x00\x3f", b"\x02\x11\x02\x11\x00\x3f")


PLAIN = {
    "jpeg": jpeg(),
    "jpeg 4:4:4": jpeg(subsampling=0),
    "jpeg 4:2:2": jpeg(subsampling=1),
    "jpeg 4:2:0": jpeg(subsampling=2),
    "jpeg, smooth": jpeg(pixels=SMOOTH, quality=60),
    "jpeg, best": jpeg(quality=100, subsampling=0),
    "jpeg, worst": jpeg(quality=1),
    "jpeg, progressive": jpeg(progressive=True),
    "jpeg, optimised": jpeg(optimize=True),
    "jpeg, restarts": jpeg(restart_marker_blocks=3),
    "jpeg, RGB inside": jpeg(keep_rgb=True),
    "jpeg, gray": jpeg("L"),
    "jpeg, gray and progressive": jpeg("L", progressive=True),
    "jpeg, gray with a sampling": jpeg("L", subsampling=2),
    "jpeg, profile": jpeg(icc_profile=PROFILE),
    "jpeg, gray with a profile": jpeg("L", icc_profile=PROFILE),
    "jpeg, comment": jpeg(comment=b"\xff\xd9\xff\xda not the end"),
    "jpeg, thumbnail": jpeg(exif=b"Exif\0\0" + jpeg()),
    "jpeg, EXIF upright": jpeg(exif=turned(1)),
    "jpeg, EXIF of no known orientation": jpeg(exif=turned(9)),
    "jpeg, EXIF damaged": jpeg(exif=b"Exif\0\0nothing"),
    "jpeg, one pixel": jpeg(pixels=NOISE[:1, :1]),
    "jpeg, 17 x 3": jpeg(pixels=NOISE[:3, :17]),
    "jpeg, 3 x 17, progressive": jpeg(pixels=NOISE[:17, :3], progressive=True),
    "png": png(),
    "png, gray": png("L"),
    "png, profile": png(icc_profile=PROFILE),
    "png, texts": png(pnginfo=text("Software", "a program"), dpi=(72, 72)),
    "png, not compressed": png(compress_level=0),
    "png, several data chunks": png(pixels=np.tile(NOISE, (9, 1, 1))),
    "png, one pixel": png(pixels=NOISE[:1, :1]),
    "png, 17 x 3": png(pixels=NOISE[:3, :17]),
    "png, text after the pixels": build(after=DATE),
    "png, gamma": build(before=chunk(b"gAMA", struct.pack(">I", 10000))),
    "png, small window": build(say_window(PACKED, 2**14)),
}

OTHERS = {
    "jpeg, CMYK": jpeg("CMYK"),
    **{f"jpeg, orientation {number}": jpeg(exif=turned(number)) for number in range(2, 9)},
    "jpeg, orientation in XMP": jpeg(xmp=b'<x tiff:Orientation="6"/>'),
    "jpeg, zeros at the end": jpeg() + b"\0\0",
    "jpeg, another at the end": jpeg() + jpeg(),
    "jpeg, two in one (MPO)": store(
        "MPO", save_all=True, append_images=[Image.fromarray(NOISE[::-1])]
    ),
    # 4 blocks of luminance and 2 of colour either way
    "jpeg 4:4:0": jpeg(subsampling=1).replace(b"\x01\x21\x00\x02\x11", b"\x01\x12\x00\x02\x11"),
    "jpeg, not refined": drop_last_scan(jpeg(pixels=SMOOTH, progressive=True)),
    "jpeg, filling": jpeg().replace(b"\xff\xdb", b"\xff\xff\xdb", 1),
    "jpeg, junk inside": jpeg().replace(b"\xff\xdb", b"\0\xfe\0\2\xff\xdb", 1),
    "jpeg, restart in the header": jpeg().replace(b"\xff\xdb", b"\xff\xd0\0\2\xff\xdb", 1),
    "jpeg, channels of one name": rename_channels(jpeg()),
    "png, palette": png("P"),
    "png, gray with alpha": png("LA"),
    "png, alpha": png("RGBA"),
    "png, one bit": png("1"),
    "png, 16 bits gray": png("I;16", pixels=NOISE[..., 0]),
    "png, 16 bits": build(zlib.compress(ROWS_OF_16_BITS), kind=(64, 64, 16, 2, 0, 0, 0)),
    "png, a colour means transparent": png(transparency=tuple(NOISE[0, 0].tolist())),
    "png, a gray means transparent": png("L", transparency=100),
    "png, moving": png(save_all=True, append_images=[Image.fromarray(NOISE[::-1])]),
    "png, orientation": png(exif=turned(6)),
    "png, EXIF damaged": build(before=chunk(b"eXIf", b"nothing")),
    "png, orientation in XMP": png(
        pnginfo=text("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>', international=True)
    ),
    "png, orientation in a text": build(
        after=chunk(
            b"tEXt", b"Raw profile type exif\0\nexif\n26\n" + turned(6).tobytes()[6:].hex().encode()
        )
    ),
    "png, interlaced": build(zlib.compress(b"\0abc"), kind=(1, 1, 8, 2, 0, 0, 1)),
    "png, bytes after the end": png() + b"\0",
    "png, very long text": png(pnginfo=text("Comment", "x" * 2**20)),
    "png, two headers": build(
        header=chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0))
    ),
    "png, damaged sum": png().replace(chunk(b"IEND"), b"\0\0\0\0IEND1234"),
    "png, damaged sum of pixels": build()[:-16] + b"1234" + chunk(b"IEND"),
    "png, no sum of the stream": build(PACKED[:-4]),
    "png, too many rows": build(zlib.compress(ROWS * 2)),
    "png, too few rows": build(zlib.compress(ROWS[:-193])),
    "png, more behind the stream": build(PACKED + b"more"),
    "png, window too small": build(
        say_window(zlib.compress(ROWS * 2), 2**8), kind=(64, 128, 8, 2, 0, 0, 0)
    ),
    "gif": store("GIF", "P"),
    "bmp, ends with zeros": store("BMP", pixels=NOISE * 0),
    "webp": store("WEBP", lossless=True),
    "tiff": store("TIFF"),
}

EVERY = PLAIN | OTHERS


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file without telling its format in the name."""

    def write(content):
        file = tmp_path / "é 蜂"
        file.write_bytes(content)
        return str(file)

    return write


@pytest.fixture(scope="module")
def decode():
    """Return the decoder as it works in a graph."""
    signature = [tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.bool)]
    return tf.function(lambda *words: decode_pixels(*words)[0], input_signature=signature)


def inspect(file):
    """Return the reason why the doctor refuses a file, and whether it calls it plain."""
    return inspect_file(str(file))[1:3]


def damage(content, random, first):
    """Change, take out or put in some bytes from the given place on."""
    content = bytearray(content)
    place = random.integers(first, len(content) - 2)
    end = place + random.integers(0, 20)
    content[place:end] = random.integers(0, 256, random.integers(0, 20), np.uint8).tobytes()
    return bytes(content)


@pytest.mark.parametrize("name", PLAIN)
def test_plain_files_are_called_plain(write, name):
    assert inspect(write(PLAIN[name])) == ("", True)


@pytest.mark.parametrize("name", OTHERS)
def test_other_files_are_not_called_plain(write, name):
    assert inspect(write(OTHERS[name])) == ("", False)


@pytest.mark.parametrize("name", EVERY)
def test_pixels_are_those_of_pillow_to_the_bit(write, decode, name):
    file = write(EVERY[name])
    np.testing.assert_array_equal(decode(file, name in PLAIN), load_image(file))


@pytest.mark.parametrize(
    "packed",
    [
        zlib.compress(b"\5" + ROWS[1:]),  # no filter of PNG
        zlib.compress(ROWS[:-1]),
        PACKED[:50] + b"\xff" * 50 + PACKED[100:],
    ],
)
def test_pngs_that_pillow_does_not_load_are_reported_with_its_words(write, packed):
    reason, is_plain = inspect(write(build(packed)))
    assert reason.startswith("OSError")
    assert not is_plain


def test_plain_files_never_enter_python_and_others_always_do(write, monkeypatch):
    def refuse(*words, **settings):
        raise OSError("Pillow was asked")

    monkeypatch.setattr("keras_transfer.images.decoding.graph_decoding._decode_any", refuse)
    decode = tf.function(decode_pixels)
    for content in PLAIN.values():
        decode(tf.constant(write(content)), tf.constant(True))
    for content in EVERY.values():
        with pytest.raises(tf.errors.UnknownError, match="Pillow was asked"):
            decode(tf.constant(write(content)), tf.constant(False))


def test_without_the_jpeg_library_of_tensorflow_no_jpeg_is_plain(write, monkeypatch):
    monkeypatch.setattr(same_pixels, "SAME_LIBJPEG", False)
    assert inspect(write(jpeg())) == ("", False)
    assert inspect(write(png())) == ("", True)


@pytest.mark.parametrize("content", [jpeg(), png()])
def test_huge_pictures_are_not_plain(write, monkeypatch, content):
    monkeypatch.setattr(same_pixels, "MOST_PIXELS", 64 * 64 - 1)
    assert inspect(write(content)) == ("", False)


@pytest.mark.parametrize("name", ["jpeg", "jpeg 4:2:0", "jpeg, progressive", "jpeg, restarts"])
def test_damaged_jpegs_that_are_called_plain_have_the_pixels_of_pillow(write, decode, name):
    random, content, compared = np.random.default_rng(0), PLAIN[name], 0
    for _ in range(60):
        file = write(damage(content, random, content.index(b"\xff\xda") + 10))
        if inspect(file)[1]:
            np.testing.assert_array_equal(decode(file, True), load_image(file))
            compared += 1
    assert compared > 20


@pytest.mark.parametrize("name", ["png", "png, gray", "png, texts", "png, several data chunks"])
def test_damaged_pngs_are_never_plain(write, name):
    random, content = np.random.default_rng(0), PLAIN[name]
    for _ in range(60):
        damaged = damage(content, random, 0)
        assert damaged == content or not inspect(write(damaged))[1]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["hymenoptera", "pizza_steak_sushi"])
def test_photographs_have_the_pixels_of_pillow_and_most_are_plain(shared, decode, name):
    files = [file for file in (shared / "data" / name).rglob("*") if file.is_file()]
    found = [inspect(file) for file in files]
    for file, (_, is_plain) in zip(files, found, strict=True):
        np.testing.assert_array_equal(decode(str(file), is_plain), load_image(file))
    assert sum(is_plain for _, is_plain in found) > 0.8 * len(files) >= 240


@pytest.mark.filterwarnings("ignore")  # Pillow warns of some
def test_odd_images_have_the_pixels_of_pillow(shared, decode):
    usable = 0
    for file in sorted((shared / "data/odd_images").iterdir()):
        reason, is_plain = inspect(file)
        if not reason:
            np.testing.assert_array_equal(decode(str(file), is_plain), load_image(file))
            usable += 1
    assert usable >= 40
