"""Batches for `fit` and `predict`: tf.data from index arrays, with decoded pixels kept in memory.

Validation and test images are never changed, and training images only after the cache.
"""

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.config import DataConfig, TrainConfig
from keras_transfer.data.augment import augment_batch, draw_uniform
from keras_transfer.data.decode import decode_all, decode_square
from keras_transfer.data.examples import Examples
from keras_transfer.data.memory import free_memory
from keras_transfer.data.order import plan_epoch, view_seeds
from keras_transfer.data.presets import Augmentation

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Split:
    """The images of one split, in the fixed order of split.csv."""

    paths: np.ndarray  # (n,) text, relative to the data set
    labels: np.ndarray  # (n,) int64
    pixels: np.ndarray | None  # (n, side, side, 3) uint8, or None: decoded anew in every epoch

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ImageData:
    """All splits of a data set, ready to be batched.

    `splits` maps `train`, `validation` and perhaps `test` to their images.
    """

    root: Path
    class_names: tuple[str, ...]
    splits: dict[str, Split]
    image_size: int
    batch_size: int
    resize: str
    augmentation: Augmentation
    flips: bool
    seed: int

    @property
    def steps(self) -> int:
        """Steps of one epoch, the last partial batch included."""
        return math.ceil(len(self.splits["train"]) / self.batch_size)

    def training_batches(self, phase: str, epochs: int, first_epoch: int = 0) -> tf.data.Dataset:
        """Return the batches of epochs `first_epoch` to `epochs`, one after the other.

        An epoch is one view of each image; batches do not reach across epochs. Elements are images
        (batch, side, side, 3) in `[0, 255]` and one-hot labels (batch, classes), both float32.
        """

        def indices() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            for epoch in range(first_epoch, epochs):
                order, views = plan_epoch(self.seed, phase, epoch, len(self.splits["train"]))
                for start in range(0, len(order), self.batch_size):
                    images = order[start : start + self.batch_size]
                    yield images, view_seeds(self.seed, images, views[images])

        change = augment_batch(self.augmentation, self.flips)

        def load(images: Any, seeds: Any) -> tuple[Any, Any]:
            pixels, labels = self._load("train", images)
            return change(pixels, draw_uniform(seeds)), labels

        signature = (tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None, 2), tf.int64))
        dataset = tf.data.Dataset.from_generator(indices, output_signature=signature)
        return _finish(dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True))

    def clean_batches(self, split: str) -> tf.data.Dataset:
        """Return one pass over a split in its own order, unchanged."""
        dataset = tf.data.Dataset.range(len(self.splits[split])).batch(self.batch_size)
        return _finish(
            dataset.map(
                lambda images: self._load(split, images),
                num_parallel_calls=tf.data.AUTOTUNE,
                deterministic=True,
            )
        )

    def _load(self, split: str, images: Any) -> tuple[Any, Any]:
        """Return the pixels and one-hot labels of the images at these indices."""
        part = self.splits[split]
        if part.pixels is not None:
            pixels = tf.numpy_function(part.pixels.__getitem__, [images], tf.uint8)
        else:
            files = tf.gather([str(self.root / path) for path in part.paths], images)
            pixels = tf.map_fn(
                lambda file: decode_square(file, self.image_size, self.resize),
                files,
                fn_output_signature=tf.uint8,
            )
        pixels = tf.ensure_shape(pixels, (None, self.image_size, self.image_size, 3))
        labels = tf.one_hot(tf.gather(part.labels, images), len(self.class_names))
        return tf.cast(pixels, tf.float32), labels


def _finish(dataset: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    # The elements are batches already: several devices split each batch, not the files.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.with_options(options).prefetch(tf.data.AUTOTUNE)


def hold_split(examples: Examples, config: TrainConfig, image_size: int) -> ImageData:
    """Return labelled images of one split as data to predict on; nothing is trained with it.

    Args:
        examples: Images of one split, named in `examples.splits`.
        config: Settings of the run whose model will see them.
        image_size: Side in pixels that the model takes.
    """
    name = str(examples.splits[0])
    columns = examples.root, examples.paths, examples.labels
    return ImageData(
        root=examples.root,
        class_names=examples.class_names,
        splits={name: load_split(*columns, image_size, config.data)},
        image_size=image_size,
        batch_size=config.data.batch_size,
        resize=config.data.resize,
        augmentation=Augmentation(),
        flips=False,
        seed=config.seed,
    )


def load_split(
    root: Path, paths: np.ndarray, labels: np.ndarray, image_size: int, config: DataConfig
) -> Split:
    """Return the images of one split, decoded now if they fit into a quarter of the free memory.

    Args:
        root: Folder that `paths` are relative to.
        paths: (n,) text.
        labels: (n,) int64.
        image_size: Side in pixels.
        config: Says how to resize.
    """
    needed = len(paths) * image_size**2 * 3
    pixels = None
    if needed <= free_memory() / 4:
        files = np.array([str(root / path) for path in paths], object)
        pixels = decode_all(files, image_size, config.resize)
    else:
        logger.info(
            "%d images need %.1f GB decoded: read anew in every epoch", len(paths), needed / 1e9
        )
    return Split(paths=paths, labels=labels, pixels=pixels)
