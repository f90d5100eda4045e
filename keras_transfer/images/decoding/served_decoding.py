"""Decode and resize encoded images inside a graph, for servers that have TensorFlow and no Python.

The pixels are those of `pillow_decoding.py` for what people upload; `served_formats.py` names the
exceptions.
"""

import functools
from typing import Any

import tensorflow as tf

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.pixels.value_range import FULL, parse_range
from keras_transfer.images.decoding.decoding_memory import Least, find_least
from keras_transfer.images.decoding.graph_decoding import decode_jpeg, shade_bytes
from keras_transfer.images.decoding.resizing import resize_square
from keras_transfer.images.decoding.served_formats import (
    MOST_BLOCKS,
    MOST_EXTENSIONS,
    MOST_EXTRA_BLOCKS,
    MOST_SEGMENTS,
)

ORIENTATION = 0x0112  # the EXIF tag
WHITE = 255.0


def decode_encoded(content: Any, image_size: int, preparation: Preparation) -> Any:
    """Decode one image inside a graph, upright and in RGB, and resize it to a square.

    Args:
        content: Scalar string tensor, the bytes of a file. `served_formats` says which are read,
            which are refused, and which are read otherwise than in training.
        image_size: Side of the result in pixels.
        preparation: How an image becomes a square.

    Returns:
        Tensor (image_size, image_size, 3), uint8. An `InvalidArgumentError` where the image is
        refused.
    """
    start, least = _read_start(content, 12), find_least(image_size, preparation)
    value_range = preparation.value_range
    shade = functools.partial(shade_bytes, value_range=value_range)
    pixels = tf.case(
        [
            (_starts(start, b"\xff\xd8\xff"), lambda: shade(_decode_jpeg(content, least))),
            (_starts(start, b"\x89PNG"), lambda: _decode_png(content, value_range)),
            (_starts(start, b"GIF8"), lambda: shade(tf.io.decode_gif(_cut_gif(content))[0])),
            (_starts(start, b"BM"), lambda: shade(_decode_bmp(content))),
            (
                tf.logical_and(_starts(start, b"RIFF"), tf.strings.substr(start, 8, 4) == b"WEBP"),
                lambda: _decode_webp(content, value_range),
            ),
        ],
        default=lambda: _refuse("bytes must be a JPEG, PNG, GIF, BMP or WebP image"),
    )
    return resize_square(tf.ensure_shape(pixels, (None, None, 3)), image_size, preparation)


def _read_start(content: Any, length: int) -> Any:
    """Return the first bytes, with zeros where there are fewer."""
    first = tf.strings.substr(content, 0, length)
    return tf.strings.substr(tf.strings.join([first, b"\0" * length]), 0, length)


def _starts(start: Any, magic: bytes) -> Any:
    return tf.strings.substr(start, 0, len(magic)) == magic


def _refuse(message: str) -> Any:
    with tf.control_dependencies([tf.debugging.Assert(tf.constant(False), [message])]):
        return tf.zeros((1, 1, 3), tf.uint8)


def _cut_gif(content: Any) -> Any:
    """Return a GIF up to the end of its first frame: TensorFlow would decode all of them."""
    data = tf.cast(tf.io.decode_raw(content, tf.uint8), tf.int32)

    def read(position: Any, length: int = 1) -> Any:
        return _read(data, position, length, False)

    def skip_colours(position: Any, flags: Any) -> Any:
        size = 3 * 2 ** (tf.bitwise.bitwise_and(flags, 7) + 1)
        return position + tf.where(tf.bitwise.bitwise_and(flags, 128) > 0, size, 0)

    def find_last_block(position: Any, most: int) -> Any:
        (last,) = tf.while_loop(
            lambda position: (position < tf.size(data)) & (read(position) > 0),
            lambda position: (position + 1 + read(position),),
            (position,),
            maximum_iterations=most,
        )
        return last

    (frame,) = tf.while_loop(  # over extensions, such as a comment
        lambda position: (position < tf.size(data)) & (read(position) == 0x21),
        lambda position: (find_last_block(position + 2, MOST_EXTRA_BLOCKS) + 1,),
        (skip_colours(tf.constant(13), read(10)),),
        maximum_iterations=MOST_EXTENSIONS,
    )
    # left and top are 0, width and height those of the whole: what lacks, TensorFlow would cut off
    fills = (read(frame + 1, 4) == 0) & (read(frame + 5, 4) == read(6, 4))
    last = find_last_block(skip_colours(frame + 10, read(frame + 9)) + 1, MOST_BLOCKS)
    usual = (read(frame) == 0x2C) & fills & (read(last) == 0)
    check = tf.debugging.Assert(usual, ["a GIF must begin with a frame that fills it"])
    with tf.control_dependencies([check]):
        return tf.strings.join([tf.strings.substr(content, 0, last + 1), b";"])


