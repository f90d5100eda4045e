"""Predictions of a model over a split: what train and evaluate both need."""

from typing import Any

import keras
import numpy as np

from keras_transfer.data.pipeline import ImageData
from keras_transfer.predictions import (
    Predictions,
    join_predictions,
    prediction_columns,
    prediction_rows,
)
from keras_transfer.run import Run


def predict_split(model: keras.Model, data: ImageData, name: str) -> Predictions:
    """Return the probabilities of a model for every unchanged image of a split.

    Args:
        model: One softmax output (batch, classes).
        data: The images.
        name: `train`, `validation` or `test`.
    """
    split = data.splits[name]
    probabilities: Any = model.predict(data.clean_batches(name), verbose=0)
    return Predictions(
        paths=split.paths,
        splits=np.full(len(split), name),
        truth=split.labels,
        probabilities=np.asarray(probabilities, np.float64),
        class_names=data.class_names,
    )


def write_predictions(model: keras.Model, data: ImageData, run: Run) -> None:
    """Write predictions.csv: every image of validation and, where there is one, test."""
    names = [name for name in ("validation", "test") if name in data.splits]
    found = join_predictions([predict_split(model, data, name) for name in names])
    columns = prediction_columns(data.class_names)
    run.write_table(run.predictions_file, columns, prediction_rows(found))
