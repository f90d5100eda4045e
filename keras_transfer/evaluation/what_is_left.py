"""Predictions of a run from what is left of its images, and from what was kept of them."""

import logging
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.same_files.lost_examples import Lost, explain_lost
from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.inference import predict_splits, trace_forward
from keras_transfer.models.cuts import PROBABILITIES, Cut, take_part
from keras_transfer.run.predictions_csv import Predictions, join_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_json

logger = logging.getLogger(__name__)

Kept = tuple[Cut, np.ndarray] | None  # where activations of validation were kept, and these


def predict_left(
    model: keras.Model,
    data: TrainingData,
    names: Sequence[str],
    lost: Sequence[Lost],
    kept: Kept,
    exact: bool = False,
) -> Predictions:
    """Return the probabilities for the examples of some splits, without those that are lost.

    Validation examples that are lost are predicted from what the locked part of the network made of
    them; all of them, where that is what the model itself would make of them.

    Args:
        model: One softmax output (batch, classes).
        data: The examples.
        names: Of validation and test.
        lost: What cannot be read as it was.
        kept: Activations of the validation examples, if there are any.
        exact: Whether they are in the number format of the model.

    Raises:
        ConfigError: Nothing is left of validation.
    """
    parts = []
    for name in names:
        rows = [each.row for each in lost if each.split == name]
        if name == "validation" and kept and exact:
            rows = [*range(len(data.splits[name]))]
        left = np.setdiff1d(np.arange(len(data.splits[name])), rows)
        whole = data.with_rows(name, left) if rows else data
        found = [predict_splits(model, whole, [name])] if len(left) else []
        if rows and name == "validation" and kept:
            found.append(_predict_kept(model, data, rows, *kept))
            parts.append(_sort(join_predictions(found), data.splits[name].paths))
        elif found:
            parts += found
        elif name == "validation":
            raise explain_lost([each for each in lost if each.split == name], data.root)
    return join_predictions(parts)


def tell_lost(lost: Sequence[Lost], data: TrainingData, kept: Kept, run: Run) -> dict[str, int]:
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
            "%d of %d %s images are gone or changed since the run looked at them and %s: %s",
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
    model: keras.Model, data: TrainingData, rows: Sequence[int], cut: Cut, activations: np.ndarray
) -> Predictions:
    """Return what the part of a model above a cut says of validation examples."""
    part, split = take_part(model, cut, [PROBABILITIES]), data.splits["validation"]
    forward, size = trace_forward(part), data.batch_size
    batches = [activations[rows[start : start + size]] for start in range(0, len(rows), size)]
    found = [_call(forward, batch, part.input.dtype) for batch in batches]
    return Predictions(
        paths=split.paths[rows],
        splits=np.full(len(rows), "validation"),
        truth=split.labels[rows],
        probabilities=np.concatenate(found).astype(np.float64),
        class_names=data.class_names,
    )


def _call(forward: Any, batch: np.ndarray, dtype: str) -> np.ndarray:
    return np.asarray(forward(keras.ops.cast(batch, dtype)))


def _sort(predictions: Predictions, paths: np.ndarray) -> Predictions:
    """Return predictions of one split in the order of these paths."""
    place = {path: row for row, path in enumerate(paths.tolist())}
    return predictions.take(np.argsort([place[path] for path in predictions.paths.tolist()]))
