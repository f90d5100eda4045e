"""Unlabelled images for prediction: found by name or given as arrays, decoded in parallel."""

import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from keras_transfer.config import ConfigError
from keras_transfer.data.decode import resize_square
from keras_transfer.data.folders import walk_images
from keras_transfer.data.images import (
    Unusable,
    explain_failure,
    load_image,
    read_content,
    show_image,
)
from keras_transfer.data.pipeline import finish

Source = str | bytes | np.ndarray  # the name of a file, its content, or pixels

STANDARD_INPUT = "-"


def list_sources(words: Iterable[str | Path]) -> tuple[list[str], list[Source]]:
    """Find the images that words name: files, folders with all below them, globs, standard input.

    Args:
        words: `-` is standard input, which holds either one image or names, a line each. A pattern
            that a file of this very name exists for is that file.

    Returns:
        A name for each image, and where its pixels come from. A file that is not there is
        listed; reading it says so.

    Raises:
        ConfigError: A folder or pattern names no file.
    """
    names: list[str] = []
    sources: list[Source] = []
    for word in map(str, words):
        content = sys.stdin.buffer.read() if word == STANDARD_INPUT else None
        if content is not None and not _is_text(content):
            names.append(STANDARD_INPUT)
            sources.append(content)
            continue
        found = _expand(word) if content is None else _read_names(content)
        names += found
        sources += found
    return names, sources


def _is_text(content: bytes) -> bool:
    """Return whether the start of standard input is text: no image has one without a zero."""
    return b"\0" not in content[:1024]


def _read_names(content: bytes) -> list[str]:
    return [line for line in os.fsdecode(content).splitlines() if line.strip()]


def _expand(word: str) -> list[str]:
    path = os.path.expanduser(word)
    if os.path.isdir(path):
        found = sorted(walk_images(path, path.rstrip("/") or "/", set()))
    elif not os.path.lexists(path) and glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))
        found = [name for match in matches for name in _expand(match)]
    else:
        return [path]
    if not found:
        raise ConfigError(
            f"IMAGES must name at least one file each. Received: {word}, which holds none."
        )
    return found


def list_images(images: Any) -> tuple[list[str], list[Source]]:
    """Return a name and a source for each image of `predict_images`.

    Raises:
        ConfigError: There is none, or one is neither a name nor an array of pixels.
    """
    if isinstance(images, str | Path) or _is_one(images):
        images = [images]
    names: list[str] = []
    sources: list[Source] = []
    for each in images:
        if isinstance(each, np.ndarray):
            names.append(f"array {len(names)}")
            sources.append(check_pixels(each))
        elif isinstance(each, str | Path):
            found = _expand(str(each))
            names += found
            sources += found
        else:
            raise ConfigError(f"An image must be a path or a NumPy array. Received: {each!r}.")
    if not sources:
        raise ConfigError("`images` must hold at least one image. Received: none.")
    return names, sources


def _is_one(images: Any) -> bool:
    """Return whether an array is one image rather than a batch."""
    if not isinstance(images, np.ndarray):
        return False
    return images.ndim < 3 or (images.ndim == 3 and images.shape[2] in (1, 3, 4))


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
    for pixels, reasons in finish(dataset.batch(batch_size).prefetch(2)):
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
    gray = array.ndim == 3 and array.shape[2] == 1
    array = array[:, :, 0] if gray else array
    if array.size == 0 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        raise ConfigError(
            "An image must be an array (height, width), or (height, width, 1, 3 or 4). "
            f"Received: the shape {array.shape}."
        )
    return np.asarray(show_image(Image.fromarray(_scale_numbers(array))))


def _scale_numbers(array: np.ndarray) -> np.ndarray:
    """Return numbers of any type as uint8 in [0, 255]."""
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return (array / 257.0).round().astype(np.uint8)
    low, high = float(array.min()), float(array.max())
    if not 0 <= low <= high <= 255:  # NaN as well
        raise ConfigError(f"Pixels must be in [0, 255]. Received: from {low:g} to {high:g}.")
    if array.dtype.kind == "f" and 0 < high <= 1:
        raise ConfigError(
            f"Pixels must be in [0, 255]. Received: floats up to {high:g}. Multiply them by 255; "
            "the model scales them itself."
        )
    return array.round().astype(np.uint8)
