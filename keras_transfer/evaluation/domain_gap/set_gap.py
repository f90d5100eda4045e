"""The gap between two data sets: which of their images are seen, by which network."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig, WeightsWord
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.class_names import order_class_names, spell
from keras_transfer.data.sources.image_sets import ImageSet
from keras_transfer.evaluation.domain_gap.gap_measures import (
    MOST,
    DomainGap,
    draw_rows,
    measure_gap,
)
from keras_transfer.evaluation.domain_gap.pooled_features import (
    BATCH,
    FeatureNetwork,
    choose_weights,
    open_backbone,
    stream_features,
)
from keras_transfer.system.errors import ConfigError

BACKBONE = "mobilenetv3small"  # small, and its bundled weights are the same on every machine


@dataclass(frozen=True, kw_only=True)
class SetGap:
    """How far a data set is from another one."""

    against: str
    """The other one, as it was given."""
    network: str
    """What saw the images, in words."""
    gap: DomainGap
    """The numbers."""

    def as_json(self) -> dict[str, Any]:
        """Return all of it under its names."""
        return {"against": self.against, "network": self.network, **self.gap.as_json()}

    def describe(self) -> str:
        """Return it in one line of words."""
        return f"{self.gap.describe()}, against {self.against} as {self.network} sees them"


def measure_set_gap(
    source: ImageSet, target: ImageSet, data: DataConfig, modality: Modality
) -> SetGap:
    """Measure how far two data sets are apart, with weights that need no download.

    Args:
        source: One of them.
        target: The other one.
        data: How images become squares.
        modality: Of the images.

    Raises:
        ConfigError: One of them has no image that can be read.
    """
    config = TrainConfig(backbone=BACKBONE, weights=WeightsWord.BUNDLED, data=data)
    network = open_backbone(config, choose_weights(config))
    parts, names = [], []
    for seed, each in enumerate((source, target)):
        drawn = each.take(draw_rows(len(each), MOST, seed))
        features, usable = _see(network, drawn, modality)
        parts.append(features)
        names.append(drawn.name_classes()[usable])
    vectors, classes = np.concatenate(parts), np.concatenate(names)
    first = len(parts[0])
    rows = np.arange(first), np.arange(first, len(vectors))
    return SetGap(
        against=target.name, network=network.name, gap=gap_of_rows(vectors, classes, *rows)
    )


def _see(
    network: FeatureNetwork, found: ImageSet, modality: Modality
) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of the readable images of a set, and which these are."""
    from keras_transfer.training.progress_display import showing_steps

    steps = math.ceil(len(found) / BATCH)
    batches = stream_features(network, found.sources.tolist(), modality)
    with showing_steps(batches, "features", steps, BATCH, False) as shown:
        features, said = zip(*shown, strict=True)
    usable = np.array([not reason for reasons in said for reason in reasons])
    if not usable.any():
        raise ConfigError(
            f"A data set must hold an example that can be read. Received: {found.name}, which "
            "holds none. Name another one."
        )
    return np.concatenate(features)[usable], usable


def number_classes(classes: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Return names of classes in order, and (n,) the index of each row's, -1 where it is ""."""
    found, inverse = np.unique(classes.astype(str), return_inverse=True)
    spelled = [spell(name) for name in found.tolist()]
    names = order_class_names({*spelled} - {""})
    place = {name: index for index, name in enumerate(names)} | {"": -1}
    return names, np.array([place[name] for name in spelled], int)[inverse]


def gap_of_rows(
    vectors: np.ndarray, classes: np.ndarray, source: np.ndarray, target: np.ndarray
) -> DomainGap:
    """Return how far two parts of the same columns are apart.

    Neighbours are asked only where the source has images of every class of the target.

    Args:
        vectors: (n, channels) features.
        classes: (n,) names, "" where there is no label.
        source: Rows.
        target: Other rows.
    """
    source, target = (rows[draw_rows(len(rows), MOST, 0)] for rows in (source, target))
    _, labels = number_classes(classes)
    known = {*labels[source].tolist()}
    shared = -1 not in known and known >= {*labels[target].tolist()}
    return measure_gap(
        vectors[source],
        vectors[target],
        source_labels=labels[source] if shared else None,
        target_labels=labels[target] if shared else None,
    )
