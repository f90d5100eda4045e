"""Kept activations as batches."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.data.batch_order import plan_batches
from keras_transfer.data.streams import finish_stream, map_batches


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ActivationData:
    """Kept activations, batched in the order and views that the examples would have."""

    arrays: Mapping[str, np.ndarray]  # train (n, views, …), validation (m, …)
    labels: Mapping[str, np.ndarray]  # the same splits, int64
    classes: int
    batch_size: int
    seed: int
    dtype: str  # of the batches
    alike: bool = False  # see `TrainingData`
    rows_end: bool = False  # whether rows of zeros at the end of all examples may be left out

    @property
    def steps(self) -> int:
        """Steps of one epoch, the last partial batch included."""
        return math.ceil(len(self.arrays["train"]) / self.batch_size)

    def training_batches(
        self, phase: str, epochs: int, first_epoch: int = 0, pace: int | None = None
    ) -> tf.data.Dataset:
        """Return the batches of epochs `first_epoch` to `epochs`, one after the other."""
        kept = self.arrays["train"]
        count, views = kept.shape[:2]

        def indices() -> Iterator[tuple[np.ndarray, np.ndarray]]:
            chosen = range(first_epoch, epochs)
            size, alike = self.batch_size, self.alike
            return plan_batches(self.seed, phase, chosen, count, size, views, pace, alike)

        signature = tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None,), tf.int64)
        dataset = tf.data.Dataset.from_generator(indices, output_signature=signature)
        return self._load(dataset, "train")

    def clean_batches(self, split: str) -> tf.data.Dataset:
        """Return one pass over a split in its own order."""
        dataset = tf.data.Dataset.range(len(self.arrays[split])).batch(self.batch_size)
        return self._load(dataset, split)

    def _load(self, dataset: tf.data.Dataset, split: str) -> tf.data.Dataset:
        kept, labels = self.arrays[split], self.labels[split]
        shape = kept.shape[2:] if split == "train" else kept.shape[1:]
        ends = self.rows_end

        def take(*index: Any) -> np.ndarray:
            return drop_ends(kept[index]) if ends else kept[index]

        def load(*index: Any) -> tuple[Any, Any]:
            values = tf.numpy_function(take, index, kept.dtype)
            values = tf.ensure_shape(values, (None, None, *shape[1:]) if ends else (None, *shape))
            one_hot = tf.one_hot(tf.gather(labels, index[0]), self.classes)
            return tf.cast(values, self.dtype), one_hot

        return finish_stream(map_batches(dataset, load))


def drop_ends(values: np.ndarray) -> np.ndarray:
    """Return (batch, rows, width) without the rows at the end that are zero in all examples."""
    filled = np.flatnonzero(values.any(axis=(0, 2)))
    return values[:, : filled[-1] + 1] if len(filled) else values[:, :1]
