import io

import numpy as np
import pytest

from keras_transfer.images.array_pixels import check_pixels
from keras_transfer.images.decoding.pillow_decoding import load_picture
from keras_transfer.images.pixel_files import ImageFiles
from keras_transfer.system.errors import ConfigError

LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)
DEEP = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)


def colour(array):
    return np.stack([array, array[::-1], array.T], axis=-1)


def write(*images):
    """Return the set's files, and the content of the first one."""
    files = ImageFiles()
    for image in images:
        files.measure(image)
    suffix, content = files.encode(images[0])
    assert suffix == ".png"
    return files, content


@pytest.mark.parametrize("shape", [lambda a: a, lambda a: a[..., None], colour])
@pytest.mark.parametrize(
    ("image", "value_range"),
    [
        (LEVELS, "full"),
        (LEVELS.astype(np.int64), "full"),
        (LEVELS.astype(np.float32), "full"),
        (LEVELS > 99, "full"),
        (LEVELS.astype(np.float32) / 255, "0.0,1.0"),
        (np.linspace(0, 1, 256).reshape(16, 16), "0.0,1.0"),
        (LEVELS.astype(np.float16) / 255, "0.0,1.0"),
        (DEEP, "0,65535"),
        (DEEP.astype(np.int32), "0,65535"),
        (DEEP // 30, "0,2184"),
    ],
)
def test_the_network_sees_of_the_file_what_predict_sees_of_the_array(image, value_range, shape):
    files, content = write(shape(image))
    assert files.value_range in ("auto", value_range)
    seen = load_picture(io.BytesIO(content), None, value_range).pixels
    assert np.array_equal(seen, check_pixels(shape(image), value_range))


def test_shades_divided_by_255_come_back_exactly():
    for kind in (np.float32, np.float64):
        _, content = write((colour(LEVELS) / 255).astype(kind))
        assert np.array_equal(load_picture(io.BytesIO(content)).pixels, colour(LEVELS))


def test_what_floats_mean_is_settled_by_the_whole_set():
    dark = LEVELS.astype(np.float32) / 255
    files, content = write(dark, LEVELS.astype(np.float32))
    assert files.value_range == "auto"
    assert load_picture(io.BytesIO(content)).pixels.max() == 1
    assert "1 of 2 images hold floats up to 1, others up to 255" in files.conclude()[0]


def test_images_must_be_written_anew_once_when_the_numbers_reach_further():
    files, dark = ImageFiles(), LEVELS.astype(np.float32) / 255
    told = [files.measure(image) for image in (0 * dark, dark, dark * 255, dark)]
    assert told == [False, False, True, False]
    files = ImageFiles()
    assert [files.measure(DEEP.astype(int) // step) for step in (999, 1, 1)] == [False, True, False]


def test_fractions_that_overshoot_are_no_dark_shades():
    files, _ = write(np.linspace(0, 1.02, 256).reshape(16, 16))
    with pytest.raises(ConfigError, match=r"Received: up to 1.02. Use images.clip\(0, 1\)"):
        files.conclude()


def test_alpha_is_kept():
    image = np.dstack([colour(LEVELS), LEVELS])
    _, content = write(image)
    assert np.array_equal(load_picture(io.BytesIO(content)).pixels, check_pixels(image))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([LEVELS / 127.5 - 1], "before they were normalized"),
        ([LEVELS - 1.5], "Clip them"),
        ([LEVELS * 3.0], "TIFF"),
        ([LEVELS.astype(int) - 9], "int64 from -9 to 246"),
        ([np.full((4, 4), np.nan)], "NaN"),
        ([LEVELS, LEVELS / 255], "all be floats or all be integers"),
        ([LEVELS / 255, LEVELS], "all be floats or all be integers"),
        ([np.dstack([DEEP] * 4)], "with alpha must be of uint8"),
        ([LEVELS[0]], "reshape"),
        ([np.array(["a"])[:, None]], "must be numbers"),
        ([np.zeros((3, 16, 16))], "channels last"),
    ],
)
def test_numbers_that_are_no_shades_are_refused(images, message):
    with pytest.raises(ConfigError, match=message):
        write(*images)
