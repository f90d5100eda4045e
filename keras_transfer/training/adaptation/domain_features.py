"""Pooled features of both domains, by which their gap is measured and drawn."""

from typing import NamedTuple

import keras
import numpy as np

from keras_transfer.config.split_names import TARGET
from keras_transfer.data.same_files.lost_examples import find_lost
from keras_transfer.data.training_data import TrainingData
from keras_transfer.models.cuts import expose_pooled
from keras_transfer.training.activations.activation_pass import trace_front
from keras_transfer.training.plan.training_parts import Training

SAMPLED = 500  # images a domain, at most: enough for a test, and for a map that can be looked at
HELD_OUT = ("validation", "test")  # images that were learned from lie closer to their class


class DomainFeatures(NamedTuple):
    """Pooled features of some images of each domain, and their classes."""

    source: np.ndarray  # (n, channels) float32, of images that nothing was learned from
    target: np.ndarray  # (m, channels)
    source_labels: np.ndarray  # (n,) int64
    target_labels: np.ndarray  # (m,) int64, UNKNOWN where there is none


def read_domain_features(
    source_model: keras.Model, target_model: keras.Model, training: Training
) -> DomainFeatures:
    """Return features of held-out source images, and of target images.

    Of the target these are the images that are measured, else those that are adapted to.

    Args:
        source_model: For the images of the source.
        target_model: For the images of the target.
        training: Has both.
    """
    data, target = training.data, training.target
    assert target is not None
    held = [name for name in HELD_OUT if name in data.splits]
    lost = find_lost(data, training.run, held)
    found = []
    for name in held:
        rows = np.arange(len(data.splits[name]))
        rows = np.setdiff1d(rows, [each.row for each in lost if each.split == name])
        share = SAMPLED * len(rows) // sum(len(data.splits[each]) for each in held) + 1
        found.append(_read(source_model, data, name, _spread(rows, share)))
    others = target.measured or target.data
    split = TARGET if target.measured else "train"
    rows = _spread(np.arange(len(others.splits[split])), SAMPLED)
    source, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
    features, target_labels = _read(target_model, others, split, rows)
    return DomainFeatures(source, features, labels, target_labels)


def _spread(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many rows, evenly spread: images are in the order of their classes."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(int)]


def _read(
    model: keras.Model, data: TrainingData, split: str, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if not len(rows):
        channels = expose_pooled(model).outputs[-1].shape[-1]
        return np.zeros((0, channels), np.float32), np.zeros(0, np.int64)
    part = data.with_rows(split, rows)
    run_batch = trace_front(expose_pooled(model), data)
    features = [run_batch(images)[-1] for images, _ in part.clean_batches(split)]
    return np.concatenate(features).astype(np.float32), part.splits[split].labels
