"""What the program asks of one kind of examples: a modality is a row in `MODALITIES`.

The functions of a row import what they need when they are called, so that the table costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from keras_transfer.cluster.block_engines import THIS_PROCESS, Engine
from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings
from keras_transfer.data.training_data import ModelInput, TrainingData

Given = list[Any]  # names of files, their contents, or examples in memory


# Makes an array of a shape and dtype, which is as if it were in memory; None: there is no room.
Allocate = Callable[[tuple[int, ...], str], np.ndarray | None]


class Keeping(NamedTuple):
    """Asks an inspection to keep the examples as a training takes them: each is read but once."""

    config: TrainConfig
    size: int  # the backbone's own, taken where neither `config` nor the source says one
    allocate: Allocate


class Inspect(Protocol):
    """Reads every example and says what is in it."""

    def __call__(
        self, examples: Examples, keeping: Keeping | None = None, engine: Engine = THIS_PROCESS
    ) -> Findings:
        """Return what was found in each example.

        Args:
            examples: All.
            keeping: Asks for pixels and the like.
            engine: Where files are read; nothing is kept by one that is not this process.
        """


class ExampleFiles(Protocol):
    """Makes files of the examples of one set in memory, all in the same way."""

    @property
    def value_range(self) -> str:
        """What `data.value_range` is for a set of such examples; auto: what the files hold."""

    def measure(self, example: Any) -> bool:
        """Take an example into account; tell whether files before it must be written anew.

        Raises:
            ConfigError: It is none, or does not go with those before it.
        """

    def begin_anew(self) -> None:
        """Expect the examples of the set once more; what is known of them is kept."""

    def hash(self, example: Any) -> str:
        """Return a digest of an example, in hexadecimal digits."""

    def encode(self, example: Any) -> tuple[str, bytes]:
        """Return the suffix and the content of the file of an example that was measured."""

    def conclude(self) -> list[str]:
        """Return what is odd in the whole set, in words.

        Raises:
            ConfigError: It cannot be told what its numbers mean.
        """


class BaselineAnswers(NamedTuple):
    """What a plain model says of n examples, after it learned from those of the split train."""

    probabilities: np.ndarray  # (n, classes)
    parameters: int  # numbers that it learned
    chosen: Mapping[str, Any]  # what validation chose, in plain values


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A plain model, without a network, beside which a comparison puts its trainings."""

    name: str
    """A word for it, which stands in results.csv in place of a backbone."""
    answer: Callable[[Examples, TrainConfig], BaselineAnswers]
    """Fits it to examples that have their splits, by settings that hold for it, too."""


@dataclass(frozen=True, kw_only=True)
class Modality:
    """One kind of examples."""

    noun: str
    """What one example is called."""
    read_examples: Callable[[str, DataConfig], Examples]
    """Lists the labelled examples of a data set, also where they are too few to train on."""
    check_source: Callable[[str], None]
    """Raises a `ConfigError` unless there is such a data set, of which only the path is looked
    at."""
    name_given: Callable[[Any], str]
    """Writes a data set that Python code holds in memory to the cache, and returns its path."""
    inspect: Inspect
    """Reads every example and says what is in it; may keep what it read."""
    link_alike: Callable[[Examples, Any], np.ndarray]
    """Finds examples that only look equal: (m, 2) rows that are linked."""
    say_sizes: Callable[[Mapping[str, Any]], str]
    """Says in a line or more what `Findings.measure` put into data_report.json."""
    check_settings: Callable[[TrainConfig], None]
    """Raises a `ConfigError` for settings of views that are unknown or exclude each other."""
    describe_views: Callable[[TrainConfig], str]
    """Says how training examples are changed."""
    find_test_views: Callable[[TrainConfig, bool], Any]
    """Returns how views of test-time augmentation are changed; None: there are none. The second
    argument: whether a mirror image shows the same class."""
    find_input: Callable[[TrainConfig, Path], ModelInput]
    """Returns what the model of a run takes, from its resolved settings and its directory."""
    keep_input: Callable[[ModelInput, Path], ModelInput]
    """Keeps in a run directory what turns examples into what the backbone takes; returns it from
    there."""
    hold_splits: Callable[[Examples, TrainConfig, Any, Any], TrainingData]
    """Makes the examples ready to be batched; those without a split are left out. The third
    argument is what the backbone takes, a `ModelInput`, the last one what `inspect` said."""
    hold_split: Callable[[Examples, TrainConfig, Any, Any, Any], TrainingData]
    """The same for examples of one split that are only predicted on, of a model that takes this;
    the last argument is what `find_test_views` returned, or None."""
    draw_example: Callable[[Path, int, TrainConfig], np.ndarray | tuple[str, ...] | None]
    """Returns what a figure shows of an example: as the network sees it by resolved settings,
    (side, side, 3) uint8; its text, or a pair; or None where it cannot be read."""
    list_words: Callable[[Iterable[str]], tuple[list[str], Given]]
    """Finds the examples that words of a command line name, and a name for each."""
    list_given: Callable[[Any, str], tuple[list[str], Given]]
    """The same for what Python code gives: names, or examples in memory; and `data.value_range`."""
    stream: Callable[[Sequence[Any], Any, Preparation, int], Iterator[tuple[np.ndarray, list[str]]]]
    """Reads given examples for a model: its input, how they are prepared, examples at a time;
    yields arrays and a reason for each example, "" where it can be used."""
    describe_preparation: Callable[[TrainConfig], Mapping[str, Any]]
    """Says how an example becomes what the model takes, in plain values that go with model.keras;
    `config` is resolved."""
    list_limits: Callable[[TrainConfig, Mapping[str, Any]], Iterable[str]]
    """Lists what a model of such examples does not see, from data_report.json: lines of the model
    card."""
    decode_served: Callable[[Any, Any, Preparation], Any]
    """Inside the graph of an export: from the bytes of a file, scalar string, to what the model
    takes; its size, how examples are prepared."""
    baseline: Baseline | None = None
    """What comparisons have a row of beside the trainings; None: nothing."""
