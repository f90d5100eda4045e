"""A review from its settings: read, inspect, compute features, judge every label by the others."""

import dataclasses

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.divided_examples import Inspected, inspect_examples, settle_unusable
from keras_transfer.data.examples import Examples
from keras_transfer.data.splits.row_groups import find_clusters
from keras_transfer.data.training_data import TrainingData
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.review.label_quality.out_of_fold import predict_out_of_fold
from keras_transfer.review.label_quality.suspects import LabelReview, rank_suspects
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow, require_backend
from keras_transfer.training.plan.backbone_input import find_input


def review_examples(config: TrainConfig, weights: Weights) -> tuple[LabelReview, TrainConfig]:
    """Judge the label of every image that can be read, of all splits together.

    Args:
        config: Names the data set, the backbone, and how images become squares.
        weights: Of the backbone.

    Returns:
        The images, and the settings with what was `auto` and the data decided.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    modality = choose_modality(config)
    require_backend()
    examples = modality.read_examples(config.source, config.data)
    _require_classes(examples)
    inspected = _take_usable(inspect_examples(examples, config, modality), config)
    examples, findings, near = inspected
    _require_classes(examples)
    import_tensorflow()  # what is wrong with the data set is told by now
    from keras_transfer.review.label_quality.frozen_features import find_features

    together = dataclasses.replace(examples, splits=np.full(len(examples.paths), "train"))
    taken = find_input(find_backbone(config.backbone), weights)
    data = modality.hold_splits(together, config, taken, findings)
    config = data.settle(config)
    features = find_features(data, _match_rows(data, examples), findings.sha256, config, weights)
    clusters = find_clusters(findings.sha256, examples.groups, near)
    classes = len(examples.class_names)
    probabilities = predict_out_of_fold(features, examples.labels, clusters, classes)
    return rank_suspects(examples, findings.sha256, near, probabilities), config


def _match_rows(data: TrainingData, examples: Examples) -> np.ndarray:
    """Return the row of the examples that each one of the data is: it may have its own order."""
    rows = {path: row for row, path in enumerate(examples.paths.tolist())}
    return np.array([rows[path] for path in data.splits["train"].paths.tolist()], np.int64)


def _take_usable(inspected: Inspected, config: TrainConfig) -> Inspected:
    """Return the images that can be read; the others are named, or refused."""
    settle_unusable(inspected, config)
    examples, findings, near = inspected
    rows = np.flatnonzero(findings.usable)
    moved = np.cumsum(findings.usable) - 1  # only usable images look equal
    return Inspected(examples.take(rows), findings.take(rows), moved[near])


def _require_classes(examples: Examples) -> None:
    """Refuse what has one class only: no label could be another."""
    present = [examples.class_names[label] for label in np.unique(examples.labels)]
    if len(present) < 2:
        said = f"only {present[0]!r}" if present else f"no {examples.noun} that can be read"
        raise ConfigError(
            f"`dataset` must hold {examples.noun}s of at least two classes, or no label could be "
            f"another. Received: {said} in {examples.root}. Add {examples.noun}s of another class."
        )
