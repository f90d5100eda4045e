"""Predictions of a model over splits: what train and evaluate both need."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.test_time_augmentation import average_views
from keras_transfer.models.cuts import expose_pooled
from keras_transfer.run.contents.prediction_columns import prediction_columns
from keras_transfer.run.predictions_csv import Predictions, join_predictions, prediction_rows
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_table


def predict_splits(
    model: keras.Model,
    data: TrainingData,
    names: Sequence[str],
    tta: int = 1,
    with_features: bool = False,
) -> Predictions:
    """Return the probabilities of a model for every image of some splits.

    Args:
        model: One softmax output (batch, classes).
        data: The images.
        names: Of `train`, `validation` and `test`.
        tta: Test-time augmentation: the mean over the unchanged example and `tta - 1` views of it.
        with_features: Return the pooled features, too; not with views.
    """
    batches = {name: iter(data.clean_batches(name)) for name in names}  # decoding begins now
    forward = trace_forward(expose_pooled(model) if with_features else model)
    several = (pass_split(forward, data, name, batches[name], tta, with_features) for name in names)
    return join_predictions([*several])


def pass_split(
    forward: Any,
    data: TrainingData,
    name: str,
    batches: Iterable[Any],
    tta: int = 1,
    with_features: bool = False,
) -> Predictions:
    """Return what a graph, as `trace_forward` returns it, says of every image of a split.

    Args:
        forward: Of the model, or of what `expose_pooled` makes of it.
        data: The images.
        name: Of the split.
        batches: As `data.clean_batches` returns them.
        tta: As `predict_splits` takes it.
        with_features: As there; `forward` returns them.
    """
    split = data.splits[name]
    views = data.view_batches(tta - 1, name) if tta > 1 else iter(())
    clean = (examples for examples, _ in batches)
    if with_features:
        answers, features = zip(*map(forward, clean), strict=True)
    else:
        answers, features = tuple(average_views(forward, clean, views, tta)), ()
    return Predictions(
        paths=split.paths,
        splits=np.full(len(split), name),
        truth=split.labels,
        probabilities=np.concatenate(answers).astype(np.float64),
        class_names=data.class_names,
        features=np.concatenate(features) if features else None,
    )


def trace_forward(model: keras.Model) -> Any:
    """Return a graph from images (batch, size, size, 3), float32, to probabilities, both tensors.

    Of a model with several outputs, such as `expose_pooled` returns, it gives a list of them.
    One graph serves batches of all sizes; `model.predict` takes a second longer to begin.
    """
    (taken,) = model.inputs  # a Sequential that was read from a file has no `input`
    images = tf.TensorSpec((None, *taken.shape[1:]), taken.dtype, name="images")

    def ask(images: tf.Tensor) -> Any:
        answers = keras.tree.flatten(model(images, training=False))  # one may have a name
        return answers if len(answers) > 1 else answers[0]

    forward = tf.function(ask, input_signature=[images], autograph=False)
    return forward.get_concrete_function()


def write_predictions(predictions: Predictions, run: Run) -> None:
    """Write predictions.csv."""
    columns = prediction_columns(predictions.class_names)
    write_table(run.predictions_file, columns, prediction_rows(predictions))
