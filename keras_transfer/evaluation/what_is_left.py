"""Predictions of a run from what is left of its images, and from what was kept of them."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.same_files.lost_examples import Lost, explain_lost
from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.inference import predict_splits, trace_forward
from keras_transfer.models.cuts import POOLED, PROBABILITIES, Cut, take_part
from keras_transfer.run.predictions_csv import Predictions, join_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_json

logger = logging.getLogger(__name__)


class Kept(NamedTuple):
    """What the locked part of a network made of unchanged examples."""

    cut: Cut  # where
    # split -> returns those of all of its examples, which are computed if need be
    activations: dict[str, Callable[[], np.ndarray]]
    exact: bool  # whether they are in the number format of the model


def predict_left(
    model: keras.Model,
    data: TrainingData,
    names: Sequence[str],
    lost: Sequence[Lost],
    kept: Kept | None,
    with_features: bool = False,
) -> Predictions:
    """Return the probabilities for the examples of some splits, without those that are lost.

    Examples that are lost are predicted from what is kept of them; all of their split, where that
    is what the model itself would make of them.

    Args:
        model: One softmax output (batch, classes).
        data: The examples.
        names: Of the splits.
        lost: What cannot be read as it was.
        kept: Activations of splits, if there are any.
        with_features: Return the pooled features, too.

    Raises:
        ConfigError: Nothing is left of validation.
    """
    read: dict[str, np.ndarray] = {}  # split -> rows
    recalled: dict[str, np.ndarray] = {}
    whole = data
    for name in names:
        every = np.arange(len(data.splits[name]))
        gone = np.array([each.row for each in lost if each.split == name], np.int64)
        if kept and name in kept.activations:
            recalled[name] = gone = every if kept.exact else gone
        read[name] = np.setdiff1d(every, gone)
        if name == "validation" and not len(read[name]) and name not in recalled:
            raise explain_lost([each for each in lost if each.split == name], data.root)
        whole = whole.with_rows(name, read[name]) if len(gone) else whole
    parts = []
    if kept and any(map(len, recalled.values())):
        parts.append(_predict_kept(model, data, recalled, kept, with_features))
    if there := [name for name in names if len(read[name])]:  # at once: traced only once
        parts.append(predict_splits(model, whole, there, with_features=with_features))
    return _sort(join_predictions(parts), [data.splits[name].paths for name in names])


def tell_lost(
    lost: Sequence[Lost], data: TrainingData, kept: Kept | None, run: Run
) -> dict[str, int]:
    """Warn of examples that are lost, and name them in data_report.json.

    Returns:
        How many of each split were left out: an entry of metrics.json.
    """
    if not lost:
        return {}
    counts: dict[str, int] = {}
    for name in dict.fromkeys(each.split for each in lost):
        paths = [each.path for each in lost if each.split == name]
        saved = name == "validation" and kept is not None
        counts |= {} if saved else {name: len(paths)}
        logger.warning(
            "%d of %d %s examples are gone or changed since the run looked at them and %s: %s",
            *(len(paths), len(data.splits[name]), name),
            "predicted from what is kept of them" if saved else "left out",
            name_some(paths),
        )
    listed = [
        {"path": each.path, "split": each.split, "reason": "gone" if each.is_gone else "changed"}
        for each in lost
    ]
    write_json(run.data_report_file, run.data_report() | {"lost": listed})
    return counts


def _predict_kept(
    model: keras.Model,
    data: TrainingData,
    recalled: Mapping[str, np.ndarray],
    kept: Kept,
    with_features: bool,
) -> Predictions:
    """Return what the part of a model above a cut says of rows of some splits."""
    ends = [PROBABILITIES, POOLED] if with_features else [PROBABILITIES]
    part, parts = take_part(model, kept.cut, ends), []
    forward, size = trace_forward(part), data.batch_size
    for name, rows in recalled.items():
        if not len(rows):
            continue
        activations, split = kept.activations[name](), data.splits[name]
        batches = [activations[rows[start : start + size]] for start in range(0, len(rows), size)]
        answers = [forward(keras.ops.cast(batch, part.input.dtype)) for batch in batches]
        found = [*zip(*answers, strict=True)] if with_features else [answers]
        parts.append(
            Predictions(
                paths=split.paths[rows],
                splits=np.full(len(rows), name),
                truth=split.labels[rows],
                probabilities=np.concatenate(found[0]).astype(np.float64),
                class_names=data.class_names,
                features=np.concatenate(found[1]) if with_features else None,
            )
        )
    return join_predictions(parts)


def _sort(predictions: Predictions, paths: Sequence[np.ndarray]) -> Predictions:
    """Return predictions in the order of the paths of some splits."""
    place = {path: row for row, path in enumerate(np.concatenate(paths).tolist())}
    return predictions.take(np.argsort([place[path] for path in predictions.paths.tolist()]))
