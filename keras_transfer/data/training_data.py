"""What training, evaluation and the cache ask of data: they know no modality."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, Self

import numpy as np

from keras_transfer.config.train_config import TrainConfig

if TYPE_CHECKING:
    import tensorflow as tf

# shape without the batch, of which None may be any number, and dtype
Element = tuple[tuple[Any, ...], str]
# How often a view may be seen: there is but one; several epochs may share one; never twice.
Novelty = Literal["none", "repeats", "fresh"]


class TokenInput(NamedTuple):
    """What an encoder takes of a text: a row of token ids."""

    length: int
    """Most ids of a row, those that mark its beginning and end included."""
    tokenizer: Path
    """Folder of the tokenizer, as KerasHub's `save_to_preset` writes it."""


ModelInput = int | TokenInput  # of an image, the side of its square in pixels


class ExampleSplit(Protocol):
    """The examples of one split, in the fixed order of split.csv."""

    @property
    def paths(self) -> np.ndarray:
        """(n,) text, relative to the data set."""

    @property
    def labels(self) -> np.ndarray:
        """(n,) int64."""

    @property
    def states(self) -> np.ndarray | None:
        """(n, 2) int64, see `Findings.states`; None: nothing is read from the files any more."""

    def __len__(self) -> int: ...


class Batches(Protocol):
    """Batches for `fit`: of examples, or of what the locked part of a network makes of them."""

    @property
    def batch_size(self) -> int:
        """Examples in a batch; the last one of an epoch may have fewer."""

    @property
    def steps(self) -> int:
        """Steps of one epoch, the last partial batch included."""

    def training_batches(
        self, phase: str, epochs: int, first_epoch: int = 0, pace: int | None = None
    ) -> "tf.data.Dataset":
        """Return the batches of epochs `first_epoch` to `epochs`, one after the other.

        An epoch is one view of each training example; batches do not reach across epochs. Elements
        are what the network takes, and one-hot labels (batch, classes), float32.

        Args:
            phase: Its name; phases have orders and views of their own.
            epochs: Epochs of the phase.
            first_epoch: The epoch to begin with, from 0.
            pace: Examples that an epoch takes, from passes that go on across epochs. None: each
                example once.
        """

    def clean_batches(self, split: str) -> "tf.data.Dataset":
        """Return one pass over a split in its own order, unchanged; elements as above."""


class TrainingData(Batches, Protocol):
    """All splits of a data set, ready to be batched."""

    @property
    def root(self) -> Path:
        """Folder that paths are relative to."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Label names in index order."""

    @property
    def splits(self) -> Mapping[str, ExampleSplit]:
        """`train`, `validation` and perhaps `test`."""

    @property
    def seed(self) -> int:
        """Of order and views."""

    @property
    def element(self) -> Element:
        """One example as the network takes it."""

    @property
    def decoded(self) -> Element:
        """One example before it is changed, as it is kept for all epochs."""

    @property
    def longest(self) -> int | None:
        """Rows of the longest example, where they are of any length; None: all have one shape."""

    @property
    def alike(self) -> bool:
        """Whether neighbours in a split are alike, and share batches: see `plan_batches`."""

    @property
    def batch_words(self) -> str:
        """What a batch is, in words: "32 images of 224 pixels"."""

    @property
    def novelty(self) -> Novelty:
        """How often a view may be seen."""

    def pair_batches(self, phase: str, epochs: int, first_epoch: int = 0) -> "tf.data.Dataset":
        """Return the batches of epochs `first_epoch` to `epochs`, two views of each example.

        Elements are `2 * batch_size` views, those of an example one after the other and both new in
        every epoch, and int32 (2 * batch_size,) that says which of them show the same example. What
        does not fill a batch is left out of an epoch. No label is read.
        """

    def view_batches(self, views: int, split: str = "train", begin: int = 0) -> Iterator[Any]:
        """Return every view of every example of a split once: all views of a batch, then the next.

        View v of an example is the one that `training_batches` calls v.

        Args:
            views: Of each example.
            split: Which.
            begin: What its first row was in the split that views are of, see `cut_out`.
        """

    def sample_views(self, count: int, views: int) -> tuple[np.ndarray, np.ndarray]:
        """Return some training examples as they are drawn in a figure, each followed by its views.

        Args:
            count: Examples, at most.
            views: Of each example.

        Returns:
            (count, 1 + views, …) tiles, and (count, 1 + views, classes), float32, their labels.
        """

    def with_views(self, views: int | None) -> Self:
        """Return the data with epochs that take so many views in turn; None: new ones."""

    def with_augmentation(self, given: Any, name: str) -> tuple[Self, str]:
        """Return the data with views that Python code makes, and a warning or "".

        Args:
            given: A Keras layer, or a function (example, seed) -> example.
            name: What it is called.

        Raises:
            ConfigError: It does not return what it must, and what that is.
        """

    @property
    def fault(self) -> Exception | None:
        """What a given function raised while it made views."""

    @property
    def memory(self) -> int:
        """Bytes of memory that examples take which an inspection kept."""

    def with_views_of(self, other: Self) -> Self:
        """Return the data with views that are made as those of other data."""

    def with_decoded(self, split: str, decoded: np.ndarray) -> Self:
        """Return the data with the examples of a split kept as `decoded` says."""

    def with_rows(self, split: str, rows: np.ndarray | slice) -> Self:
        """Return the data with some examples of a split instead of all of them."""

    def cut_out(self, split: str, rows: np.ndarray) -> Self:
        """Return some examples of one split alone, as another process can take them.

        What is kept of them in memory goes with them; files must be seen where they are.
        """

    def as_recognised(self) -> Self:
        """Return the data with views as easy to recognise as what the model will see."""

    def content_facts(self) -> dict[str, Any]:
        """Return what decoded examples depend on beside their files, as JSON holds it."""

    def view_facts(self) -> dict[str, Any]:
        """Return what views depend on besides, as JSON holds it."""

    def settle(self, config: TrainConfig) -> TrainConfig:
        """Return `config` with what was `auto` and the data decided."""
