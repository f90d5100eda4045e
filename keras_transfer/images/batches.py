"""Batches for `fit` and `predict`: tf.data from index arrays, over pixels kept or decoded anew.

Validation and test images are never changed, and training images only after they were kept.
"""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.config.messages import count_of
from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.batch_order import plan_batches, plan_pairs, view_seeds
from keras_transfer.data.streams import finish_stream, map_batches
from keras_transfer.data.training_data import Element, Novelty
from keras_transfer.images.augmentation.augment_batch import augment_batch
from keras_transfer.images.augmentation.given_augmentation import (
    GivenAugmentation,
    open_augmentation,
)
from keras_transfer.images.augmentation.mixup_cutmix import mix_batch, plan_mixes
from keras_transfer.images.augmentation.presets import (
    Augmentation,
    for_prediction,
    is_heavy,
    list_changes,
)
from keras_transfer.images.augmentation.view_draws import draw_uniform
from keras_transfer.images.decoding.decoding_memory import MARGIN
from keras_transfer.images.decoding.graph_decoding import choose_reader, decode_square
from keras_transfer.images.image_split import Split
from keras_transfer.images.kept_squares import SquareRows

AHEAD = 8  # batches that are decoded while the model is busy
MOST_AHEAD = 2**28  # and their bytes; 8 batches of 32 images of 224 pixels are 38 MB


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
    preparation: Preparation
    augmentation: Augmentation
    seed: int
    views: int | None = None  # of each training image, that the epochs take in turn; None: endless
    given: GivenAugmentation | None = None  # makes the views in the place of `augmentation`
    alike, longest = False, None

    @property
    def element(self) -> Element:
        """One image as the network takes it."""
        return (self.image_size, self.image_size, 3), "float32"

    @property
    def decoded(self) -> Element:
        """One image as it is kept for all epochs."""
        return (self.image_size, self.image_size, 3), "uint8"

    @property
    def batch_words(self) -> str:
        """What a batch is, in words."""
        return f"{count_of(self.batch_size, 'image')} of {self.image_size} pixels"

    @property
    def novelty(self) -> Novelty:
        """How often a view may be seen: a strong augmentation lives from never repeating one."""
        if self.given or is_heavy(self.augmentation):
            return "fresh"
        return "repeats" if list_changes(self.augmentation) else "none"

    @property
    def steps(self) -> int:
        """Steps of one epoch, the last partial batch included."""
        return math.ceil(len(self.splits["train"]) / self.batch_size)

    def training_batches(
        self, phase: str, epochs: int, first_epoch: int = 0, pace: int | None = None
    ) -> tf.data.Dataset:
        """Return the batches of some epochs, see `TrainingData`; mixup and CutMix mix them here.

        Images are (batch, side, side, 3) in `[0, 255]`, float32.
        """
        mixes = self.augmentation.mixes

        def indices() -> Iterator[tuple[np.ndarray, ...]]:
            chosen = range(first_epoch, epochs)
            count = len(self.splits["train"])
            size, views = self.batch_size, self.views
            plan = plan_batches(self.seed, phase, chosen, count, size, views, pace)
            for images, numbers in plan:
                seeds = view_seeds(self.seed, images, numbers)
                mix = plan_mixes(seeds, self.augmentation, self.image_size) if mixes else ()
                yield images, seeds, *mix

        def load(images: Any, seeds: Any, *mix: Any) -> tuple[Any, ...]:
            pixels, labels = self._load("train", images)
            return tf.cast(pixels, tf.float32), labels, seeds, *mix

        def change(pixels: Any, labels: Any, seeds: Any, *mix: Any) -> tuple[Any, Any]:
            changed = self._change(pixels, seeds)
            return mix_batch(changed, labels, *mix) if mixes else (changed, labels)

        shapes: list[Any] = [((None,), tf.int64), ((None, 2), tf.int64)]
        shapes += [((None, *size), tf.float32) for size in ((4,), (), ())] if mixes else []
        signature = tuple(tf.TensorSpec(shape, dtype) for shape, dtype in shapes)
        dataset = tf.data.Dataset.from_generator(indices, output_signature=signature)
        in_turn = self.given is not None and self.given.in_turn
        both = load if in_turn else lambda *words: change(*load(*words))
        dataset = map_batches(dataset, both)
        return finish_stream(map_batches(dataset, change, in_turn) if in_turn else dataset)

    def pair_batches(self, phase: str, epochs: int, first_epoch: int = 0) -> tf.data.Dataset:
        """Return batches of two views of each image, see `TrainingData`; an image is read once."""
        views = 2 * self.batch_size

        def indices() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            chosen, count = range(first_epoch, epochs), len(self.splits["train"])
            for images, numbers in plan_pairs(self.seed, phase, chosen, count, self.batch_size):
                yield images, view_seeds(self.seed, np.repeat(images, 2), numbers)

        def draw(images: Any, seeds: Any) -> tuple[Any, Any]:
            pixels, _ = self._load("train", images)
            several = tf.repeat(tf.cast(pixels, tf.float32), 2, axis=0)
            return self._change(several, seeds), tf.range(views) // 2

        shapes = (self.batch_size,), (views, 2)
        signature = tuple(tf.TensorSpec(shape, tf.int64) for shape in shapes)
        dataset = tf.data.Dataset.from_generator(indices, output_signature=signature)
        return finish_stream(map_batches(dataset, draw))

    def view_batches(self, views: int, split: str = "train", begin: int = 0) -> Iterator[Any]:
        """Return every view of every image of a split once, see `TrainingData`; never mixed.

        The images of a batch are decoded once. Decoding begins now and runs ahead.
        """
        side = self.image_size

        # Not in the tf.data graph: there, one thread at a time resamples a whole batch.
        @tf.function(
            input_signature=[
                tf.TensorSpec((None, side, side, 3), tf.uint8),
                tf.TensorSpec((None, 2), tf.int64),
            ],
            autograph=False,
        )
        def draw(pixels: Any, seeds: Any) -> Any:
            return self._change(tf.cast(pixels, tf.float32), seeds)

        def list_views(batches: Iterator[Any]) -> Iterator[Any]:
            for images, pixels, _ in batches:
                for view in range(views):
                    numbers = np.full(len(images), view)
                    yield draw(pixels, view_seeds(self.seed, begin + images.numpy(), numbers))

        return list_views(iter(finish_stream(self._decode(split))))

    def sample_views(self, count: int, views: int) -> tuple[np.ndarray, np.ndarray]:
        """Return some training images, each followed by its first views, and the labels.

        The images are taken evenly out of the classes, and mixed where mixup or CutMix are on.

        Returns:
            (count, 1 + views, side, side, 3), uint8, and (count, 1 + views, classes), float32; of
            `count` images at most.
        """
        classes = self.splits["train"].labels
        spread = np.linspace(0, len(classes) - 1, min(count, len(classes))).astype(int)
        rows = np.argsort(classes, kind="stable")[spread]
        # decoding needs a graph
        load = tf.function(lambda indices: self._load("train", indices), autograph=False)
        pixels, labels = load(tf.constant(rows))
        seeds = [view_seeds(self.seed, rows, np.full(len(rows), view)) for view in range(views)]
        several = tf.tile(tf.cast(pixels, tf.float32), [views, 1, 1, 1])
        changed = self._change(several, tf.constant(np.concatenate(seeds)))
        found = [(image, labels) for image in tf.split(changed, views)]
        if self.augmentation.mixes:
            plans = (plan_mixes(pairs, self.augmentation, self.image_size) for pairs in seeds)
            found = [mix_batch(*pair, *plan) for pair, plan in zip(found, plans, strict=True)]
        shown = np.stack([pixels, *(tf.cast(images, tf.uint8) for images, _ in found)], axis=1)
        return shown, np.stack([labels, *(named for _, named in found)], axis=1)

    def clean_batches(self, split: str) -> tf.data.Dataset:
        """Return one pass over a split in its own order, unchanged."""
        return finish_stream(
            map_batches(
                self._decode(split),
                lambda _, pixels, labels: (tf.cast(pixels, tf.float32), labels),
                in_turn=True,
            )
        )

    def with_views(self, views: int | None) -> "ImageData":
        """Return the data with epochs that take so many views in turn; None: new ones."""
        return dataclasses.replace(self, views=views)

    def with_augmentation(self, given: Any, name: str) -> tuple["ImageData", str]:
        """Return the data with views that a Keras layer or a function makes, and a warning."""
        opened, warning = open_augmentation(given, name, self.image_size)
        return dataclasses.replace(self, given=opened), warning

    def with_views_of(self, other: "ImageData") -> "ImageData":
        """Return the data with views that are made as those of other data."""
        return dataclasses.replace(self, augmentation=other.augmentation, given=other.given)

    @property
    def fault(self) -> Exception | None:
        """What a given function raised while it made views."""
        return self.given.fault if self.given else None

    @property
    def memory(self) -> int:
        """Bytes of memory that squares take which an inspection kept; all splits share them."""
        kept = (split.pixels for split in self.splits.values())
        return max((each.memory for each in kept if isinstance(each, SquareRows)), default=0)

    def with_decoded(self, split: str, decoded: np.ndarray) -> "ImageData":
        """Return the data with the images of a split kept as `decoded` says."""
        kept = dataclasses.replace(self.splits[split], pixels=decoded, states=None)
        return dataclasses.replace(self, splits={**self.splits, split: kept})

    def with_rows(self, split: str, rows: np.ndarray | slice) -> "ImageData":
        """Return the data with the images in these rows instead of all of a split."""
        taken = self.splits[split].take(rows)
        return dataclasses.replace(self, splits={**self.splits, split: taken})

    def cut_out(self, split: str, rows: np.ndarray) -> "ImageData":
        """Return some images of one split alone, with the squares that are kept of them."""
        return dataclasses.replace(self, splits={split: self.splits[split].cut_out(rows)})

    def as_recognised(self) -> "ImageData":
        """Return the data without mixes, erasing and RandAugment."""
        return dataclasses.replace(self, augmentation=for_prediction(self.augmentation))

    def content_facts(self) -> dict[str, Any]:
        """Return what decoded images depend on beside their files."""
        said, usual = dataclasses.asdict(self.preparation), dataclasses.asdict(Preparation())
        others = {name: value for name, value in said.items() if value != usual[name]}
        facts = {"image_size": self.image_size, "resize": self.preparation.resize, **others}
        return facts | {"margin": MARGIN}  # of the scale at which large photographs are decoded

    def view_facts(self) -> dict[str, Any]:
        """Return what views depend on besides."""
        strengths = dataclasses.asdict(self.augmentation)
        del strengths["preset"]  # a name for the others
        facts = {"augmentation": strengths, "seed": self.seed}
        return facts | ({"given": self.given.name} if self.given else {})

    def settle(self, config: TrainConfig) -> TrainConfig:
        """Return `config` with the image size and the value range."""
        data = dataclasses.replace(config.data, modality="image", sequence_length=None)
        size, limits = self.image_size, self.preparation.value_range
        data = dataclasses.replace(data, image_size=size, value_range=limits)
        return dataclasses.replace(config, data=data)

    def _change(self, images: Any, seeds: Any) -> Any:
        """Return a view of each image, float32 in `[0, 255]`, as its seeds, (batch, 2), say."""
        if self.given:
            return self.given.change(images, seeds)
        changed = augment_batch(self.augmentation)(images, draw_uniform(seeds))
        return tf.ensure_shape(changed, images.shape)  # resampling forgets the sides

    def _decode(self, split: str) -> tf.data.Dataset:
        """Return one pass over a split: indices, pixels in uint8, labels; some batches ahead."""
        dataset = tf.data.Dataset.range(len(self.splits[split])).batch(self.batch_size)
        dataset = map_batches(dataset, lambda images: (images, *self._load(split, images)))
        ahead = MOST_AHEAD // (self.batch_size * self.image_size**2 * 3)
        return dataset.prefetch(max(1, min(AHEAD, ahead)))

    def _load(self, split: str, images: Any) -> tuple[Any, Any]:
        """Return the pixels, uint8, and one-hot labels of the images at these indices."""
        part = self.splits[split]
        if (kept := part.pixels) is not None:
            read = kept.read if isinstance(kept, SquareRows) else kept.__getitem__
            pixels = tf.numpy_function(read, [images], tf.uint8)
        else:
            names = [str(self.root / path) for path in part.paths]
            plain = np.zeros(len(part), bool) if part.plain is None else part.plain
            size, asked, reader = self.image_size, self.preparation, choose_reader(names)
            pixels = tf.map_fn(
                lambda row: decode_square(row[0], size, asked, row[1], reader),
                (tf.gather(names, images), tf.gather(plain, images)),
                fn_output_signature=tf.uint8,
            )
        pixels = tf.ensure_shape(pixels, (None, self.image_size, self.image_size, 3))
        return pixels, tf.one_hot(tf.gather(part.labels, images), len(self.class_names))
