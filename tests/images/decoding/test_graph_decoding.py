import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tar_writer import write_shard

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.decoding.graph_decoding import choose_reader, decode_square
from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.decoding.resizing import resize_square

RED, GREEN, BLUE, WHITE, BLACK = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255] * 3, [0] * 3


def store(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    stream.seek(0)
    return stream


def decode(image, kind="PNG", **options):
    return load_image(store(image, kind, **options))


def decode_files(files, image_size, plain=False, **preparation):
    """Decode files in parallel, as the pipeline does."""
    how = Preparation(**preparation)
    dataset = tf.data.Dataset.from_tensor_slices([str(file) for file in files])
    dataset = dataset.map(lambda file: decode_square(file, image_size, how, plain), 4)
    return np.stack(list(dataset.as_numpy_iterator()))


# The stored picture of an upright one, by the words of the EXIF standard: in 6, for example, "the
# 0th row is the visual right-hand side of the image, and the 0th column is the visual top".
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.swapaxes(0, 1),
    6: lambda upright: upright.swapaxes(0, 1)[::-1],
    7: lambda upright: upright.swapaxes(0, 1)[::-1, ::-1],
    8: lambda upright: upright.swapaxes(0, 1)[:, ::-1],
    9: lambda upright: upright,  # no orientation of the standard
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_pictures_are_turned_upright(orientation, kind):
    upright = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3) * 10
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](upright)))
    np.testing.assert_array_equal(decode(stored, kind, exif=exif), upright)


def test_pictures_of_a_phone_are_turned_upright():
    stored = Image.new("RGB", (48, 32), "blue")
    stored.paste("red", (0, 0, 16, 32))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter to the right, so the left of what is stored is above
    pixels = decode(stored, "JPEG", exif=exif, quality=95)
    assert pixels.shape == (48, 32, 3)
    assert pixels[4, 16, 0] > 200
    assert pixels[40, 16, 2] > 200


def test_exif_data_that_pillow_cannot_write_again_are_no_obstacle():
    # orientation 6, and a width that is text
    entries = struct.pack("<HHHIIHHII", 2, 0x0112, 3, 1, 6, 0x0100, 2, 2, 0x78)
    exif = b"Exif\0\0II*\0\x08\0\0\0" + entries + b"\0" * 4
    assert decode(Image.new("RGB", (6, 4)), "JPEG", exif=exif).shape == (6, 4, 3)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"nothing", b"II*\0\xff\xff\xff\xff", b"MM\0*"])
def test_damaged_exif_data_are_no_obstacle(kind, exif):
    assert decode(Image.new("RGB", (6, 4)), kind, exif=b"Exif\0\0" + exif).shape == (4, 6, 3)


def test_colours_of_a_plain_picture_are_kept():
    noise = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    pixels = decode(Image.fromarray(noise))
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, noise)


@pytest.mark.parametrize(("kind", "tolerance"), [("TIFF", 0), ("JPEG", 6)])
@pytest.mark.parametrize(
    ("inks", "colour"),
    [
        ((0, 0, 0, 0), WHITE),
        ((0, 255, 255, 0), RED),
        ((255, 255, 0, 0), BLUE),
        ((0, 0, 0, 255), BLACK),
    ],
)
def test_print_colours_become_rgb(kind, tolerance, inks, colour):
    pixels = decode(Image.new("CMYK", (8, 8), inks), kind)
    np.testing.assert_allclose(pixels[4, 4], colour, atol=tolerance)


@pytest.mark.parametrize(
    ("dtype", "kind"), [("<u2", "PNG"), ("<u2", "TIFF"), (">u2", "TIFF"), ("<i4", "TIFF")]
)
def test_gray_of_16_bits_keeps_its_range(dtype, kind):
    gray = np.array([[0, 257, 32768, 65535]], dtype)
    pixels = decode(Image.fromarray(gray), kind)
    assert pixels.tolist() == [[[0] * 3, [1] * 3, [128] * 3, [255] * 3]]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 128.4, 255.0], [0, 128, 255]),
        ([-9, 1, 999], [0, 1, 255]),
        ([np.nan, 0.2, 1.0], [0, 51, 255]),
    ],
)
def test_gray_of_floats_is_read_as_shares_or_as_levels(levels, expected):
    pixels = decode(Image.fromarray(np.array([levels], np.float32)), "TIFF")
    assert pixels[0].tolist() == [[level] * 3 for level in expected]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_gray_becomes_three_equal_channels(kind):
    gray = np.tile(np.arange(0, 256, 16, dtype=np.uint8), (16, 1))
    pixels = decode(Image.fromarray(gray), kind, quality=100)
    np.testing.assert_allclose(pixels, np.stack([gray] * 3, axis=2), atol=2)
    assert (pixels[..., :1] == pixels).all()


def test_black_and_white_of_one_bit_is_read():
    bits = Image.fromarray(np.array([[0, 255, 255]], np.uint8)).convert("1")
    assert decode(bits).tolist() == [[BLACK, WHITE, WHITE]]


def test_transparency_is_white():
    row = np.array([[[255, 0, 0, 255], [0, 0, 255, 0], [0, 0, 0, 128]]], np.uint8)
    assert decode(Image.fromarray(row)).tolist() == [[RED, WHITE, [127] * 3]]


