"""What CLIP makes of each image of a data set, and which class that is closest to."""

import math
from collections.abc import Mapping

import keras
import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.divided_examples import (
    Division,
    inspect_examples,
    judge_examples,
    settle_unusable,
)
from keras_transfer.data.examples import Examples
from keras_transfer.data.modality import Modality
from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.inference import trace_forward
from keras_transfer.run.predictions_csv import Predictions, join_predictions
from keras_transfer.training.progress_display import showing_steps
from keras_transfer.zeroshot.clip_model import Clip
from keras_transfer.zeroshot.text_embeddings import normalise

LEAST = 3  # images of a class, for one in each of train, validation and test

Embeddings = Mapping[str, np.ndarray]  # split -> (n, channels) float32


def divide_measured(
    examples: Examples, config: TrainConfig, modality: Modality, learns: bool
) -> Division:
    """Inspect the images and divide them as a training does.

    Where nothing is learned, images that training would not divide are measured all the same: given
    splits stay as they are, and a set without them that has a class of one or two images is test.

    Args:
        examples: With the splits that the data set gives.
        config: Settings.
        modality: Of the examples.
        learns: Whether something is learned from train.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    inspected = inspect_examples(examples, config, modality)
    settle_unusable(inspected, config)
    usable, given = inspected.findings.usable, {*np.unique(examples.splits).tolist()}
    counts = np.bincount(examples.labels[usable], minlength=len(examples.class_names))
    whole = given == {""} and not config.data.split_file and counts.min() < LEAST
    several = len(examples.class_names) > 1
    if learns or not several or not (whole or not given & {"", "train"}):
        return judge_examples(inspected, config)
    splits = np.where(examples.splits == "", "test", examples.splits)
    return Division(*inspected, np.where(usable, splits, ""))


def embed_splits(tower: keras.Model, data: TrainingData, quiet: bool) -> Embeddings:
    """Return the embeddings of every image; no more of the images is held than some batches."""
    forward, found = trace_forward(tower), {}
    for name, split in data.splits.items():
        steps = math.ceil(len(split) / data.batch_size)
        batches = data.clean_batches(name)
        with showing_steps(batches, name, steps, data.batch_size, quiet) as shown:
            found[name] = np.concatenate([forward(images).numpy() for images, _ in shown])
    return found


def predict_classes(
    clip: Clip, embeddings: Embeddings, class_embeddings: np.ndarray, data: TrainingData
) -> Predictions:
    """Return the probabilities of every image: softmax of cosine similarities, scaled.

    Args:
        clip: Its logit scale.
        embeddings: Of the images.
        class_embeddings: (classes, channels), each of length 1.
        data: The images.

    Raises:
        ConfigError: An embedding has no direction.
    """
    parts = [
        Predictions(
            paths=data.splits[name].paths,
            splits=np.full(len(rows), name),
            truth=data.splits[name].labels,
            probabilities=compare(clip, rows, class_embeddings),
            class_names=data.class_names,
        )
        for name, rows in embeddings.items()
    ]
    return join_predictions(parts)


def compare(clip: Clip, images: np.ndarray, class_embeddings: np.ndarray) -> np.ndarray:
    """Return probabilities (n, classes) float64 of images, embeddings (n, channels)."""
    logits = clip.logit_scale * normalise(images, clip) @ class_embeddings.T
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
