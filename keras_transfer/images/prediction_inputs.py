"""Unlabelled images for prediction: found by name or given as arrays, decoded in parallel."""

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.pixels.value_range import FULL, parse_range
from keras_transfer.data.sources.unlabelled import (
    STANDARD_INPUT,
    Source,
    find_files,
    list_sources,
)
from keras_transfer.data.streams import finish_stream, map_batches
from keras_transfer.images.array_pixels import check_pixels
from keras_transfer.images.decoding.decoding_memory import Least, find_least
from keras_transfer.images.decoding.image_formats import open_image
from keras_transfer.images.decoding.pillow_decoding import (
    Picture,
    Shrink,
    Unusable,
    explain_failure,
    load_picture,
    read_content,
    show_image,
)
from keras_transfer.images.decoding.resizing import resize_rest, resize_square
from keras_transfer.images.value_tally import Tally
from keras_transfer.system.errors import ConfigError

WHITE = 255
SLIM = 4  # times a last axis as long as the others are, it is one of channels


def list_words(words: Iterable[str]) -> tuple[list[str], list[Source]]:
    """Find the images that words of a command line name; see `list_sources`."""
    return list_sources(words, _is_image)


def _is_image(content: bytes) -> bool:
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        with open_image(io.BytesIO(content)):
            return True
    return False


def list_images(images: Any, value_range: str = FULL) -> tuple[list[str], list[Source]]:
    """Return a name and a source for each image of `predict_images`.

    Args:
        images: As `predict_images` takes them.
        value_range: As `data.value_range` says, resolved: arrays and Pillow's images are read by it
            as the files are that they come from.

    Raises:
        ConfigError: There is none, or one is neither a name, an array of pixels nor a Pillow image.
    """
    if isinstance(images, np.ndarray) and images.ndim == 1 and images.dtype.kind in "UO":
        images = images.tolist()
    one = isinstance(images, str | Path | bytes | Mapping | Image.Image) or _is_one(images)
    images = [images] if one or not isinstance(images, Iterable) else images
    if isinstance(images, np.ndarray | list) and parse_range(value_range) is None:
        images = _find_shades(images)
    names: list[str] = []
    sources: list[Source] = []
    tally = Tally(value_range)
    for each in images:
        if isinstance(each, str | Path):
            found, files = find_files(str(each))
            names += found
            sources += files
            continue
        names.append(f"array {len(names)}")
        if isinstance(each, Image.Image):
            sources.append(_read_pillow(each, value_range))
        elif isinstance(each, np.ndarray):
            pixels = check_pixels(each, value_range)
            tally.count_array(names[-1], each, pixels)
            sources.append(pixels)
        else:
            raise ConfigError(
                "An image must be a path, a NumPy array or a Pillow image. Received: "
                f"{repr(each)[:100]}."
            )
    tally.warn(len(sources))
    if not sources:
        raise ConfigError("`images` must hold at least one image. Received: none.")
    return names, sources


def _find_shades(images: Any) -> Any:
    """Return floats as uint8 where one of the images goes beyond 1: dark ones are no fractions."""
    floats = [isinstance(each, np.ndarray) and each.dtype.kind == "f" for each in images]
    spans = [
        (float(each.min()), float(each.max())) if is_float and each.size else (0.0, 0.0)
        for each, is_float in zip(images, floats, strict=True)
    ]
    if not any(high > 1 for _, high in spans):
        return images
    return [
        each.round().astype(np.uint8) if is_float and 0 <= low <= high <= WHITE else each
        for each, is_float, (low, high) in zip(images, floats, spans, strict=True)
    ]


def _read_pillow(image: Image.Image, value_range: str) -> np.ndarray:
    try:
        return np.asarray(show_image(image, value_range))
    except (OSError, SyntaxError, ValueError) as error:
        raise ConfigError(
            f"A Pillow image must be whole. Received: {repr(image)[:100]}."
        ) from error


def _is_one(images: Any) -> bool:
    """Return whether an array is one image rather than a batch."""
    if not isinstance(images, np.ndarray):
        return False
    if images.ndim != 3:
        return images.ndim < 3
    height, width, last = images.shape
    # channels of another number: a batch of gray images would be of a few columns
    return bool({1, 3, 4} & {height, last}) or last == 2 or SLIM * last <= min(height, width)


def stream_pixels(
    sources: Sequence[Source], image_size: int, preparation: Preparation, batch_size: int
) -> Iterator[tuple[np.ndarray, list[str]]]:
    """Decode and resize images in parallel, a few batches ahead, in order.

    Args:
        sources: Names, contents or pixels, as `list_sources` and `check_pixels` return them.
        image_size: Side of the squares in pixels.
        preparation: How an image becomes a square. What its value range does not fit is warned of.
        batch_size: Images at a time.

    Yields:
        Pixels (n, image_size, image_size, 3), uint8, and n reasons why an image is unusable; ""
        for the others. What stands for an unusable one is black.
    """
    value_range = preparation.value_range
    tally, least = Tally(value_range), find_least(image_size, preparation)

    def shrink(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(resize_square(pixels, image_size, preparation))

    def load(index: np.ndarray) -> tuple[np.ndarray, bool, bytes]:
        try:
            source = sources[int(index)]
            if isinstance(source, np.ndarray):
                return source, False, b""
            picture = _read_picture(source, least, value_range, shrink)
            tally.count(source if isinstance(source, str) else STANDARD_INPUT, picture)
            return picture.pixels, picture.small, b""
        except Unusable as error:
            return np.zeros((1, 1, 3), np.uint8), False, str(error).encode()

    def load_square(index: Any) -> tuple[Any, Any]:
        found = tf.numpy_function(load, [index], (tf.uint8, tf.bool, tf.string))
        shapes = ((None, None, 3), (), ())
        pixels, small, reason = map(tf.ensure_shape, found, shapes)
        return resize_rest(pixels, small, image_size, preparation), reason

    dataset = map_batches(tf.data.Dataset.range(len(sources)), load_square)
    for pixels, reasons in finish_stream(dataset.batch(batch_size).prefetch(2)):
        yield pixels.numpy(), [reason.decode() for reason in reasons.numpy()]
    tally.warn(len(sources))


def _read_picture(source: str | bytes, least: Least, value_range: str, shrink: Shrink) -> Picture:
    """Return an image upright and in RGB, as in training."""
    content = source if isinstance(source, bytes) else read_content(source)
    try:
        return load_picture(io.BytesIO(content), least, value_range, shrink)
    except Exception as error:
        raise Unusable(explain_failure(error, content)) from error