def test_transparency_of_gray_is_white():
    row = Image.fromarray(np.array([[[0, 255], [0, 0], [0, 128]]], np.uint8))
    assert row.mode == "LA"
    assert decode(row).tolist() == [[BLACK, WHITE, [127] * 3]]


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_transparency_of_a_palette_is_white(kind):
    indices = Image.fromarray(np.array([[0, 1, 2]], np.uint8)).convert("P")
    indices.putpalette(RED + GREEN + BLUE)
    assert decode(indices, kind).tolist() == [[RED, GREEN, BLUE]]
    assert decode(indices, kind, transparency=1).tolist() == [[RED, WHITE, BLUE]]


@pytest.mark.parametrize(("mode", "colour"), [("RGB", (255, 0, 0)), ("L", 76)])
def test_a_colour_that_means_transparent_is_white(mode, colour):
    image = Image.new(mode, (2, 1), colour)
    image.putpixel((0, 0), 0)
    assert decode(image, transparency=colour).tolist() == [[BLACK, WHITE]]


@pytest.mark.parametrize(
    ("lab", "colour"),
    [((255, 128, 128), WHITE), ((0, 128, 128), BLACK), ((138, 209, 198), RED)],
)
def test_lab_colours_become_rgb(lab, colour):
    # red of sRGB is L* 54.3, a* 80.8, b* 69.9; L* is stored times 2.55, a* and b* plus 128
    image = Image.merge("LAB", [Image.new("L", (4, 4), value) for value in lab])
    np.testing.assert_allclose(decode(image, "TIFF")[1, 1], colour, atol=6)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_moving_pictures_the_first_frame_is_read(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = decode(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert pixels.shape == (8, 8, 3)
    assert pixels[4, 4].tolist() == RED


def test_a_damaged_file_is_an_error():
    whole = store(Image.effect_noise((64, 64), 90), "JPEG").getvalue()
    with pytest.raises(OSError, match="truncated"):
        load_image(io.BytesIO(whole[: len(whole) // 2]))


@pytest.mark.thorough
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "preparation",
    [
        *({"resize": resize} for resize in ("crop", "pad", "stretch")),
        *({"crop_fraction": share, "interpolation": "bicubic"} for share in (1, 0.9, 0.5)),
    ],
)
def test_files_decoded_together_are_those_decoded_one_by_one(tmp_path, preparation, plain):
    random = np.random.default_rng(0)
    files = [tmp_path / f"é 蜂 {index}.{kind}" for index in range(12) for kind in ("png", "jpg")]
    for file in files:
        shape = (*random.integers(20, 90, 2), 3)
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(file)
    together = decode_files(files, 40, plain, **preparation)
    assert together.shape == (24, 40, 40, 3)
    assert together.dtype == np.uint8
    how = Preparation(**preparation)
    alone = np.stack([resize_square(load_image(file), 40, how).numpy() for file in files])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("plain", [False, True])
def test_a_file_is_decoded_inside_a_graph(tmp_path, plain):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    dataset = tf.data.Dataset.from_tensors(str(tmp_path / "a.png"))
    dataset = dataset.map(lambda file: decode_square(file, 32, Preparation(), plain))
    assert dataset.element_spec == tf.TensorSpec((32, 32, 3), tf.uint8)
    np.testing.assert_array_equal(next(iter(dataset)), noise)


@pytest.mark.filterwarnings("ignore")  # Pillow warns of some: no warning may end the training
def test_every_usable_one_of_the_odd_images_is_decoded(shared):
    folder = shared / "data/odd_images"
    rows = [line.split("|") for line in (folder / "README.md").read_text().splitlines()]
    usable = [row[1].strip() for row in rows if len(row) > 5 and row[5].strip()[:7] == "decodes"]
    assert len(usable) >= 40
    pixels = decode_files([folder / name for name in usable], 32)
    assert pixels.shape == (len(usable), 32, 32, 3)
    assert pixels[usable.index("flower.jpg")].std() > 20


def test_odd_orientations_of_one_picture_look_alike(shared):
    folder = shared / "data/odd_images"
    names = [f"hopper_orientation_{number}.jpg" for number in (3, 6, 8)]
    pixels = decode_files([folder / name for name in names], 64)
    assert np.abs(pixels.astype(int) - pixels[:1]).mean() < 8


def test_images_in_shards_are_decoded_as_files_are_which_have_a_graph_of_their_own(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    kinds = {"1.jpg": "JPEG", "2.png": "PNG", "3.bmp": "BMP"}
    contents = {
        name: store(Image.fromarray(pixels), kind).getvalue() for name, kind in kinds.items()
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    shard = write_shard(tmp_path / "a.tar", contents)
    files = [str(tmp_path / name) for name in kinds]
    assert choose_reader(files) is tf.io.read_file
    members = [*files, *(str(shard / name) for name in kinds)]
    read = choose_reader(members)
    dataset = tf.data.Dataset.from_tensor_slices(members).map(
        lambda file: decode_square(file, 5, Preparation(), True, read)
    )
    found = np.stack(list(dataset.as_numpy_iterator()))
    np.testing.assert_array_equal(found[:3], decode_files(files, 5, True))
    np.testing.assert_array_equal(found[:3], found[3:])
    raw = tf.data.Dataset.from_tensor_slices(members).map(read)
    assert list(raw.as_numpy_iterator()) == [*contents.values()] * 2
