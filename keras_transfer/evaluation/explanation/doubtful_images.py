"""Which images of a run are worth a look: those it gets wrong, then the least certain ones."""

import logging
from typing import Any, NamedTuple

import numpy as np

from keras_transfer.config.lookup import lookup
from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.split_names import choose_split
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.modality import Modality
from keras_transfer.data.run_examples import inspect_again, list_examples, read_source
from keras_transfer.run.predictions_csv import Predictions, read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


class Doubtful(NamedTuple):
    """Images of a split of a run, the most doubtful first."""

    split: str
    files: list[str]
    truths: list[str]
    """Names of their classes."""
    sources: list[Any]
    """What `Modality.stream` reads: the files, or texts."""


def find_doubtful(
    run: Run, config: TrainConfig, modality: Modality, count: int, split: str | None = None
) -> Doubtful:
    """Return the images whose true class was given the lowest probability, the wrong ones first.

    Args:
        run: Its predictions.csv and split.csv are read.
        config: Its settings.
        modality: Of its examples.
        count: Of images, or fewer where there are fewer.
        split: validation or test. None: test if there is one, else validation.

    Raises:
        ConfigError: The run has no such images, or all of these are gone or changed.
    """
    found = read_run_predictions(run)
    if not len(found):
        raise ConfigError(
            f"A run must have {modality.noun}s of validation or test, of which the doubtful ones "
            f"are explained. Received: {run.path}, which has none. Name other {modality.noun}s."
        )
    there = dict.fromkeys(found.split_names)
    name = choose_split(there) if split is None else split
    lookup(there, "split", name)
    part = found.select(name)
    part = part.take(order_doubtful(part)[:count])
    listed = list_examples(run, read_source(config, modality))
    place = {path: row for row, path in enumerate(listed.paths.tolist())}
    rows = [place[path] for path in part.paths.tolist() if path in place]
    examples = listed.take(np.array(rows, np.int64))
    _, lost = inspect_again(examples, run, modality)
    left = examples.take(np.setdiff1d(np.arange(len(rows)), lost))
    if not len(left.paths):
        raise ConfigError(
            f"{modality.noun.capitalize()}s of the run must be those it was made from. Received: "
            f"{listed.root}, where those of {name} are gone or changed. Restore them, or name "
            "others."
        )
    if len(lost):
        named = name_some(examples.paths[lost].tolist())
        count_lost = count_of(len(lost), modality.noun)
        logger.warning("%s gone or changed and left out: %s", count_lost, named)
    files = [str(left.root / path) for path in left.paths]
    return Doubtful(
        split=name,
        files=files,
        truths=[left.class_names[label] for label in left.labels],
        sources=files if left.contents is None else [tuple(row) for row in left.contents],
    )


def order_doubtful(predictions: Predictions) -> np.ndarray:
    """Return the rows of images of one split, the wrong ones first, the worst of each first."""
    right = predictions.truth == predictions.prediction
    return np.lexsort((predictions.truth_probability, right))
