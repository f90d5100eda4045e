"""The training images that a run compares new ones with: at its end, or from its images later."""

import logging

import keras
import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.run_examples import inspect_again, list_examples, read_source
from keras_transfer.data.same_files.lost_examples import find_lost
from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.certainty.neighbour_files import (
    ADVICE,
    read_neighbours,
    write_neighbours,
    write_unusual,
)
from keras_transfer.evaluation.certainty.neighbours import (
    LEAST_REFERENCES,
    Neighbours,
    choose_references,
)
from keras_transfer.evaluation.inference import predict_splits
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.cuts import expose_pooled
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


def take_references(data: TrainingData, run: Run) -> tuple[TrainingData, list[str]]:
    """Return data whose training images are the references, and the splits that these are.

    Args:
        data: All splits.
        run: Its split.csv says whether images are as they were; others are left out.

    Returns:
        The same data and no split where too few references are left, and that is logged.
    """
    rows = choose_references(data.splits["train"].labels, data.seed)
    lost = [each.row for each in find_lost(data.with_rows("train", rows), run, ["train"])]
    left = np.delete(rows, lost)
    if len(left) < LEAST_REFERENCES:
        logger.info(
            "What is unlike the training examples cannot be told: that needs %d of them, not %d",
            *(LEAST_REFERENCES, len(left)),
        )
        return data, []
    return data.with_rows("train", left), ["train"]


def leave_neighbours(predictions: Predictions, run: Run) -> Predictions:
    """Write neighbours.npz and unusual.csv where there are references.

    Args:
        predictions: With features, of the references and other splits.
        run: The files are of it.

    Returns:
        The predictions without those of training images.
    """
    references = predictions.select("train")
    others = predictions.take(np.flatnonzero(predictions.splits != "train"))
    if not len(references):
        return others
    assert references.features is not None
    assert others.features is not None
    found = references.features, others.features
    if all(np.isfinite(each).all() for each in found):  # a diverged model tells nothing apart
        neighbours = Neighbours(references.features)
        write_neighbours(neighbours, run)
        write_unusual(others, neighbours.find_shares(others.features), run)
    return others


def find_neighbours(run: Run, config: TrainConfig, model: keras.Model) -> Neighbours:
    """Return the references of a finished run; a run of an earlier version gets its file now.

    Args:
        run: Finished.
        config: Its settings.
        model: Its model.keras.

    Raises:
        ConfigError: Its file is damaged, or there is none and too few training images are there.
    """
    found = read_neighbours(run)
    if found is None:
        found = _compute(run, config, model)
        try:
            write_neighbours(found, run)
        except OSError as error:
            logger.warning("%s is not kept: %s", run.neighbours_file, error.strerror)
    channels = expose_pooled(model).outputs[-1].shape[-1]
    if found.features.shape[1] != channels:
        raise ConfigError(
            f"{run.neighbours_file.name} must hold the {channels} features of its model. Received: "
            f"{found.features.shape[1]} in {run.neighbours_file}. {ADVICE}"
        )
    return found


def _compute(run: Run, config: TrainConfig, model: keras.Model) -> Neighbours:
    """Pass training images that are as they were through the model."""
    modality = choose_modality(config)
    try:
        listed = list_examples(run, read_source(config, modality))
    except ConfigError as error:
        raise _explain_missing(run, f"its data set {config.source} cannot be read") from error
    train = listed.take(np.flatnonzero(listed.splits == "train"))
    chosen = train.take(choose_references(train.labels, config.seed))
    findings, lost = inspect_again(chosen, run, modality)
    left = np.setdiff1d(np.arange(len(chosen.paths)), lost)
    if len(left) < LEAST_REFERENCES:
        raise _explain_missing(run, f"{len(left)} of them are as they were in {listed.root}")
    count = count_of(len(left), f"training {modality.noun}")
    logger.info("Computing the features of %s, which the run does not have yet", count)
    taken = modality.find_input(config, run.path)
    data = modality.hold_split(chosen.take(left), config, taken, findings.take(left), None)
    features = predict_splits(model, data, ["train"], with_features=True).features
    assert features is not None
    if not np.isfinite(features).all():
        raise ConfigError(
            f"`unusual` needs a model that makes numbers of examples. Received: {run.model_file}, "
            "which makes NaN. Train it anew: with a lower learning rate, if it diverged."
        )
    return Neighbours(features)


def _explain_missing(run: Run, received: str) -> ConfigError:
    file = run.neighbours_file
    return ConfigError(
        f"`unusual` needs {file.name} in the run or, to make it, {LEAST_REFERENCES} or more of its "
        f"training examples. Received: neither for {run.path}: {received}. Restore them, or "
        "train anew."
    )
