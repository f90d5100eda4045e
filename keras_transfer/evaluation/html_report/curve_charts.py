"""The charts of a report that show numbers over numbers: curves of learning, and of trust."""

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.evaluation.certainty.answer_threshold import Answering, say_threshold
from keras_transfer.evaluation.figures.canvas import LEAST_RANGE
from keras_transfer.evaluation.html_report.charts import (
    Axis,
    Chart,
    Line,
    Mark,
    Point,
    build_chart,
)
from keras_transfer.evaluation.metrics import wilson_interval
from keras_transfer.run.history import History
from keras_transfer.run.predictions_csv import Predictions, fill_missing

BINS = 10  # of the reliability diagram: each has enough images to say something


def chart_history(history: History) -> list[Chart]:
    """Return accuracy and loss over the epochs of all phases, with the epoch that is kept."""
    return [_chart_quantity(history, quantity) for quantity in ("accuracy", "loss")]


def _chart_quantity(history: History, quantity: str) -> Chart:
    epochs = np.arange(1, len(history) + 1)
    train, held = getattr(history, quantity), getattr(history, f"val_{quantity}")
    row = history.best_row(history.kept_phase)
    words = f"kept: epoch {row + 1}, validation {quantity} {held[row]:.3f}"
    return build_chart(
        f"{quantity} over epochs; {words}",
        [Line("train", epochs, train, "train"), Line("validation", epochs, held, "validation")],
        Axis(name="epoch", low=0.5, high=len(history) + 0.5, whole=True),
        _find_axis(quantity, np.concatenate([train, held])),
        marks=[Mark(history.rows(phase)[0] + 0.5, phase) for phase in history.phases],
        points=[Point(row + 1, held[row], words)] if np.isfinite(held[row]) else [],
    )


def _find_axis(quantity: str, values: np.ndarray) -> Axis:
    finite = values[np.isfinite(values)]
    if quantity == "accuracy":
        low = float(finite.min()) if len(finite) else 0.0
        return Axis(name=quantity, low=max(0.0, min(low - 0.02, 1 - LEAST_RANGE)), high=1.0)
    most = float(finite.max()) if len(finite) else 1.0
    return Axis(name=quantity, low=0.0, high=1.05 * most or 1.0)


def chart_reliability(predictions: Predictions, noun: str = "image") -> Chart:
    """Return how often answers of about the same probability are right, with 95 % intervals.

    Args:
        predictions: Examples of one split.
        noun: What one of them is called.

    References:
        C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, figure 1.
    """
    confidence = fill_missing(predictions.probabilities).max(axis=1)
    right = predictions.prediction == predictions.truth
    places = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    points = []
    for place in np.unique(places):
        rows = places == place
        images, hits, said = int(rows.sum()), int(right[rows].sum()), confidence[rows].mean()
        words = f"{count_of(images, noun)}: said {said:.2f} on average, "
        words += f"{hits / images:.2f} of them right"
        radius = round(3 + 6 * (images / len(places)) ** 0.5, 1)  # by area: where most of them are
        points.append(Point(said, hits / images, words, *wilson_interval(hits, images), radius))
    return build_chart(
        "Share of right answers over the probability that they were given",
        [],
        Axis(name="probability of the prediction", low=0.0, high=1.0),
        Axis(name="share that is right", low=0.0, high=1.0),
        points=points,
        diagonal=True,
    )


def chart_answering(predictions: Predictions, chosen: Answering | None) -> Chart:
    """Return what comes of answering only from a probability on, for all probabilities.

    Args:
        predictions: Images of one split.
        chosen: The threshold to mark, which validation chose, if there is one.
    """
    confidence = fill_missing(predictions.probabilities).max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    right = (predictions.prediction == predictions.truth)[order]
    answered = np.arange(1, len(order) + 1)
    thresholds = confidence[order]
    accuracy, share = np.cumsum(right) / answered, answered / len(order)
    low = np.floor(10 * min(thresholds.min(initial=1.0), 0.9)) / 10
    names = f"from {say_threshold(chosen.threshold)} on" if chosen else ""
    return build_chart(
        "Accuracy of what is answered, and the share that is answered, over the threshold"
        + (f"; chosen on validation: {names}" if chosen else ""),
        [
            Line("accuracy of what is answered", thresholds, accuracy, "validation"),
            Line("share that is answered", thresholds, share, "train"),
        ],
        Axis(name="least probability that is answered", low=low, high=1.0),
        Axis(name="share", low=0.0, high=1.0),
        marks=[Mark(chosen.threshold, names)] if chosen and chosen.threshold > low else [],
    )
