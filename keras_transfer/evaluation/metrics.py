"""Every number that is made of predictions: accuracy and its interval, F1, calibration.

Counts and ratios are scikit-learn's, number by number; to load it for them took half a second.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from keras_transfer.run.predictions_csv import Predictions, fill_missing, soften


def wilson_interval(correct: float, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval that holds the true accuracy with probability `confidence`.

    Unlike the plain normal interval it stays inside [0, 1] and is honest on small splits.

    Args:
        correct: Images that were right, 0 … `total`; a mean over seeds need not be whole.
        total: Images in all; of none nothing is known, which is (0.0, 1.0).
        confidence: In (0, 1).

    Returns:
        Lower and upper end, in [0, 1].

    References:
        E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference",
        Journal of the American Statistical Association 22 (1927).
    """
    if not 0 <= correct <= total:
        raise ValueError(f"`correct` must be between 0 and {total}. Received: {correct}.")
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    share = correct / total
    scale = 1 + z**2 / total
    centre = (share + z**2 / (2 * total)) / scale
    half = z * (share * (1 - share) / total + z**2 / (4 * total**2)) ** 0.5 / scale
    low = 0.0 if correct == 0 else centre - half  # the ends are exact; rounding would miss them
    high = 1.0 if correct == total else centre + half
    return low, high


def f1_interval(
    right: int, support: int, predicted: int, confidence: float = 0.95
) -> tuple[float, float]:
    """Return the interval that holds the true F1 of a class with probability `confidence`.

    F1 = 2 J / (1 + J), where J is the share of `right` in the images that are of the class or are
    called so. That is a proportion, so Wilson's interval of it is carried over.

    Args:
        right: Images of the class that are called so.
        support: Images of the class.
        predicted: Images that are called so.
        confidence: In (0, 1).

    Returns:
        Lower and upper end, in [0, 1].

    References:
        K. F. Y. Lam, V. Gopal, J. Qian, "Confidence Intervals for the F1 Score: A Comparison of
        Four Methods", arXiv:2309.14621 (2023), the Wilson indirect method.
    """
    low, high = wilson_interval(right, support + predicted - right, confidence)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def expected_calibration_error(
    probabilities: np.ndarray, truth: np.ndarray, bins: int = 15
) -> float:
    """Return how far confidence and accuracy are apart, in [0, 1]; 0 is a calibrated model.

    Images are sorted into bins of equal width by confidence, the probability of the predicted
    class. The result is the mean gap |accuracy - confidence| of the bins, weighted by images.

    Args:
        probabilities: (n, classes) floats in [0, 1]; NaN counts as 0.
        truth: (n,) integers, index of the true class.
        bins: Number of bins ((m - 1) / bins, m / bins] over confidences in (0, 1].

    References:
        C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 2.
    """
    if len(truth) == 0:
        return 0.0
    probabilities = fill_missing(probabilities)
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    place = np.digitize(confidence, edges, right=True)  # 0 … bins - 1
    gap = np.bincount(place, weights=right - confidence, minlength=bins)  # images * (acc - conf)
    return float(np.abs(gap).sum() / len(truth))


def score_calibration(
    probabilities: np.ndarray, truth: np.ndarray, temperature: float
) -> dict[str, float]:
    """Return `temperature` and the expected calibration error `before` and `after` scaling by it.

    Args:
        probabilities: (n, classes), scaled already.
        truth: (n,) integers, index of the true class.
        temperature: 1 for a model that was not scaled.
    """
    former = soften(probabilities, 1 / temperature)
    return {
        "temperature": temperature,
        "before": expected_calibration_error(former, truth),
        "after": expected_calibration_error(probabilities, truth),
    }


def score(predictions: Predictions) -> dict[str, Any]:
    """Return the numbers of one split as metrics.json keeps them under `splits`.

    Macro F1 is scikit-learn's over the classes that occur in the truth of these images, with
    `zero_division=0`: a class that was never predicted counts as 0, and a class without any image
    is left out (its wrong predictions still lower the recall of the classes that lost them).

    Returns:
        `images`, `accuracy`, `accuracy_interval` [low, high] of 95 %, `macro_f1`,
        `expected_calibration_error` and, with more than five classes, `top5_accuracy`; it says
        little with ten or fewer, so reports leave it out there, see `says_top5`. Plain
        numbers, never NaN; of no images every score is 0 and the interval [0, 1].
    """
    truth, prediction = predictions.truth, predictions.prediction
    images, right = len(predictions), int((truth == prediction).sum())
    scores: dict[str, Any] = {
        "images": images,
        "accuracy": right / max(images, 1),
        "accuracy_interval": list(wilson_interval(right, images)),
        "macro_f1": _score_macro_f1(predictions),
        "expected_calibration_error": expected_calibration_error(predictions.probabilities, truth),
    }
    if len(predictions.class_names) > 5:
        scores["top5_accuracy"] = _score_top5(predictions)
    return scores


def says_top5(class_names: Sequence[str]) -> bool:
    """Tell whether there are so many classes that top-5 accuracy belongs in a report."""
    return len(class_names) > 10


def score_splits(predictions: Predictions) -> dict[str, dict[str, Any]]:
    """Return `score` of every split that has images: the entry `splits` of metrics.json."""
    return {name: score(predictions.select(name)) for name in predictions.split_names}


def classification_rows(predictions: Predictions) -> list[tuple[str, float, float, float, int]]:
    """Return (class name, precision, recall, F1, support) per class, in index order.

    A ratio without images below its line is 0; support is the number of images of the class.
    """
    names, counts = predictions.class_names, count_confusions(predictions)
    right, predicted, support = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    ratios = right / np.maximum(predicted, 1), right / np.maximum(support, 1)
    table = *ratios, 2 * right / np.maximum(predicted + support, 1), support
    return [
        (name, *values) for name, *values in zip(names, *(c.tolist() for c in table), strict=True)
    ]


def count_confusions(predictions: Predictions) -> np.ndarray:
    """Return (classes, classes) integers: images of a true class (row) by prediction (column)."""
    classes = len(predictions.class_names)
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (predictions.truth, predictions.prediction), 1)
    return counts


def _score_macro_f1(predictions: Predictions) -> float:
    found = [f1 for _, _, _, f1, support in classification_rows(predictions) if support]
    return float(np.mean(found)) if found else 0.0


def _score_top5(predictions: Predictions) -> float:
    if len(predictions) == 0:
        return 0.0
    order = np.argsort(fill_missing(predictions.probabilities), axis=1, kind="stable")
    return float(np.mean(np.any(order[:, -5:] == predictions.truth[:, None], axis=1)))
