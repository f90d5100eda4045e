"""Batches for `fit` and `predict`: rows of token ids, as long as the longest of their batch."""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.config.messages import count_of
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.batch_order import plan_batches
from keras_transfer.data.streams import finish_stream, map_batches
from keras_transfer.data.training_data import Element, Novelty, TokenInput
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.text_split import Split


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TextData:
    """All splits of a data set, ready to be batched; a text has one view, itself.

    Texts of like length share a batch, in an order that the seed decides.
    """

    root: Path
    class_names: tuple[str, ...]
    splits: dict[str, Split]
    taken: TokenInput
    batch_size: int
    seed: int
    tokenizer_sha256: str  # of its files

    alike = True
    fault = None
    memory = 0
    novelty: Novelty = "none"

    @property
    def element(self) -> Element:
        """One text as the network takes it."""
        return (None,), "int32"

    @property
    def longest(self) -> int:
        """Most tokens of a text."""
        return max((split.tokens.shape[1] for split in self.splits.values()), default=0)

    @property
    def decoded(self) -> Element:
        """Nothing: the ids are in memory."""
        return (0,), "int32"

    @property
    def batch_words(self) -> str:
        """What a batch is, in words."""
        texts = count_of(self.batch_size, "text")
        return f"{texts} of up to {count_of(self.taken.length, 'token')}"

    @property
    def steps(self) -> int:
        """Steps of one epoch, the last partial batch included."""
        return math.ceil(len(self.splits["train"]) / self.batch_size)

    def training_batches(
        self, phase: str, epochs: int, first_epoch: int = 0, pace: int | None = None
    ) -> tf.data.Dataset:
        """Return the batches of some epochs, see `TrainingData`: ids (batch, longest), int32."""
        size, count = self.batch_size, len(self.splits["train"])

        def indices() -> Iterator[np.ndarray]:
            chosen = range(first_epoch, epochs)
            plan = plan_batches(self.seed, phase, chosen, count, size, 1, pace, alike=True)
            return (rows for rows, _ in plan)

        signature = tf.TensorSpec((None,), tf.int64)
        dataset = tf.data.Dataset.from_generator(indices, output_signature=signature)
        return self._load(dataset, "train")

    def pair_batches(self, phase: str, epochs: int, first_epoch: int = 0) -> tf.data.Dataset:
        """Refuse: there are no two views of a text.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            "Going on without labels needs images, of which two views can be drawn. Received: "
            "texts. Train on labelled ones."
        )

    def view_batches(self, views: int, split: str = "train", begin: int = 0) -> Iterator[Any]:
        """Return every text of a split once for each view, a batch after the other."""
        for tokens, _ in self.clean_batches(split):
            for _ in range(views):
                yield tokens

    def sample_views(self, count: int, views: int) -> tuple[np.ndarray, np.ndarray]:
        """Return some training texts as rows of ids, each followed by itself, and the labels."""
        part = self.splits["train"].take(np.arange(min(count, len(self.splits["train"]))))
        labels = np.eye(len(self.class_names), dtype=np.float32)[part.labels]
        return (
            np.repeat(part.tokens[:, None], 1 + views, axis=1),
            np.repeat(labels[:, None], 1 + views, axis=1),
        )

    def clean_batches(self, split: str) -> tf.data.Dataset:
        """Return one pass over a split in its own order."""
        rows = tf.data.Dataset.range(len(self.splits[split])).batch(self.batch_size)
        return self._load(rows, split)

    def with_views(self, views: int | None) -> "TextData":
        """Return the data: a text has one view."""
        return self

    def with_augmentation(self, given: Any, name: str) -> tuple["TextData", str]:
        """Refuse: texts are taken as they are.

        Raises:
            ConfigError: Always.
        """
        raise ConfigError(
            f"`augmentation` must be left out where the examples are texts. Received: {name}. "
            "Change the texts before they are given."
        )

    def with_views_of(self, other: "TextData") -> "TextData":
        """Return the data: a text has one view."""
        return self

    def with_decoded(self, split: str, decoded: np.ndarray) -> "TextData":
        """Return the data: the ids are in memory."""
        return self

    def with_rows(self, split: str, rows: np.ndarray | slice) -> "TextData":
        """Return the data with the texts in these rows instead of all of a split."""
        taken = self.splits[split].take(rows)
        return dataclasses.replace(self, splits={**self.splits, split: taken})

    def cut_out(self, split: str, rows: np.ndarray) -> "TextData":
        """Return some texts of one split alone."""
        return dataclasses.replace(self, splits={split: self.splits[split].take(rows)})

    def as_recognised(self) -> "TextData":
        """Return the data: its views are the texts themselves."""
        return self

    def content_facts(self) -> dict[str, Any]:
        """Return what the ids depend on beside the texts."""
        return {"length": self.taken.length, "tokenizer": self.tokenizer_sha256}

    def view_facts(self) -> dict[str, Any]:
        """Return what views depend on besides: nothing."""
        return {}

    def settle(self, config: TrainConfig) -> TrainConfig:
        """Return `config` with the modality and the length of a text."""
        data = dataclasses.replace(config.data, modality="text", sequence_length=self.taken.length)
        return dataclasses.replace(config, data=data)

    def _load(self, rows: tf.data.Dataset, split: str) -> tf.data.Dataset:
        part, classes = self.splits[split], len(self.class_names)

        def load(index: Any) -> tuple[Any, Any]:
            tokens = tf.numpy_function(part.cut, [index], tf.int32)
            labels = tf.one_hot(tf.gather(part.labels, index), classes)
            return tf.ensure_shape(tokens, (None, None)), labels

        return finish_stream(map_batches(rows, load))