def _decode_webp(content: Any, value_range: str) -> Any:
    # TensorFlow 2.21 dies of memory corruption on an animated WebP without transparency, so it must
    # not even see one: the flag in the extended header decides, as it does in libwebp.
    start = _read_start(content, 21)
    flags = tf.cast(tf.io.decode_raw(tf.strings.substr(start, 20, 1), tf.uint8)[0], tf.int32)
    animated = (tf.strings.substr(start, 12, 4) == b"VP8X") & (tf.bitwise.bitwise_and(flags, 2) > 0)
    check = tf.debugging.Assert(~animated, ["a WebP must hold one still image"])
    with tf.control_dependencies([check]):
        still = tf.where(animated, tf.constant(b""), content)
        pixels = tf.io.decode_webp(still)[0]  # 3 channels or 4; it refuses to add or to drop one
    return tf.cond(
        tf.shape(pixels)[-1] == 4,
        lambda: _put_on_white(tf.ensure_shape(pixels, (None, None, 4)), value_range),
        lambda: shade_bytes(tf.ensure_shape(pixels, (None, None, 3)), value_range),
    )


def _decode_png(content: Any, value_range: str) -> Any:
    limits = parse_range(value_range)
    if limits is None:  # of 16 bits the upper byte
        return _put_on_white(tf.io.decode_png(content, 4), value_range)

    def decode_deep() -> Any:
        low, high = limits
        values = tf.io.decode_png(content, 4, tf.uint16)
        share = (tf.cast(values[..., :3], tf.float64) - low) / (high - low)
        shades = tf.cast(tf.round(255 * tf.clip_by_value(share, 0, 1)), tf.uint8)
        return _put_on_white(tf.concat([shades, tf.cast(values[..., 3:] // 256, tf.uint8)], -1))

    return tf.cond(
        tf.strings.substr(_read_start(content, 25), 24, 1) == b"\x10",
        decode_deep,
        lambda: _put_on_white(tf.io.decode_png(content, 4), value_range),
    )


def _put_on_white(pixels: Any, value_range: str = FULL) -> Any:
    """Lay pixels (height, width, 4) on white; the colours may become others before."""
    colours = tf.cast(shade_bytes(pixels[..., :3], value_range), tf.float32)
    alpha = tf.cast(pixels[..., 3:], tf.float32)
    blended = (colours * alpha + WHITE * (WHITE - alpha)) / WHITE
    return tf.cast(tf.round(blended), tf.uint8)


def _decode_jpeg(content: Any, least: Least) -> Any:
    orientation, channels = _read_jpeg_header(
        tf.cast(tf.io.decode_raw(content, tf.uint8), tf.int32)
    )
    usual = tf.debugging.Assert(channels < 4, ["a CMYK JPEG must be converted to RGB"])
    with tf.control_dependencies([usual]):
        pixels = decode_jpeg(content, least)
    return _turn_upright(pixels, orientation)


def _read_jpeg_header(data: Any) -> tuple[Any, Any]:
    """Return EXIF orientation (1 to 8) and number of channels of a JPEG, from its int32 bytes."""

    def goes_on(position: Any, orientation: Any, channels: Any, steps: Any) -> Any:
        inside = position + 4 < tf.size(data)
        marker = _read(data, position + 1, 1, True)
        return inside & (_read(data, position, 1, True) == 0xFF) & (marker != 0xDA)  # the scan

    def step(position: Any, orientation: Any, channels: Any, steps: Any) -> tuple[Any, ...]:
        marker, length = _read(data, position + 1, 1, True), _read(data, position + 2, 2, True)
        length = tf.where(marker == 0xFF, -1, length)  # a fill byte: the marker is one further
        # "Exif", and the first of such segments only
        exif = (marker == 0xE1) & (_read(data, position + 4, 4, True) == 0x45786966)
        unset = exif & (orientation == 0)
        found = tf.cond(
            unset,
            lambda: _read_orientation(data[position + 10 : position + 2 + length]),
            lambda: orientation,
        )
        # start of frame, but for the numbers that mean tables
        frame = (marker >= 0xC0) & (marker <= 0xCF) & (marker != 0xC4) & (marker != 0xC8)
        count = tf.where(frame, _read(data, position + 9, 1, True), channels)
        return position + 2 + length, found, count, steps + 1

    start: Any = (2, 0, 0, 0)
    _, orientation, channels, steps = tf.while_loop(
        goes_on, step, start, maximum_iterations=MOST_SEGMENTS
    )
    few = tf.debugging.Assert(steps < MOST_SEGMENTS, ["a JPEG must have fewer parts"])
    with tf.control_dependencies([few]):
        return tf.identity(orientation), channels


def _read_orientation(tiff: Any) -> Any:
    """Return the orientation in the first directory of a TIFF block; 1 if it has none."""
    big = _read(tiff, 0, 2, True) == 0x4D4D  # "MM"
    directory = _read(tiff, 4, 4, big)
    directory = tf.clip_by_value(directory, 0, tf.size(tiff))
    room = (tf.size(tiff) - directory - 2) // 12
    count = tf.clip_by_value(_read(tiff, directory, 2, big), 0, tf.maximum(room, 0))
    entries = directory + 2 + 12 * tf.range(count)
    here = tf.boolean_mask(entries, _read(tiff, entries, 2, big) == ORIENTATION)
    values = tf.where(
        _read(tiff, here + 2, 2, big) == 4,  # 32-bit rather than 16-bit
        _read(tiff, here + 8, 4, big),
        _read(tiff, here + 8, 2, big),
    )
    value = tf.concat([values, [1]], 0)[0]
    return tf.where((value >= 1) & (value <= 8), value, 1)


def _read(data: Any, position: Any, length: int, big: Any) -> Any:
    """Return the number of `length` bytes at a position; beyond the end it is arbitrary."""
    offsets = tf.range(length)
    places = tf.expand_dims(position, -1) + tf.where(big, offsets, length - 1 - offsets)
    last = tf.maximum(tf.size(data) - 1, 0)
    padded = tf.cond(tf.size(data) > 0, lambda: data, lambda: tf.zeros((1,), tf.int32))
    digits = tf.gather(padded, tf.clip_by_value(places, 0, last))
    return tf.reduce_sum(digits * 256 ** tf.range(length - 1, -1, -1), -1)


def _turn_upright(pixels: Any, orientation: Any) -> Any:
    """Turn pixels (height, width, 3) as EXIF says."""

    def change(numbers: tuple[int, ...], pixels: Any, how: Any) -> Any:
        wanted = tf.reduce_any(orientation == tf.constant(numbers))
        return tf.cond(wanted, lambda: how(pixels), lambda: pixels)

    pixels = change((5, 6, 7, 8), pixels, lambda image: tf.transpose(image, (1, 0, 2)))
    pixels = change((2, 3, 6, 7), pixels, lambda image: image[:, ::-1])
    return change((3, 4, 7, 8), pixels, lambda image: image[::-1])


def _decode_bmp(content: Any) -> Any:
    data = tf.cast(tf.io.decode_raw(content, tf.uint8), tf.int32)
    bits, compression = _read(data, 28, 2, False), _read(data, 30, 4, False)
    usual = tf.reduce_any(bits == tf.constant((8, 24, 32))) & (
        (compression == 0) | ((compression == 3) & (bits == 32))
    )
    check = tf.debugging.Assert(usual, ["a BMP must have 8, 24 or 32 bits, not compressed"])
    with tf.control_dependencies([check]):
        pixels = tf.io.decode_bmp(content)
    return tf.cond(
        bits == 8,
        lambda: _look_up(pixels[..., 0], data),
        lambda: tf.cast(pixels[..., :3], tf.uint8),
    )


def _look_up(indices: Any, data: Any) -> Any:
    """Return the colours of a BMP with a palette, which TensorFlow reads as shades of gray."""
    start, end = 14 + _read(data, 14, 4, False), _read(data, 10, 4, False)
    count = tf.clip_by_value((end - start) // 4, 0, 256)
    palette = tf.reshape(data[start : start + 4 * count], (-1, 4))[:, 2::-1]  # from BGR
    return tf.cast(tf.gather(palette, tf.cast(indices, tf.int32)), tf.uint8)
