"""What a network says of images: predictions with and without a truth, and features."""

from collections import Counter
from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of, say_interval
from keras_transfer.embed import embedding
from keras_transfer.evaluation import predict_output
from keras_transfer.evaluation.predict_output import UNUSUAL, UNUSUAL_SHARES
from keras_transfer.python_api.data_frames import make_frame
from keras_transfer.python_api.notebook_html import draw_html_table, draw_line, join_html
from keras_transfer.run import predictions_csv
from keras_transfer.run.contents.prediction_columns import prediction_columns
from keras_transfer.run.predictions_csv import fill_missing
from keras_transfer.system.terminal.visible_text import show_name

CLASS_COLUMNS = ("class", "precision", "recall", "F1", "support")


class Predictions:
    """What a model said about n labelled images, in columns of equal length.

    Args:
        indexed: The same with classes by index, as the program counts them.
    """

    def __init__(self, indexed: predictions_csv.Predictions) -> None:
        self._indexed = indexed

    def __len__(self) -> int:
        return len(self._indexed)

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in index order."""
        return self._indexed.class_names

    @property
    def paths(self) -> np.ndarray:
        """(n,) text, relative to the data set, with "/"."""
        return self._indexed.paths

    @property
    def splits(self) -> np.ndarray:
        """(n,) text: train, validation or test."""
        return self._indexed.splits

    @property
    def probabilities(self) -> np.ndarray:
        """(n, classes) floats in [0, 1], in the order of `class_names`."""
        return self._indexed.probabilities

    @property
    def truth_index(self) -> np.ndarray:
        """(n,) integers: index of the true class in `class_names`."""
        return self._indexed.truth

    @property
    def prediction_index(self) -> np.ndarray:
        """(n,) integers: index of the most probable class, the first among equals."""
        return self._indexed.prediction

    @property
    def truth(self) -> np.ndarray:
        """(n,) of str objects: name of the true class."""
        return np.array(self.class_names, object)[self.truth_index]

    @property
    def prediction(self) -> np.ndarray:
        """(n,) of str objects: name of the most probable class."""
        return np.array(self.class_names, object)[self.prediction_index]

    @property
    def probability(self) -> np.ndarray:
        """(n,) floats in [0, 1]: probability of that class."""
        return np.asarray(fill_missing(self.probabilities).max(axis=1))

    def accuracy(self) -> float:
        """Return the share of images that are right, in [0, 1]; 0 of no images."""
        return float(self.scores()["accuracy"])

    def scores(self) -> dict[str, Any]:
        """Return all numbers of these images, as metrics.json has them for a split."""
        from keras_transfer.evaluation.metrics import score

        return score(self._indexed)

    def confusion_matrix(self) -> np.ndarray:
        """Return (classes, classes) integers: images of a true class (row) by prediction (column).

        Rows and columns are in the order of `class_names`.
        """
        from keras_transfer.evaluation.metrics import count_confusions

        return count_confusions(self._indexed)

    def per_class(self) -> Any:
        """Return a row a class: class, precision, recall, F1, support (its images)."""
        from keras_transfer.evaluation.metrics import classification_rows

        columns = zip(*classification_rows(self._indexed), strict=True)
        return make_frame(dict(zip(CLASS_COLUMNS, columns, strict=True)))

    def wrong(self) -> "Predictions":
        """Return the images that are wrong, the lowest probability of the truth first."""
        rows = np.flatnonzero(self.truth_index != self.prediction_index)
        order = np.argsort(self._indexed.truth_probability[rows], kind="stable")
        return Predictions(self._indexed.take(rows[order]))

    def select(self, split: str) -> "Predictions":
        """Return the images of one split, in the same order; none where the split is empty."""
        return Predictions(self._indexed.select(split))

    def to_frame(self) -> Any:
        """Return a row an image, with the columns of predictions.csv.

        They are path, split, truth, prediction and `probability_CLASS` for each class.
        """
        columns = self.paths, self.splits, self.truth, self.prediction, *self.probabilities.T
        return make_frame(dict(zip(prediction_columns(self.class_names), columns, strict=True)))

    def _say(self) -> tuple[str, str]:
        """Return how many images there are, and how many of them are right."""
        splits, scores = " and ".join(self._indexed.split_names), self.scores()
        images = (
            f"{count_of(len(self), f'{splits} {self._indexed.noun}'.strip())}, "
            f"{len(self.class_names)} classes"
        )
        if len(self) and not scores["accuracy"]:  # those of `wrong`, which say nothing of a model
            return images, "all of them wrong"
        interval = say_interval(scores["accuracy_interval"])
        return images, f"accuracy {scores['accuracy']:.3f} (95 % interval {interval})"

    def __repr__(self) -> str:
        return "Predictions of {}\n{}".format(*self._say())

    def _repr_html_(self) -> str:
        images, accuracy = self._say()
        return join_html(draw_line(accuracy, bold=True), draw_line(images), self._draw_rows())

    def _draw_rows(self) -> str:
        """Return a table of the classes, or of the images where none is right."""
        from keras_transfer.evaluation.metrics import classification_rows

        if (self.truth_index == self.prediction_index).any():
            return draw_html_table(CLASS_COLUMNS, classification_rows(self._indexed))
        columns = self.paths, self.truth, self.prediction, self.probability.tolist()
        rows = [*zip(*columns, strict=True)]
        return draw_html_table(("path", "truth", "prediction", "probability"), rows) if rows else ""


class ImagePredictions(predict_output.ImagePredictions):
    """What a model said about n images without a truth, in columns of equal length."""

    @property
    def prediction_index(self) -> np.ndarray:
        """(n,) integers: index of the most probable class; -1 where the file is unusable."""
        best = fill_missing(self.probabilities).argmax(axis=1)
        return np.where(self.reasons == "", best, -1)

    def to_frame(self) -> Any:
        """Return a row an image: path, prediction, probability, error, `probability_CLASS` ….

        Where it was asked for, `unusual` and `unusual_share` stand before the error.
        """
        columns = {
            "path": self.names,
            "prediction": self.prediction,
            "probability": self.probability,
            **({} if self.unusual_share is None else self._list_unusual()),
            "error": self.reasons,
        }
        names = (f"probability_{name}" for name in self.class_names)
        return make_frame(columns | dict(zip(names, self.probabilities.T, strict=True)))

    def _list_unusual(self) -> dict[str, Any]:
        return {UNUSUAL: self.unusual, UNUSUAL_SHARES: self.unusual_share}

    def __repr__(self) -> str:
        found = Counter(name for name in self.prediction.tolist() if name)
        parts = [f"{show_name(name)}: {many:,}" for name, many in found.most_common(5)]
        parts += [f"{len(found) - 5:,} more classes"] if len(found) > 5 else []
        unusable = int((self.reasons != "").sum())
        parts += [f"unusable: {unusable:,}"] if unusable else []
        unusual = 0 if self.unusual_share is None else int(self.unusual.sum())
        parts += [f"unlike the training {self.noun}s: {unusual:,}"] if unusual else []
        return f"ImagePredictions of {count_of(len(self), self.noun)}\n{', '.join(parts)}"

    def _repr_html_(self) -> str:
        title, said = repr(self).split("\n")
        chances = [
            None if reason else float(chance)
            for chance, reason in zip(self.probability, self.reasons, strict=True)
        ]
        columns = {"path": self.names, "prediction": self.prediction, "probability": chances}
        if self.unusual_share is not None:
            columns[UNUSUAL] = ["yes" if unusual else "" for unusual in self.unusual]
        columns["error"] = self.reasons
        table = draw_html_table([*columns], [*zip(*columns.values(), strict=True)])
        return join_html(draw_line(said, bold=True), draw_line(title), table)


class Embedding(embedding.Embedding):
    """Pooled features of n images, in columns of equal length."""

    def to_frame(self) -> Any:
        """Return a row an image: data_set, path, split, class, vector ((channels,) float32)."""
        vectors = np.empty(len(self), object)
        vectors[:] = list(self.vectors)
        columns = self.data_sets, self.paths, self.splits, self.classes, vectors
        return make_frame(dict(zip((*embedding.COLUMNS, "vector"), columns, strict=True)))

    def __repr__(self) -> str:
        count, channels = count_of(len(self), self.noun), self.vectors.shape[1]
        return f"Embedding of {count}, {channels:,} features each\nby {show_name(self.network)}"
