"""What kept activations depend on, as one text: where it differs they are not used again."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_transfer.config.help.versions import find_version
from keras_transfer.data.training_data import TrainingData
from keras_transfer.models.low_rank import MATRICES
from keras_transfer.run.run_directory import Run
from keras_transfer.training.cache.cache_store import FORMAT
from keras_transfer.training.plan.training_parts import Training

# They decode, resize and compute; another version may do it otherwise.
PACKAGES = ("keras", "tensorflow", "numpy", "pillow", "keras_transfer")


def compute_key(front: keras.Model, training: Training) -> str:
    """Return a digest of everything that the activations of a training depend on.

    The weights are those of the network at hand, wherever they came from, and the examples are
    named by their content in the order of split.csv, which the run has written by now.

    Args:
        front: From raw examples to the activations.
        training: What is kept, of which data, in which number format.
    """
    plan, config = training.cache, training.config
    weights = hashlib.sha256()
    for variable in front.weights:
        if variable.name in MATRICES:
            continue  # they are random, and add nothing while activations are computed
        value = np.asarray(variable)
        weights.update(f"{variable.path} {value.shape} {value.dtype}".encode())
        weights.update(value.tobytes())
    parts = {
        "format": FORMAT,
        "packages": {name: find_version(name) for name in PACKAGES},
        "backbone": [config.backbone, training.row.network_sha256, config.preprocess],
        "weights": weights.hexdigest(),
        "precision": config.precision,
        "arrays": plan.layout,
        "cuts": sorted({cut.to_number(training.depth) for cut in plan.cuts.values()}),
        "images": _list_images(training.run),
        **training.data.content_facts(),
        **training.data.view_facts(),
        **_list_target(training),
    }
    return _digest(parts)


def compute_decoded_key(split: str, data: TrainingData, run: Run) -> str:
    """Return a digest of everything that the decoded images of a split depend on."""
    parts = {
        "format": FORMAT,
        "packages": {name: find_version(name) for name in PACKAGES},
        "split": split,
        "images": _list_images(run),
        **data.content_facts(),
    }
    return _digest(parts)


def _list_target(training: Training) -> dict[str, list[str]]:
    """Return the images of the other domain, where activations of them are kept."""
    kept = any(name.startswith("target_") for name in training.cache.layout)
    return {"target": training.target.sha256.tolist()} if training.target and kept else {}


def _list_images(run: Run) -> list[str]:
    table = run.split_table()
    return [f"{h} {s}" for h, s in zip(table["sha256"], table["split"], strict=True)]


def _digest(parts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
