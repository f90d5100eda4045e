"""Logistic regression on CLIP's embeddings of a few images a class, as a measure of zero-shot."""

import itertools
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.split_names import choose_split
from keras_transfer.data.examples import Examples
from keras_transfer.data.training_data import TrainingData
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_table
from keras_transfer.zeroshot.image_embeddings import Embeddings

SHOTS = (1, 2, 4, 8, 16)  # images a class
SEEDS = range(5)
# Of embeddings as they are: https://github.com/openai/CLIP, "Linear-probe evaluation"
C, STEPS = 0.316, 1000
COLUMNS = ("shots", "seed", "split", "images", "accuracy")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Probed:
    """How good one regression is on one split; a row of probe.csv."""

    shots: int
    """Training images of each class."""
    seed: int
    """Which images those are."""
    split: str
    images: int
    accuracy: float


def list_shots(examples: Examples) -> list[int]:
    """Return the numbers of images a class for which train has enough of every class.

    Args:
        examples: With their splits.

    Raises:
        ConfigError: A class has no training image, or there is nothing to measure on.
    """
    train, names = examples.splits == "train", examples.class_names
    counts = np.bincount(examples.labels[train], minlength=len(names)).tolist()
    lacking = [name for name, count in zip(names, counts, strict=True) if not count]
    if lacking or train.all():
        found = f"no training image of {name_some(lacking)}" if lacking else "only train"
        raise ConfigError(
            "`probe` must have a training image of every class, and a validation or test split. "
            f"Received: {found}. Leave --probe out, or add images."
        )
    enough = [shots for shots in SHOTS if shots <= min(counts)]
    if len(enough) < len(SHOTS):
        logger.warning(
            "The probe ends at %s a class: train has %d of %s",
            *(count_of(enough[-1], "image"), min(counts), names[int(np.argmin(counts))]),
        )
    return enough


def run_probe(embeddings: Embeddings, data: TrainingData, shots: Sequence[int]) -> list[Probed]:
    """Fit regressions on training images only, and measure each on the other splits.

    Those of one seed are nested: its two images a class are its one and one more.

    Args:
        embeddings: Of all images.
        data: Their labels.
        shots: Images a class.

    References:
        Radford et al. 2021, section 3.2, figure 6.
    """
    found: list[Probed] = []
    for count, seed in itertools.product(shots, SEEDS):
        rows = draw_rows(data.splits["train"].labels, count, seed)
        found += _measure(embeddings, data, rows, count, seed)
    return found


def _measure(
    embeddings: Embeddings, data: TrainingData, rows: np.ndarray, count: int, seed: int
) -> Iterator[Probed]:
    """Yield what a regression on these training images is worth on each other split."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=C, max_iter=STEPS)
    with warnings.catch_warnings():  # it takes one image a class for a regression on numbers
        warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
        model.fit(embeddings["train"][rows], data.splits["train"].labels[rows])
    for split in [name for name in embeddings if name != "train"]:
        right = model.predict(embeddings[split]) == data.splits[split].labels
        accuracy = float(right.mean())
        yield Probed(shots=count, seed=seed, split=split, images=len(right), accuracy=accuracy)


def draw_rows(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return the rows of `count` images of each class; more of the same seed hold fewer."""
    random = np.random.default_rng(seed)
    orders = [random.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    return np.concatenate([order[:count] for order in orders])


def write_probe(rows: Sequence[Probed], file: Path) -> None:
    """Write probe.csv."""
    write_table(file, COLUMNS, ([getattr(row, name) for name in COLUMNS] for row in rows))


def summarize_probe(rows: Sequence[Probed], zero_shot: Predictions) -> dict[str, Any]:
    """Return the entry `probe` of metrics.json: mean, lowest and highest over the seeds."""
    split = choose_split({row.split for row in rows})
    part = zero_shot.select(split)
    means = []
    for shots in sorted({row.shots for row in rows}):
        values = [row.accuracy for row in rows if (row.shots, row.split) == (shots, split)]
        means.append(
            {
                "shots": shots,
                "seeds": len(values),
                "accuracy": float(np.mean(values)),
                "lowest": min(values),
                "highest": max(values),
            }
        )
    zero = float((part.prediction == part.truth).mean())
    return {"split": split, "images": len(part), "zero_shot_accuracy": zero, "shots": means}
