"""The predictions of a run as columns, and the format of predictions.csv."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_transfer.config.lookup import suggest
from keras_transfer.config.messages import name_some
from keras_transfer.config.split_names import SPLITS, TARGET
from keras_transfer.run.contents.prediction_columns import prediction_columns, require_columns
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_blocks


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """What a model said about n labelled images, in columns of equal length.

    Args:
        paths: (n,) text, relative to the data set, with "/".
        splits: (n,) text: train, validation or test.
        truth: (n,) integers, index of the true class in `class_names`.
        probabilities: (n, classes) floats in [0, 1]. NaN, which a diverged model gives, counts as 0
            wherever a number is made of it.
        class_names: Names of the classes in index order.
        features: (n, channels) floats, what the head of the model was given; None: nobody asked.
            No file holds them.
        noun: What one of them is called.
    """

    paths: np.ndarray
    splits: np.ndarray
    truth: np.ndarray
    probabilities: np.ndarray
    class_names: tuple[str, ...]
    features: np.ndarray | None = None
    noun: str = "image"

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def prediction(self) -> np.ndarray:
        """(n,) integers: index of the most probable class, the first among equals."""
        return np.asarray(fill_missing(self.probabilities).argmax(axis=1))

    @property
    def truth_probability(self) -> np.ndarray:
        """(n,) floats in [0, 1]: probability that was given to the true class."""
        return np.asarray(fill_missing(self.probabilities)[np.arange(len(self)), self.truth])

    @property
    def split_names(self) -> tuple[str, ...]:
        """Splits that have at least one image, in the order train, validation, test."""
        return tuple(name for name in SPLITS if name in set(self.splits))

    def select(self, split: str) -> "Predictions":
        """Return the part of one split, in the same order; it is empty where the split is."""
        return self.take(np.flatnonzero(self.splits == split))

    def take(self, rows: np.ndarray) -> "Predictions":
        """Return the images at these positions, in this order."""
        return Predictions(
            paths=self.paths[rows],
            splits=self.splits[rows],
            truth=self.truth[rows],
            probabilities=self.probabilities[rows],
            class_names=self.class_names,
            features=None if self.features is None else self.features[rows],
            noun=self.noun,
        )


def prediction_rows(predictions: Predictions) -> Iterator[list[str]]:
    """Yield the lines of predictions.csv under `prediction_columns`.

    Probabilities keep 7 significant digits, and the class in column `prediction` is the most
    probable one after that rounding, so that reading the file gives the prediction it names.
    """
    names = predictions.class_names
    columns = zip(
        predictions.paths,
        predictions.splits,
        predictions.truth.tolist(),
        predictions.probabilities,
        strict=True,
    )
    for path, split, truth, probabilities in columns:
        cells = [f"{value:.7g}" for value in probabilities.tolist()]
        numbers = [0.0 if cell == "nan" else float(cell) for cell in cells]
        yield [path, split, names[truth], names[numbers.index(max(numbers))], *cells]


def read_predictions(table: Mapping[str, Sequence[str]], class_names: Sequence[str]) -> Predictions:
    """Return predictions.csv, as `Run.predictions_table` reads it, in numbers.

    Args:
        table: Column name to cells of text.
        class_names: Names in index order; columns of other classes are an error.

    Raises:
        ConfigError: Columns are missing or too many, a true class is unknown, or a probability is
            not a number.
    """
    columns = prediction_columns(class_names)
    require_columns(table, class_names)
    index = {name: position for position, name in enumerate(class_names)}
    if unknown := sorted(set(table["truth"]) - set(index)):
        raise ConfigError(
            "The column truth of predictions.csv must hold class names. "
            f"Received: {unknown[0]!r}. {suggest(unknown[0], class_names)}"
        )
    try:
        probabilities = [np.array(table[name], np.float64) for name in columns[4:]]
    except ValueError as error:
        raise ConfigError(
            f"The probabilities of predictions.csv must be numbers ({error}). Restore the file."
        ) from None
    odd = next((values for values in probabilities if ((values < 0) | (values > 1)).any()), None)
    if odd is not None or not {*table["split"]} <= {*SPLITS, TARGET}:
        raise ConfigError(
            f"predictions.csv must hold the splits {', '.join(SPLITS)} and probabilities in "
            "[0, 1]. Received: others. Restore the file."
        )
    return Predictions(
        paths=np.array(table["path"], object),
        splits=np.array([*map(sys.intern, table["split"])], object),
        truth=np.array([index[name] for name in table["truth"]], np.int64),
        probabilities=np.stack(probabilities, axis=1),  # (n, classes)
        class_names=tuple(class_names),
    )


def require_numbers(predictions: Predictions, model: Path) -> None:
    """Raise `ConfigError` for predictions that are no numbers, since no score means anything then.

    Args:
        predictions: What a model said.
        model: Its file.
    """
    missing = ~np.isfinite(predictions.probabilities).all(axis=1)
    if missing.any():
        names = predictions.paths[missing].tolist()
        raise ConfigError(
            f"{model} must answer with numbers. Received: NaN for {len(names):,} of "
            f"{len(predictions):,} examples, {name_some(names, most=3)}. Train it anew: with a "
            "lower learning rate, if it diverged."
        )


def fill_missing(probabilities: np.ndarray) -> np.ndarray:
    """Return probabilities with 0 in place of NaN, which a diverged model gives."""
    return np.asarray(np.nan_to_num(probabilities, nan=0.0))


def soften(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return softmax(z / temperature) of probabilities (n, classes) that are softmax(z)."""
    scaled = np.log(np.maximum(fill_missing(probabilities), 1e-30)) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def join_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Return the images of several predictions by the same classes, one part after the other."""
    features = [part.features for part in parts if part.features is not None]
    return Predictions(
        paths=np.concatenate([part.paths for part in parts]),
        splits=np.concatenate([part.splits for part in parts]),
        truth=np.concatenate([part.truth for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        class_names=parts[0].class_names,
        features=np.concatenate(features) if len(features) == len(parts) else None,
    )


def read_run_predictions(run: Run) -> Predictions:
    """Return the predictions of a run for validation and test, as predictions.csv holds them."""
    return _read_file(run.predictions_file, run.class_names())


def read_target_predictions(run: Run) -> Predictions | None:
    """Return what a run says of labelled images of the domain it was adapted to, if of any."""
    if not run.target_predictions_file.exists():
        return None
    return _read_file(run.target_predictions_file, run.class_names())


def _read_file(file: Path, class_names: Sequence[str]) -> Predictions:
    """Return the predictions in a file, of which never much is held as text."""
    parts = [read_predictions(block, class_names) for block in read_blocks(file)]
    return join_predictions(parts)
