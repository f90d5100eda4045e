"""What a training leaves of another domain: its model, its predictions, the gap and its map."""

import logging
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from keras_transfer.config.split_names import TARGET
from keras_transfer.evaluation.domain_gap.domain_map import MapPanel, draw_domain_map
from keras_transfer.evaluation.domain_gap.gap_measures import DomainGap, measure_gap
from keras_transfer.evaluation.inference import predict_splits
from keras_transfer.evaluation.metrics import score
from keras_transfer.models.model_file import write_model
from keras_transfer.models.run_model import load_run_model
from keras_transfer.run.contents.prediction_columns import prediction_columns
from keras_transfer.run.predictions_csv import prediction_rows
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing, write_table
from keras_transfer.training.adaptation.domain_features import (
    DomainFeatures,
    read_domain_features,
)
from keras_transfer.training.adaptation.methods import find_adaptation, find_strength
from keras_transfer.training.adaptation.target_statistics import adapt_statistics
from keras_transfer.training.plan.training_parts import Training
from keras_transfer.training.run_phases import Outcome

logger = logging.getLogger(__name__)

DOMAINS = ("source", "target")


def leave_target(
    model: keras.Model, training: Training, outcome: Outcome, notes: Mapping[str, Any]
) -> dict[str, Any]:
    """Leave model.keras for the target, target_predictions.csv and figures/domains.png.

    Args:
        model: For images of the source, as the run's files have it.
        training: Has the images of both domains.
        outcome: Features by the first weights, and which phase was kept.
        notes: For model.keras.

    Returns:
        The entry `adapt` of metrics.json.
    """
    run, config, target = training.run, training.config, training.target
    assert target is not None
    assert outcome.begun is not None
    target.require_unchanged()
    adapted = model
    if find_adaptation(config).statistics != "none":
        own = load_run_model(run, config, own=True)  # a graph of its own, that may be changed
        kept = outcome.history.kept_phase
        write_model(adapt_statistics(own, training, kept), run.model_file, notes)
        adapted = load_run_model(run, config)
    learned = find_adaptation(config).domain_loss != "none"
    measured = {
        "method": config.adapt.method,
        **({"strength": find_strength(config)} if learned else {}),
        "images": len(target),
        **_measure_accuracy(model, adapted, training),
    }
    ended = read_domain_features(model, adapted, training)
    for name, features in {"before": outcome.begun, "after": ended}.items():
        if gap := _measure_gap(features, config.seed):
            measured[name] = gap.as_json()
    if "after" in measured:
        _draw(outcome.begun, ended, training)
    return measured


def _measure_accuracy(
    model: keras.Model, adapted: keras.Model, training: Training
) -> dict[str, Any]:
    """Write what is said of the labelled target images; return what came of adapting statistics."""
    target, run = training.target, training.run
    if target is None or target.measured is None:
        return {}
    predictions = predict_splits(adapted, target.measured, [TARGET])
    columns = prediction_columns(predictions.class_names)
    write_table(run.target_predictions_file, columns, prediction_rows(predictions))
    if adapted is model:
        return {}
    plain = score(predict_splits(model, target.measured, [TARGET]))["accuracy"]
    return {"unadapted_accuracy": plain}


def _measure_gap(features: DomainFeatures, seed: int) -> DomainGap | None:
    """Return the gap; None where a network that diverged makes no numbers."""
    labels: dict[str, np.ndarray] = {}
    if {*features.target_labels.tolist()} <= {*features.source_labels.tolist()}:
        labels = {"source_labels": features.source_labels, "target_labels": features.target_labels}
    try:
        return measure_gap(features.source, features.target, **labels, seed=seed)
    except ConfigError as error:
        logger.warning("The domain gap is not measured: %s", error)
        return None


def _draw(begun: DomainFeatures, ended: DomainFeatures, training: Training) -> None:
    """Draw figures/domains.png: the images of both domains before and after."""
    run, method = training.run, training.config.adapt.method
    panels = [
        MapPanel(
            title=title,
            features=np.concatenate([each.source, each.target]),
            domains=np.repeat([0, 1], [len(each.source), len(each.target)]),
            labels=np.concatenate([each.source_labels, each.target_labels]),
        )
        for title, each in (("first weights", begun), (f"trained, {method}", ended))
    ]
    run.figures.mkdir(exist_ok=True)
    title, seed = f"{run.path.name}: two domains", training.config.seed
    with replacing(run.figures / "domains.png") as file:
        draw_domain_map(panels, DOMAINS, training.data.class_names, file, title, seed)
