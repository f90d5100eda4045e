"""What CLIP makes of each image of a data set, and which class that is closest to."""

import logging
import math
from collections.abc import Mapping

import keras
import numpy as np

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.divided_examples import (
    Division,
    Inspected,
    inspect_examples,
    judge_examples,
    settle_unusable,
)
from keras_transfer.data.examples import Examples
from keras_transfer.data.modality import Modality
from keras_transfer.data.splits.split_file import read_pins, read_split_file
from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.inference import trace_forward
from keras_transfer.run.predictions_csv import Predictions, join_predictions
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.progress_display import showing_steps
from keras_transfer.zeroshot.clip_model import Clip
from keras_transfer.zeroshot.text_embeddings import normalise

LEAST = 3  # images of a class, for one in each of train, validation and test

logger = logging.getLogger(__name__)

Embeddings = Mapping[str, np.ndarray]  # split -> (n, channels) float32


def divide_measured(
    examples: Examples, config: TrainConfig, modality: Modality, learns: bool
) -> Division:
    """Inspect the images and divide them as a training does.

    Where nothing is learned, images that training would not divide are measured all the same, see
    `_settle_measured`.

    Args:
        examples: With the splits that the data set gives.
        config: Settings.
        modality: Of the examples.
        learns: Whether something is learned from train.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    file = config.data.split_file
    words = read_split_file(file)["split"] if file else []  # a wrong one is told before the work
    inspected = inspect_examples(examples, config, modality)
    settle_unusable(inspected, config)
    splits, rare = (None, []) if "train" in words else _settle_measured(inspected, config)
    if splits is None:
        return judge_examples(inspected, config)
    if learns:
        try:
            return judge_examples(inspected, config)
        except ConfigError as error:
            raise ConfigError(f"{error} Or leave --probe out: then all are measured.") from error
    if rare:
        logger.warning("Measured as a whole, as test: %s", name_some(rare))
    return Division(*inspected, splits)


def _settle_measured(
    inspected: Inspected, config: TrainConfig
) -> tuple[np.ndarray | None, list[str]]:
    """Return the splits of a set that has nothing to learn from, and its rare classes if it is one.

    Splits that are given, by the set or by `data.split_file`, stay as they are. A set without any
    that has a class of one or two images is test, unless `data.rare_classes` says what becomes of
    such classes. None: training has to judge.
    """
    examples, findings, _ = inspected
    contents = np.where(findings.usable, findings.sha256, "")
    pins = read_pins(examples, contents, config.data.split_file)
    splits = np.where(examples.splits == "", pins, examples.splits)
    used = {*splits[findings.usable].tolist()}
    counts = np.bincount(examples.labels[findings.usable], minlength=len(examples.class_names))
    if (counts > 0).sum() < 2 or "train" in used:
        return None, []
    rare = []
    if "" in used:
        found = zip(examples.class_names, counts.tolist(), strict=True)
        rare = [f"{name} has {count_of(n, 'image')}" for name, n in found if n < LEAST]
        refuses = config.data.rare_classes == "error"
        if not rare or not refuses or (examples.splits != "").any():
            return None, []
    splits = np.where(splits == "", "test", splits)
    return np.where(findings.usable, splits, ""), rare


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
