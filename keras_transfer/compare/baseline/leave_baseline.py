"""Fit the baseline of a comparison, and leave of it what a comparison reads of a run."""

from typing import Any

import numpy as np

from keras_transfer.compare.columns import BASELINE
from keras_transfer.config.train_config import TrainConfig, WeightsWord
from keras_transfer.data.divided_examples import divide_examples
from keras_transfer.data.examples import Examples
from keras_transfer.data.modality import Baseline, BaselineAnswers
from keras_transfer.evaluation.metrics import score_splits
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.contents.prediction_columns import prediction_columns
from keras_transfer.run.contents.split_table import SPLIT_COLUMNS
from keras_transfer.run.predictions_csv import Predictions, prediction_rows
from keras_transfer.run.run_directory import Run
from keras_transfer.run.stopwatch import Stopwatch
from keras_transfer.system.files.atomic_files import write_json, write_table, write_text


def leave_baseline(config: TrainConfig) -> Run:
    """Fit the baseline of a kind of examples, and write its folder.

    It is no run that another command could go on with: it has neither model.keras nor config.yaml.

    Args:
        config: Of a training of the comparison, with its split.csv; where the folder shall be,
            which may be there from an earlier try.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    modality = choose_modality(config)
    baseline, stopwatch = modality.baseline, Stopwatch()
    assert baseline is not None
    run = Run(config.output / str(config.name))
    run.path.mkdir(exist_ok=True)
    division = divide_examples(config, modality)
    write_table(run.split_file, SPLIT_COLUMNS, division.rows())
    examples, _ = division.take_used()
    answers = baseline.answer(examples, config)
    predictions = _hold_predictions(examples, answers)
    columns = prediction_columns(examples.class_names)
    write_text(run.class_names_file, "".join(f"{name}\n" for name in examples.class_names))
    write_table(run.predictions_file, columns, prediction_rows(predictions))
    metrics = _describe(baseline, answers, predictions) | {"noun": modality.noun}
    write_json(run.metrics_file, metrics | {"seconds": stopwatch.count_seconds()})
    return run


def _hold_predictions(examples: Examples, answers: BaselineAnswers) -> Predictions:
    """Return what is said of validation and test, as predictions.csv of a run has it."""
    rows = np.flatnonzero(np.isin(examples.splits, ("validation", "test")))
    return Predictions(
        paths=examples.paths[rows],
        splits=examples.splits[rows],
        truth=examples.labels[rows],
        probabilities=answers.probabilities[rows],
        class_names=examples.class_names,
    )


def _describe(
    baseline: Baseline, answers: BaselineAnswers, predictions: Predictions
) -> dict[str, Any]:
    """Return the content of metrics.json but for the seconds."""
    return {
        "backbone": baseline.name,
        "strategy": BASELINE,
        "weights": str(WeightsWord.NONE),
        "weights_sha256": None,
        "kept_phase": BASELINE,
        "chosen": dict(answers.chosen),
        "parameters": {"total": answers.parameters, "trainable": answers.parameters},
        "phases": {},
        "splits": score_splits(predictions),
    }
