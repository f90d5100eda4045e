"""Turn image files into square pixels, the same in every command, inside a tf.data graph.

`pillow_decoding.py` says how a person sees them, `same_pixels.py` which TensorFlow may decode.
"""

import functools
import io
import os
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.pixels.value_range import FULL
from keras_transfer.data.shards.member_files import may_be_member, read_file
from keras_transfer.images.decoding.decoding_memory import SCALES, Least, find_least
from keras_transfer.images.decoding.pillow_decoding import Shrink, load_picture
from keras_transfer.images.decoding.resizing import resize_rest, resize_square
from keras_transfer.images.decoding.shades import find_shades

Read = Callable[[Any], Any]  # from the name of a file to its bytes, both scalar string tensors


def choose_reader(files: Iterable[str]) -> Read:
    """Return what reads these files inside a graph; Python does where some may lie in shards."""
    return _read_member if any(map(may_be_member, files)) else tf.io.read_file


def decode_square(
    file: Any,
    image_size: int,
    preparation: Preparation,
    plain: Any = False,
    read: Read = tf.io.read_file,
) -> Any:
    """Read and resize one image inside a tf.data graph.

    Args:
        file: Scalar string tensor.
        image_size: Side of the result in pixels.
        preparation: How an image becomes a square.
        plain: Scalar bool, as `decode_pixels` takes it.
        read: Reads the file, see `choose_reader`.

    Returns:
        Tensor (image_size, image_size, 3), uint8.
    """

    def shrink(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(resize_square(pixels, image_size, preparation))

    least = find_least(image_size, preparation)
    pixels, small = decode_pixels(file, plain, preparation.value_range, shrink, least, read)
    return resize_rest(pixels, small, image_size, preparation)


def decode_pixels(
    file: Any,
    plain: Any,
    value_range: str = FULL,
    shrink: Shrink | None = None,
    least: Least | None = None,
    read: Read = tf.io.read_file,
) -> tuple[Any, Any]:
    """Read one image inside a graph.

    Args:
        file: Scalar string tensor.
        plain: Scalar bool: whether `inspect_files` calls the file plain. TensorFlow then decodes
            it, without entering Python.
        value_range: As `data.value_range` says, resolved.
        shrink: As `load_picture` takes it.
        least: As `load_picture` takes it.
        read: Reads the file, see `choose_reader`.

    Returns:
        Pixels (height, width, 3), uint8, those of `load_image`; and a scalar bool, whether `shrink`
        has made them small.
    """
    content = read(file)
    # Of a file that was cut off since its inspection, TensorFlow's error would not say the name.
    end = tf.strings.substr(content, tf.maximum(0, tf.strings.length(content) - 2), 2)
    whole = tf.logical_or(end == b"\xff\xd9", end == b"`\x82")  # of a JPEG, of a PNG
    pixels, small = tf.cond(
        tf.logical_and(plain, whole),
        lambda: [shade_bytes(decode_jpeg(content, least), value_range), tf.constant(False)],
        lambda: tf.numpy_function(
            functools.partial(_decode_any, value_range=value_range, shrink=shrink, least=least),
            [content, file],
            [tf.uint8, tf.bool],
        ),
    )
    return tf.ensure_shape(pixels, (None, None, 3)), tf.ensure_shape(small, ())


def decode_jpeg(content: Any, least: Least | None = None) -> Any:
    """Decode a JPEG, or a PNG, inside a graph: (height, width, 3), uint8, not turned upright.

    Args:
        content: Scalar string tensor, the bytes of a file.
        least: As `load_picture` takes it; the scale is the same.
    """

    def decode(scale: int) -> Any:
        # the default, the fast transform, is up to 20 levels off
        return tf.io.decode_jpeg(content, channels=3, ratio=scale, dct_method="INTEGER_ACCURATE")

    if least is None:
        return decode(1)
    sides = tf.cond(
        tf.strings.substr(content, 0, 2) == b"\xff\xd8",
        lambda: tf.io.extract_jpeg_shape(content)[:2],
        lambda: tf.zeros((2,), tf.int32),  # of a PNG
    )
    reach = tf.minimum(tf.reduce_min(sides) // least.short, tf.reduce_max(sides) // least.long)
    index = tf.reduce_sum(tf.cast(reach >= SCALES[1:], tf.int32))
    return tf.switch_case(index, [functools.partial(decode, scale) for scale in SCALES])


def shade_bytes(colours: Any, value_range: str) -> Any:
    """Return the colours of an image of 8 bits, uint8, as the shades of `data.value_range`."""
    shades = find_shades(value_range)
    if shades is None:
        return colours
    return tf.gather(tf.constant(shades), tf.cast(colours, tf.int32))


def _read_member(file: Any) -> Any:
    def read(name: bytes) -> bytes:
        return read_file(os.fsdecode(name))

    return tf.ensure_shape(tf.numpy_function(read, [file], tf.string), ())


def _decode_any(
    content: bytes, file: bytes, value_range: str, shrink: Shrink | None, least: Least | None
) -> tuple[np.ndarray, bool]:
    """Decode with Pillow; an error names the file, which was readable when it was inspected."""
    try:
        picture = load_picture(io.BytesIO(content), least, value_range, shrink)
        return picture.pixels, picture.small
    except Exception as error:  # damaged files raise anything, from SyntaxError to struct.error
        raise OSError(f"{os.fsdecode(file)} can no longer be read as an image: {error}") from error
