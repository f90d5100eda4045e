"""Batches for `fit` and `predict`: tf.data from index arrays, over pixels kept or decoded anew.

Validation and test images are never changed, and training images only after they were kept.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.batch_order import plan_batches, view_seeds
from keras_transfer.data.examples import Examples
from keras_transfer.images.augmentation.augment_batch import augment_batch
from keras_transfer.images.augmentation.mixup_cutmix import mix_batch, plan_mixes
from keras_transfer.images.augmentation.presets import Augmentation
from keras_transfer.images.augmentation.view_draws import draw_uniform
from keras_transfer.images.decoding.graph_decoding import decode_square

AHEAD = 8  # batches that are decoded while the model is busy
MOST_AHEAD = 2**28  # and their bytes; 8 batches of 32 images of 224 pixels are 38 MB


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Split:
    """The images of one split, in the fixed order of split.csv."""

    paths: np.ndarray  # (n,) text, relative to the data set
    labels: np.ndarray  # (n,) int64
    pixels: np.ndarray | None = None  # (n, side, side, 3) uint8; None: decoded whenever needed
    plain: np.ndarray | None = None  # (n,) bool, as `inspect_files` says; None: no file is plain

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
    seed: int
    views: int | None = None  # of each training image, that the epochs take in turn; None: endless

    @property
    def steps(self) -> int:
        """Steps of one epoch, the last partial batch included."""
        return math.ceil(len(self.splits["train"]) / self.batch_size)

    def training_batches(self, phase: str, epochs: int, first_epoch: int = 0) -> tf.data.Dataset:
        """Return the batches of epochs `first_epoch` to `epochs`, one after the other.

        An epoch is one view of each image; batches do not reach across epochs. Elements are images
        (batch, side, side, 3) in `[0, 255]` and one-hot labels (batch, classes), both float32;
        mixup and CutMix mix them here.

        Args:
            phase: Its name; phases have orders and views of their own.
            epochs: Epochs of the phase.
            first_epoch: The epoch to begin with, from 0.
        """
        mixes = self.augmentation.mixes

        def indices() -> Iterator[tuple[np.ndarray, ...]]:
            chosen = range(first_epoch, epochs)
            count = len(self.splits["train"])
            plan = plan_batches(self.seed, phase, chosen, count, self.batch_size, self.views)
            for images, numbers in plan:
                seeds = view_seeds(self.seed, images, numbers)
                mix = plan_mixes(seeds, self.augmentation, self.image_size) if mixes else ()
                yield images, seeds, *mix

        change = augment_batch(self.augmentation)

        def load(images: Any, seeds: Any, *mix: Any) -> tuple[Any, Any]:
            pixels, labels = self._load("train", images)
            changed = change(tf.cast(pixels, tf.float32), draw_uniform(seeds))
            return mix_batch(changed, labels, *mix) if mixes else (changed, labels)

        shapes: list[Any] = [((None,), tf.int64), ((None, 2), tf.int64)]
        shapes += [((None, *size), tf.float32) for size in ((4,), (), ())] if mixes else []
        signature = tuple(tf.TensorSpec(shape, dtype) for shape, dtype in shapes)
        dataset = tf.data.Dataset.from_generator(indices, output_signature=signature)
        return finish(dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True))

    def view_batches(self, views: int, split: str = "train") -> Iterator[Any]:
        """Return every view of every image of a split once: all views of a batch, then the next.

        Elements are images (batch, side, side, 3) float32 in `[0, 255]`, never mixed. The images of
        a batch are decoded once; view v of an image is the one that `training_batches` calls v.
        Decoding begins now and runs ahead.
        """
        change = augment_batch(self.augmentation)
        side = self.image_size

        # Not in the tf.data graph: there, one thread at a time resamples a whole batch.
        @tf.function(
            input_signature=[
                tf.TensorSpec((None, side, side, 3), tf.uint8),
                tf.TensorSpec((None, 2), tf.int64),
            ]
        )
        def draw(pixels: Any, seeds: Any) -> Any:
            return change(tf.cast(pixels, tf.float32), draw_uniform(seeds))

        def list_views(batches: Iterator[Any]) -> Iterator[Any]:
            for images, pixels, _ in batches:
                for view in range(views):
                    numbers = np.full(len(images), view)
                    yield draw(pixels, view_seeds(self.seed, images.numpy(), numbers))

        return list_views(iter(finish(self._decode(split))))

    def sample_views(self, images: int, views: int) -> tuple[np.ndarray, np.ndarray]:
        """Return some training images, each followed by its first views, and the labels.

        The images are taken evenly out of the classes, and mixed among each other where mixup or
        CutMix are on. Where epochs take K views in turn, those are the first K.

        Args:
            images: At most so many.
            views: Of each image.

        Returns:
            (images, 1 + views, side, side, 3), uint8, and (images, 1 + views, classes), float32.
        """
        classes = self.splits["train"].labels
        spread = np.linspace(0, len(classes) - 1, min(images, len(classes))).astype(int)
        rows = np.argsort(classes, kind="stable")[spread]
        load = tf.function(lambda indices: self._load("train", indices))  # decoding needs a graph
        pixels, labels = load(tf.constant(rows))
        seeds = [view_seeds(self.seed, rows, np.full(len(rows), view)) for view in range(views)]
        change = augment_batch(self.augmentation)
        several = tf.tile(tf.cast(pixels, tf.float32), [views, 1, 1, 1])
        changed = change(several, draw_uniform(np.concatenate(seeds)))
        found = [(image, labels) for image in tf.split(changed, views)]
        if self.augmentation.mixes:
            plans = (plan_mixes(pairs, self.augmentation, self.image_size) for pairs in seeds)
            found = [mix_batch(*pair, *plan) for pair, plan in zip(found, plans, strict=True)]
        shown = np.stack([pixels, *(tf.cast(images, tf.uint8) for images, _ in found)], axis=1)
        return shown, np.stack([labels, *(named for _, named in found)], axis=1)

    def clean_batches(self, split: str) -> tf.data.Dataset:
        """Return one pass over a split in its own order, unchanged."""
        return finish(
            self._decode(split).map(lambda _, pixels, labels: (tf.cast(pixels, tf.float32), labels))
        )

    def _decode(self, split: str) -> tf.data.Dataset:
        """Return one pass over a split: indices, pixels in uint8, labels; some batches ahead."""
        dataset = tf.data.Dataset.range(len(self.splits[split])).batch(self.batch_size)
        dataset = dataset.map(
            lambda images: (images, *self._load(split, images)),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        ahead = MOST_AHEAD // (self.batch_size * self.image_size**2 * 3)
        return dataset.prefetch(max(1, min(AHEAD, ahead)))

    def _load(self, split: str, images: Any) -> tuple[Any, Any]:
        """Return the pixels, uint8, and one-hot labels of the images at these indices."""
        part = self.splits[split]
        if part.pixels is not None:
            pixels = tf.numpy_function(part.pixels.__getitem__, [images], tf.uint8)
        else:
            files = tf.gather([str(self.root / path) for path in part.paths], images)
            plain = np.zeros(len(part), bool) if part.plain is None else part.plain
            pixels = tf.map_fn(
                lambda row: decode_square(row[0], self.image_size, self.resize, row[1]),
                (files, tf.gather(plain, images)),
                fn_output_signature=tf.uint8,
            )
        pixels = tf.ensure_shape(pixels, (None, self.image_size, self.image_size, 3))
        labels = tf.one_hot(tf.gather(part.labels, images), len(self.class_names))
        return pixels, labels


def finish(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Add what every stream of batches ends with: rules for several devices, and prefetching."""
    options = tf.data.Options()
    # The elements are batches already: several devices split each batch, not the files.
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    options.experimental_warm_start = True  # an iterator works from the moment it is made
    # The tuner's thread can miss that its iterator is gone, and sleeps on with the main thread
    # waiting for it: up to 2.4 seconds at the end of a phase of 10, seen on TensorFlow 2.21.
    options.autotune.enabled = False
    return dataset.with_options(options).prefetch(1)


def hold_split(
    examples: Examples,
    config: TrainConfig,
    image_size: int,
    plain: np.ndarray | None = None,
    augmentation: Augmentation | None = None,
) -> ImageData:
    """Return labelled images of one split as data to predict on; nothing is trained with it.

    Args:
        examples: Images of one split, named in `examples.splits`.
        config: Settings of the run whose model will see them.
        image_size: Side in pixels that the model takes.
        plain: (n,) of bool, as `inspect_files` says of the files; None: no file is plain.
        augmentation: Of their views, where there are to be any.
    """
    name = str(examples.splits[0])
    return ImageData(
        root=examples.root,
        class_names=examples.class_names,
        splits={name: Split(paths=examples.paths, labels=examples.labels, plain=plain)},
        image_size=image_size,
        batch_size=config.data.batch_size,
        resize=config.data.resize,
        augmentation=augmentation or Augmentation(),
        seed=config.seed,
    )
