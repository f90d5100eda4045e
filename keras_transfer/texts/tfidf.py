"""TF-IDF with logistic regression: what a fine-tuned encoder has to beat, and often does not."""

import copy
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.modality import BaselineAnswers

WORDS = r"\w+|[^\w\s]"  # marks count as words: no text is without any
GRAMS = (1, 2)  # words in a row that are counted, at most
STRENGTHS = (0.1, 1.0, 10.0, 100.0)  # of C; validation chooses
MOST_FEATURES = 200_000  # the most frequent ones, so that memory and time have an end
STEPS, TOLERANCE = 200, 1e-3  # of the solver, at most: many texts take it minutes else


class Tfidf(NamedTuple):
    """A fitted model and what validation chose."""

    vectorizer: Any
    regression: Any
    classes: int
    grams: int
    strength: float  # C

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return int(self.regression.coef_.size + self.regression.intercept_.size)

    def predict(self, contents: np.ndarray) -> np.ndarray:
        """Return (n, classes) probabilities of texts (n, k)."""
        return _answer(self.regression, self.vectorizer.transform(_join(contents)), self.classes)


def fit_tfidf(
    train: tuple[np.ndarray, np.ndarray],
    validation: tuple[np.ndarray, np.ndarray],
    classes: int,
    balanced: bool = False,
) -> Tfidf:
    """Fit on training texts; one word or two in a row, and C, are chosen on validation.

    The highest accuracy on validation wins, among equals the highest likelihood.

    Args:
        train: Texts (n, k), the k of an example are joined, and labels (n,), two or more classes.
        validation: The same, at least one.
        classes: Number of classes.
        balanced: Whether each class weighs the same.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    best: tuple[tuple[float, float], Tfidf] | None = None
    for grams in GRAMS:
        vectorizer = TfidfVectorizer(
            token_pattern=WORDS,
            ngram_range=(1, grams),
            sublinear_tf=True,
            max_features=MOST_FEATURES,
            dtype=np.float32,
        )
        seen, unseen = vectorizer.fit_transform(_join(train[0])), _join(validation[0])
        held = vectorizer.transform(unseen)
        for regression in _fit_strengths(seen, train[1], balanced):
            found = _rate(_answer(regression, held, classes), validation[1])
            if best is None or found > best[0]:
                kept = copy.deepcopy(regression)
                best = found, Tfidf(vectorizer, kept, classes, grams, kept.C)
    assert best is not None
    return best[1]


def answer_tfidf(examples: Examples, config: TrainConfig) -> BaselineAnswers:
    """Return what TF-IDF with logistic regression says of all examples; see `fit_tfidf`.

    Args:
        examples: With their splits and texts.
        config: Its `data.class_weight` holds here, too.
    """
    assert examples.contents is not None
    rows = [np.flatnonzero(examples.splits == split) for split in ("train", "validation")]
    train, validation = ((examples.contents[row], examples.labels[row]) for row in rows)
    balanced = config.data.class_weight == "auto"
    model = fit_tfidf(train, validation, len(examples.class_names), balanced)
    chosen: Mapping[str, Any] = {"ngrams": model.grams, "C": model.strength}
    return BaselineAnswers(model.predict(examples.contents), model.parameters, chosen)


def _fit_strengths(features: Any, labels: np.ndarray, balanced: bool) -> Iterator[Any]:
    """Yield the regression of each strength, which goes on from the one before it."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weights = "balanced" if balanced else None
    regression = LogisticRegression(
        max_iter=STEPS, tol=TOLERANCE, class_weight=weights, warm_start=True
    )
    for strength in STRENGTHS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # validation judges it as it is
            yield regression.set_params(C=strength).fit(features, labels)


def _join(contents: np.ndarray) -> list[str]:
    return [" ".join(text or "" for text in row) for row in contents]


def _answer(regression: Any, features: Any, classes: int) -> np.ndarray:
    """Return (n, classes) probabilities; 0 for classes that training texts lack."""
    found = np.zeros((features.shape[0], classes))
    found[:, regression.classes_] = regression.predict_proba(features)
    return found


def _rate(probabilities: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Return accuracy and mean log-likelihood: higher is better."""
    given = probabilities[np.arange(len(truth)), truth]
    right = probabilities.argmax(axis=1) == truth
    return float(right.mean()), float(np.log(np.maximum(given, 1e-12)).mean())
