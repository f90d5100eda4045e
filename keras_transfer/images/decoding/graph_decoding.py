"""Turn image files into square pixels, the same in every command, inside a tf.data graph.

`pillow_decoding.py` says how a person sees them, `same_pixels.py` which TensorFlow may decode.
"""

import functools
import io
import os
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.pixels.value_range import FULL
from keras_transfer.images.decoding.decoding_memory import SCALES, Least, find_least
from keras_transfer.images.decoding.pillow_decoding import Shrink, load_picture
from keras_transfer.images.decoding.resizing import resize_rest, resize_square
from keras_transfer.images.decoding.shades import find_shades


def decode_square(file: Any, image_size: int, preparation: Preparation, plain: Any = False) -> Any:
    """Read and resize one image inside a tf.data graph.

    Args:
        file: Scalar string tensor.
        image_size: Side of the result in pixels.
        preparation: How an image becomes a square.
        plain: Scalar bool, as `decode_pixels` takes it.

    Returns:
        Tensor (image_size, image_size, 3), uint8.
    """

    def shrink(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(resize_square(pixels, image_size, preparation))

    least = find_least(image_size, preparation)
    pixels, small = decode_pixels(file, plain, preparation.value_range, shrink, least)
    return resize_rest(pixels, small, image_size, preparation)


def decode_pixels(
    file: Any,
    plain: Any,
    value_range: str = FULL,
    shrink: Shrink | None = None,
    least: Least | None = None,
) -> tuple[Any, Any]:
    """Read one image inside a graph.

    Args:
        file: Scalar string tensor.
        plain: Scalar bool: whether `inspect_files` calls the file plain. TensorFlow then decodes
            it, without entering Python.
        value_range: As `data.value_range` says, resolved.
        shrink: As `load_picture` takes it.
        least: As `load_picture` takes it.

    Returns:
        Pixels (height, width, 3), uint8, those of `load_image`; and a scalar bool, whether `shrink`
        has made them small.
    """
    content = tf.io.read_file(file)
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


def _decode_any(
    content: bytes, file: bytes, value_range: str, shrink: Shrink | None, least: Least | None
) -> tuple[np.ndarray, bool]:
    """Decode with Pillow; an error names the file, which was readable when it was inspected."""
    try:
        picture = load_picture(io.BytesIO(content), least, value_range, shrink)
        return picture.pixels, picture.small
    except Exception as error:  # damaged files raise anything, from SyntaxError to struct.error
        raise OSError(f"{os.fsdecode(file)} can no longer be read as an image: {error}") from error
