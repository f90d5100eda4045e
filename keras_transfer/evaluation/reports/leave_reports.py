"""What a training leaves at its end, of which the last file marks the run as finished."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_transfer.config.messages import say_fault
from keras_transfer.data.same_files.lost_examples import find_lost
from keras_transfer.data.training_data import TrainingData
from keras_transfer.evaluation.class_scores import write_class_tables
from keras_transfer.evaluation.explanation.word_occlusion import trace_texts
from keras_transfer.evaluation.figures import draw_figures
from keras_transfer.evaluation.html_report import write_report
from keras_transfer.evaluation.reports.model_card import write_model_card
from keras_transfer.evaluation.reports.summary import measure_run
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.history import History
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.terminal.visible_text import quote_word

logger = logging.getLogger(__name__)


def leave_reports(
    run: Run,
    data: TrainingData,
    facts: Mapping[str, Any],
    model: keras.Model,
    history: History,
    temperature: float | None,
) -> None:
    """Write tables, figures, report.html, model_card.md and, at last, metrics.json.

    Args:
        run: Its predictions.csv and model.keras are there.
        data: What it was trained on.
        facts: Entries of metrics.json that are known.
        model: As model.keras has it.
        history: Its epochs.
        temperature: By which the model was scaled; None: it was not.
    """
    config = load_run_config(run)
    modality = choose_modality(config)
    lost = {data.root / each.path for each in find_lost(data, run)}

    def draw(file: Path, side: int) -> np.ndarray | tuple[str, ...] | None:
        return None if file in lost else modality.draw_example(file, side, config)

    write_class_tables(read_run_predictions(run), run.path)
    draw_figures.draw_figures(run, history, data.root, draw, modality.noun)
    run.stopwatch.lap("figures")
    metrics = {**facts, **measure_run(run, history, temperature)}
    metrics["seconds"] = run.stopwatch.count_seconds()
    if config.report == "auto":
        ask = trace_texts(lambda: model, modality, config, run.path)
        _write_page(run, metrics, write_report.Pictures(data.root, draw, lambda: model, ask))
        run.stopwatch.lap("report")
        metrics["seconds"] = run.stopwatch.count_seconds()
    write_model_card(run, metrics)
    run.finish(metrics)


def _write_page(run: Run, metrics: Mapping[str, Any], pictures: write_report.Pictures) -> None:
    """Write report.html, or say why not: the training that it shows must not be lost by it."""
    try:
        write_report.write_report(run, metrics, pictures)
    except Exception as error:
        run.report_file.unlink(missing_ok=True)  # it would be of an earlier state
        logger.warning(
            "report.html could not be made (%s). Make it by python -m keras_transfer.report %s",
            *(say_fault(error), quote_word(run.path)),
        )
