"""Turn image files into square pixels, the same in every command, inside a tf.data graph.

`pillow_decoding.py` says how a person sees them, `same_pixels.py` which TensorFlow may decode.
"""

import io
import os
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.decoding.resizing import resize_square


def decode_square(file: Any, image_size: int, resize: str, plain: Any = False) -> Any:
    """Read and resize one image inside a tf.data graph.

    Args:
        file: Scalar string tensor.
        image_size: Side of the result in pixels.
        resize: `crop`, `pad` or `stretch`, as `data.resize` says.
        plain: Scalar bool, as `decode_pixels` takes it.

    Returns:
        Tensor (image_size, image_size, 3), uint8.
    """
    return resize_square(decode_pixels(file, plain), image_size, resize)


def decode_pixels(file: Any, plain: Any) -> Any:
    """Read one image inside a graph: pixels (height, width, 3), uint8, those of `load_image`.

    Args:
        file: Scalar string tensor.
        plain: Scalar bool: whether `inspect_files` calls the file plain. TensorFlow then decodes
            it, without entering Python.
    """
    content = tf.io.read_file(file)
    # Of a file that was cut off since its inspection, TensorFlow's error would not say the name.
    end = tf.strings.substr(content, tf.maximum(0, tf.strings.length(content) - 2), 2)
    whole = tf.logical_or(end == b"\xff\xd9", end == b"`\x82")  # of a JPEG, of a PNG
    pixels = tf.cond(
        tf.logical_and(plain, whole),
        # It reads PNGs as well; its default, the fast transform, is up to 20 levels off.
        lambda: tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE"),
        lambda: tf.numpy_function(_decode_any, [content, file], tf.uint8),
    )
    return tf.ensure_shape(pixels, (None, None, 3))


def _decode_any(content: bytes, file: bytes) -> np.ndarray:
    """Decode with Pillow; an error names the file, which was readable when it was inspected."""
    try:
        return load_image(io.BytesIO(content))
    except Exception as error:  # damaged files raise anything, from SyntaxError to struct.error
        raise OSError(f"{os.fsdecode(file)} can no longer be read as an image: {error}") from error
