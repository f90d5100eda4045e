"""Views made by a Keras layer or a function that Python code gives, as functions of their seeds.

A layer draws from generators whose state moves on with every call, in whatever order the calls
come. Here each of its draws is made from the seed of the view instead, inside the graph.
"""

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.system.errors import ConfigError

MIXING = ("MixUp", "CutMix")  # layers that make one image of two
BEYOND = 255.0  # of [0, 255]: so far out of range is another range, not a bright image
PROBED = 4  # images, in two views each
WHITE = 255.0


@dataclass(kw_only=True, eq=False)
class GivenAugmentation:
    """What makes views.

    Args:
        name: What the layer or function is called.
        change: From images (batch, side, side, 3), float32 in `[0, 255]`, and seeds (batch, 2),
            int64, to images of the same shape and range; in a graph.
        in_turn: Whether it must never run twice at a time.
    """

    name: str
    change: Callable[[Any, Any], Any]
    in_turn: bool
    fault: Exception | None = None  # what the function raised within tf.data


def open_augmentation(given: Any, name: str, side: int) -> tuple[GivenAugmentation, str]:
    """Return what makes views, tried on some images, and a warning or "".

    Args:
        given: A Keras layer, or a function (image, seed) -> image.
        name: What it is called.
        side: Of the images, in pixels.

    Raises:
        ConfigError: It does not return such images.
    """
    if isinstance(given, keras.layers.Layer):
        opened = _open_layer(given, name, side)
    else:
        opened = _open_function(given, name)
    return opened, _probe(opened, side)


def _open_layer(layer: keras.layers.Layer, name: str, side: int) -> GivenAugmentation:
    for each in layer._flatten_layers():
        if type(each).__name__ in MIXING:
            kind = type(each).__name__
            raise ConfigError(
                f"`augmentation` must change each image by itself. Received: {kind}, which makes "
                f"one of two. Set augment.{kind.lower()} in its place."
            )
    takes = "training" in layer._call_signature.parameters

    def change_one(pair: tuple[Any, Any]) -> Any:
        image, seed = pair
        with drawing_from(seed):
            found = layer(image[None], training=True) if takes else layer(image[None])
        _require_shape(found.shape[1:], image.shape, name)
        return tf.cast(found[0], tf.float32)

    shapes = tf.TensorSpec((None, side, side, 3), tf.float32), tf.TensorSpec((None, 2), tf.int64)

    # traced once for all: RandAugment takes seconds. Keras has no layer rewritten by AutoGraph.
    @tf.function(input_signature=shapes, autograph=False)
    def change(images: Any, seeds: Any) -> Any:
        found = tf.map_fn(change_one, (images, seeds), fn_output_signature=tf.float32)
        return tf.clip_by_value(found, 0.0, WHITE)

    return GivenAugmentation(name=name, change=change, in_turn=False)


def _open_function(function: Callable[..., Any], name: str) -> GivenAugmentation:
    def change_all(images: np.ndarray, seeds: np.ndarray) -> np.ndarray:
        changed = np.empty_like(images)
        try:
            for row, pair in enumerate(seeds):
                found = np.asarray(function(images[row].copy(), to_number(pair)))
                _require_shape(found.shape, images.shape[1:], name)
                _require_finite(found, name)
                changed[row] = np.clip(found, 0.0, WHITE)
        except Exception as error:
            opened.fault = error  # TensorFlow hands on but its text
            raise
        return changed

    def change(images: Any, seeds: Any) -> Any:
        found = tf.numpy_function(change_all, [images, seeds], tf.float32)
        return tf.ensure_shape(found, images.shape)

    opened = GivenAugmentation(name=name, change=change, in_turn=True)
    return opened


def to_number(seed: np.ndarray) -> int:
    """Return one number in `[0, 2**31)` that depends on both of a view's seeds, int64."""
    words = [int(seed[0]) & (2**64 - 1), int(seed[1])]
    return int(np.random.SeedSequence(words).generate_state(1)[0]) >> 1


@contextlib.contextmanager
def drawing_from(seed: Any) -> Iterator[None]:
    """Have every generator of Keras draw from a seed, (2,) int64, while a graph is traced.

    What a layer draws from Python's own generator, as AugMix does, is the same in every process.
    """
    states = random.getstate(), np.random.get_state()
    random.seed(0)
    np.random.seed(0)
    generators, original = keras.random.SeedGenerator, keras.random.SeedGenerator.next
    drawn = 0

    def draw(self: Any, ordered: bool = True) -> Any:
        nonlocal drawn
        drawn += 1
        own = tf.random.experimental.stateless_fold_in(seed, drawn)
        pair = tf.random.stateless_uniform([2], own, maxval=2**31 - 1, dtype=tf.int32)
        return tf.cast(pair, self.state.dtype)

    generators.next = draw
    try:
        yield
    finally:
        generators.next = original
        random.setstate(states[0])
        np.random.set_state(states[1])


def _probe(opened: GivenAugmentation, side: int) -> str:
    """Try it on some images of noise; return what is to be warned of.

    Raises:
        ConfigError: It does not return such images.
    """
    noise = np.random.default_rng(0).integers(0, 256, (PROBED, side, side, 3))
    images = tf.constant(noise, tf.float32)
    seeds = [tf.constant([[row, view] for row in range(PROBED)], tf.int64) for view in range(2)]
    try:
        first, again, other = (opened.change(images, each) for each in (seeds[0], *seeds))
    except tf.errors.OpError:
        if opened.fault is not None:
            raise opened.fault from None
        raise
    _require_finite(first.numpy(), opened.name)
    if float(tf.reduce_max(first)) <= 1.0 and float(tf.reduce_max(other)) <= 1.0:
        raise ConfigError(
            f"`augmentation` must return pixels in [0, 255]. Received: none above 1 from "
            f"{opened.name}. Leave scaling out: the model does it itself."
        )
    if not np.array_equal(first, again):
        return (
            f"Augmentation {opened.name} makes another view of the same image with the same seed: "
            "a resumed run will not be bit-equal to one in one piece"
        )
    if np.array_equal(first, other):
        return f"Augmentation {opened.name} makes the same view of an image with every seed"
    return ""


def _require_shape(found: Any, wanted: Any, name: str) -> None:
    if tuple(found) != tuple(wanted):
        raise ConfigError(
            f"`augmentation` must return images of the shape that it gets, {tuple(wanted)}. "
            f"Received: {tuple(found)} from {name}."
        )


def _require_finite(found: np.ndarray, name: str) -> None:
    """Raise a `ConfigError` unless these can be pixels in `[0, 255]`, a little beyond or not."""
    low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 0.0)
    if not -BEYOND <= low <= high <= WHITE + BEYOND:
        raise ConfigError(
            "`augmentation` must return pixels in [0, 255]. Received: numbers from "
            f"{low:g} to {high:g} from {name}."
        )
