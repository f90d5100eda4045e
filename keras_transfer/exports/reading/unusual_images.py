"""A loaded model of a run that also says how unlike the training images an image is."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError


def find_own_run(model: str | Path) -> Run:
    """Return the run that a model is given as, or that it lies in.

    Raises:
        ConfigError: It is an export, or a file outside its run.
    """
    path = Path(model)
    if Run(path).config_file.is_file():
        return Run(path)
    run = Run(path.parent)
    if path.name == run.model_file.name and run.config_file.is_file():
        return run
    raise ConfigError(
        "`unusual` needs a run directory or the model.keras in it: an export carries probabilities "
        f"only. Received: {path}. Ask the run that it was exported from."
    )


def judge_unusual(artefact: Artefact) -> Artefact:
    """Return the model with `judge`: it says from the same pass how usual an image is.

    Args:
        artefact: The model.keras of a run.

    Raises:
        ConfigError: It is something else, or its run does not have the training images any more.
    """
    import tensorflow as tf

    from keras_transfer.evaluation.certainty.run_neighbours import find_neighbours
    from keras_transfer.evaluation.inference import trace_forward
    from keras_transfer.models.cuts import expose_pooled

    run = find_own_run(artefact.path)
    neighbours = find_neighbours(run, load_run_config(run), artefact.network)
    forward = trace_forward(expose_pooled(artefact.network))

    def judge(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        taken = artefact.encode(pixels) if artefact.encode else pixels.astype(np.float32)
        probabilities, features = forward(tf.constant(taken))
        return probabilities.numpy(), neighbours.find_shares(features.numpy())

    return dataclasses.replace(artefact, judge=judge)
