"""Numbers of a model that each domain has its own of: statistics of features, or of BatchNorm."""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from keras_transfer.data.same_files.lost_examples import find_lost
from keras_transfer.data.training_data import TrainingData
from keras_transfer.models.channel_alignment import align_channels
from keras_transfer.models.cuts import IMAGES, POOLED, Cut, find_cut, take_part
from keras_transfer.training.activations.activation_pass import trace_front
from keras_transfer.training.adaptation.domain_part import list_batch_norm
from keras_transfer.training.adaptation.methods import find_adaptation
from keras_transfer.training.plan.training_parts import Training
from keras_transfer.training.start.batch_norm_statistics import estimate_statistics

MEASURED = 1024  # images; a mean of them is within 1/32 of a standard deviation of the true one


def settle_source(model: keras.Model, training: Training) -> bool:
    """Give BatchNorm of a trained model the statistics of the source's images as they are.

    Where statistics followed the batches, they are those of the last ones, and of changed views.

    Returns:
        Whether anything was changed.
    """
    follows = training.config.finetune.batch_norm == "adapt"
    if find_adaptation(training.config).statistics != "batch_norm" or not follows:
        return False
    _estimate(model, training.data, _find_lost(training))
    return True


def adapt_statistics(model: keras.Model, training: Training, kept_phase: str) -> keras.Model:
    """Return a model with the target's statistics; its layers may be those of `model`.

    Args:
        model: With the statistics of the source, float32.
        training: Has the images of both domains.
        kept_phase: Whose weights the model has: features are aligned where its locked part ends.
    """
    assert training.target is not None
    target = training.target.data
    if find_adaptation(training.config).statistics == "batch_norm":
        _estimate(model, target)
        return model
    first = next(p.first_learning for p in training.phases if p.name == kept_phase)
    cut = find_cut(training.backbone, first) or POOLED
    domain = _measure_channels(model, cut, target)
    wanted = _measure_channels(model, cut, training.data, _find_lost(training))
    return align_channels(model, cut, domain, wanted)


def _find_lost(training: Training) -> list[int]:
    """Return the training images that cannot be read any more as they were."""
    return [each.row for each in find_lost(training.data, training.run, ["train"])]


def _estimate(model: keras.Model, data: TrainingData, lost: Sequence[int] = ()) -> None:
    estimate_statistics(model, _mix(data, lost), list_batch_norm(model))


def _mix(data: TrainingData, lost: Sequence[int]) -> Iterator[Any]:
    """Yield batches of unchanged training images, of which each has images of many classes."""
    rows = np.random.default_rng(data.seed).permutation(len(data.splits["train"]))
    rows = rows[~np.isin(rows, lost)][:MEASURED]
    yield from data.with_rows("train", rows).clean_batches("train")


def _measure_channels(
    model: keras.Model, cut: Cut, data: TrainingData, lost: Sequence[int] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each channel at a cut, (channels,) float32."""
    run_batch = trace_front(take_part(model, IMAGES, [cut]), data)
    count, total, squares = 0, 0.0, 0.0
    for images, _ in _mix(data, lost):
        (values,) = run_batch(images)
        rows = values.reshape(-1, values.shape[-1]).astype(np.float64)
        count, total, squares = count + len(rows), total + rows.sum(0), squares + (rows**2).sum(0)
    mean = np.asarray(total / count)
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return mean.astype(np.float32), deviation.astype(np.float32)
