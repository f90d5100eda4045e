"""Predictions of a model over splits: what train and evaluate both need."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.test_time_augmentation import average_views
from keras_transfer.run.contents.prediction_columns import prediction_columns
from keras_transfer.run.predictions_csv import Predictions, join_predictions, prediction_rows
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_table


def predict_splits(
    model: keras.Model, data: TrainingData, names: Sequence[str], tta: int = 1
) -> Predictions:
    """Return the probabilities of a model for every image of some splits.

    Args:
        model: One softmax output (batch, classes).
        data: The images.
        names: Of `train`, `validation` and `test`.
        tta: Test-time augmentation: the mean over the unchanged example and `tta - 1` views of it.
    """
    batches = {name: iter(data.clean_batches(name)) for name in names}  # decoding begins now
    forward = trace_forward(model)
    found = []
    for name in names:
        split = data.splits[name]
        views = data.view_batches(tta - 1, name) if tta > 1 else iter(())
        clean = (examples for examples, _ in batches[name])
        probabilities = average_views(forward, clean, views, tta)
        found.append(
            Predictions(
                paths=split.paths,
                splits=np.full(len(split), name),
                truth=split.labels,
                probabilities=np.concatenate(probabilities).astype(np.float64),
                class_names=data.class_names,
            )
        )
    return join_predictions(found)


def trace_forward(model: keras.Model) -> Any:
    """Return a graph from images (batch, size, size, 3), float32, to probabilities, both tensors.

    One graph serves batches of all sizes; `model.predict` takes a second longer to begin.
    """
    (taken,) = model.inputs  # a Sequential that was read from a file has no `input`
    images = tf.TensorSpec((None, *taken.shape[1:]), taken.dtype, name="images")

    def ask(images: tf.Tensor) -> tf.Tensor:
        (answer,) = keras.tree.flatten(model(images, training=False))  # it may have a name
        return answer

    forward = tf.function(ask, input_signature=[images], autograph=False)
    return forward.get_concrete_function()


def write_predictions(predictions: Predictions, run: Run) -> None:
    """Write predictions.csv."""
    columns = prediction_columns(predictions.class_names)
    write_table(run.predictions_file, columns, prediction_rows(predictions))
