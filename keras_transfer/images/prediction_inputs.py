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

from keras_transfer.data.sources.unlabelled import Source, expand_word, list_sources
from keras_transfer.data.streams import finish_stream
from keras_transfer.images.decoding.image_formats import open_image
from keras_transfer.images.decoding.pillow_decoding import (
    Unusable,
    explain_failure,
    load_image,
    read_content,
    show_image,
)
from keras_transfer.images.decoding.resizing import resize_square
from keras_transfer.system.errors import ConfigError


def list_words(words: Iterable[str]) -> tuple[list[str], list[Source]]:
    """Find the images that words of a command line name; see `list_sources`."""
    return list_sources(words, _is_image)


def _is_image(content: bytes) -> bool:
    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        with open_image(io.BytesIO(content)):
            return True
    return False


def list_images(images: Any) -> tuple[list[str], list[Source]]:
    """Return a name and a source for each image of `predict_images`.

    Raises:
        ConfigError: There is none, or one is neither a name, an array of pixels nor a Pillow image.
    """
    if isinstance(images, np.ndarray) and images.ndim == 1 and images.dtype.kind in "UO":
        images = images.tolist()
    one = isinstance(images, str | Path | bytes | Mapping | Image.Image) or _is_one(images)
    images = [images] if one or not isinstance(images, Iterable) else images
    names: list[str] = []
    sources: list[Source] = []
    for each in images:
        if isinstance(each, str | Path):
            found = expand_word(str(each))
            names += found
            sources += found
            continue
        names.append(f"array {len(names)}")
        if isinstance(each, Image.Image):
            sources.append(_read_pillow(each))
        elif isinstance(each, np.ndarray):
            sources.append(check_pixels(each))
        else:
            raise ConfigError(
                "An image must be a path, a NumPy array or a Pillow image. Received: "
                f"{repr(each)[:100]}."
            )
    if not sources:
        raise ConfigError("`images` must hold at least one image. Received: none.")
    return names, sources


def _read_pillow(image: Image.Image) -> np.ndarray:
    try:
        return check_pixels(np.asarray(show_image(image)))
    except (OSError, SyntaxError, ValueError) as error:
        raise ConfigError(
            f"A Pillow image must be whole. Received: {repr(image)[:100]}."
        ) from error


def _is_one(images: Any) -> bool:
    """Return whether an array is one image rather than a batch."""
    if not isinstance(images, np.ndarray):
        return False
    channels = images.ndim == 3 and {1, 3, 4} & {images.shape[0], images.shape[2]}
    return images.ndim < 3 or bool(channels)


def stream_pixels(
    sources: Sequence[Source], image_size: int, resize: str, batch_size: int
) -> Iterator[tuple[np.ndarray, list[str]]]:
    """Decode and resize images in parallel, a few batches ahead, in order.

    Args:
        sources: Names, contents or pixels, as `list_sources` and `check_pixels` return them.
        image_size: Side of the squares in pixels.
        resize: `crop`, `pad` or `stretch`, as `data.resize` says.
        batch_size: Images at a time.

    Yields:
        Pixels (n, image_size, image_size, 3), uint8, and n reasons why an image is unusable; ""
        for the others. What stands for an unusable one is black.
    """

    def load(index: np.ndarray) -> tuple[np.ndarray, bytes]:
        try:
            return _read_pixels(sources[int(index)]), b""
        except Unusable as error:
            return np.zeros((1, 1, 3), np.uint8), str(error).encode()

    def load_square(index: Any) -> tuple[Any, Any]:
        pixels, reason = tf.numpy_function(load, [index], (tf.uint8, tf.string))
        pixels = tf.ensure_shape(pixels, (None, None, 3))
        return resize_square(pixels, image_size, resize), tf.ensure_shape(reason, ())

    dataset = tf.data.Dataset.range(len(sources))
    dataset = dataset.map(load_square, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    for pixels, reasons in finish_stream(dataset.batch(batch_size).prefetch(2)):
        yield pixels.numpy(), [reason.decode() for reason in reasons.numpy()]


def _read_pixels(source: Source) -> np.ndarray:
    """Return pixels (height, width, 3), uint8, upright and in RGB, as in training."""
    if isinstance(source, np.ndarray):
        return source
    content = source if isinstance(source, bytes) else read_content(source)
    try:
        return load_image(io.BytesIO(content))
    except Exception as error:
        raise Unusable(explain_failure(error, content)) from error


def check_pixels(array: np.ndarray) -> np.ndarray:
    """Return an image given as an array in RGB, (height, width, 3), uint8.

    Args:
        array: (height, width) gray, or (height, width, 1, 3 or 4) gray, RGB or RGBA, which is laid
            on white; integers or floats in [0, 255], uint16 in [0, 65535], or bool.

    Raises:
        ConfigError: Its shape or its numbers are others.
    """
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and array.shape[2] not in (1, 3, 4):
        raise ConfigError(
            "An image must have its channels last: (height, width, 3). Received: the shape "
            f"{array.shape}. Use array.transpose(1, 2, 0); of several gray images make a list."
        )
    gray = array.ndim == 3 and array.shape[2] == 1
    array = array[:, :, 0] if gray else array
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise ConfigError(
            "An image must be an array (height, width), or (height, width, 1, 3 or 4). "
            f"Received: the shape {array.shape}."
        )
    if array.dtype.kind not in "buif":
        raise ConfigError(f"Pixels must be numbers. Received: an array of {array.dtype}.")
    return np.asarray(show_image(Image.fromarray(_scale_numbers(array))))


def _scale_numbers(array: np.ndarray) -> np.ndarray:
    """Return numbers of any type as uint8 in [0, 255]."""
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    low, high = float(array.min()), float(array.max())
    if array.dtype == np.uint16 and 0 < high <= 255:
        raise ConfigError(
            "Pixels in uint16 must reach beyond 255, since 65535 is white. Received: up to "
            f"{high:g}. Make them uint8 if 255 is."
        )
    if array.dtype == np.uint16:
        return (array / 257.0).round().astype(np.uint8)
    if not 0 <= low <= high <= 255:  # NaN as well
        raise ConfigError(f"Pixels must be in [0, 255]. Received: from {low:g} to {high:g}.")
    if array.dtype.kind == "f" and 0 < high <= 1:
        raise ConfigError(
            f"Pixels must be in [0, 255]. Received: floats up to {high:g}. Multiply them by 255; "
            "the model scales them itself."
        )
    return array.round().astype(np.uint8)
