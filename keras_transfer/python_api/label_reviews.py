"""What a review of labels found: classes by name, and the table that decisions are written into."""

from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.python_api.data_frames import make_frame
from keras_transfer.python_api.notebook_html import draw_html_table, draw_line, join_html
from keras_transfer.review.label_quality import suspects
from keras_transfer.review.review_table import COLUMNS
from keras_transfer.review.review_words import describe_review

SHOWN = 10  # rows in a notebook


class LabelReview:
    """What is known of the labels of n images, in columns of equal length, most doubtful first.

    Args:
        indexed: The same with classes by index, as the program counts them.
    """

    def __init__(self, indexed: suspects.LabelReview) -> None:
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
    def label(self) -> np.ndarray:
        """(n,) of str objects: name of the class that an image has."""
        return np.array(self.class_names, object)[self._indexed.labels]

    @property
    def suggested(self) -> np.ndarray:
        """(n,) of str objects: name of the class that it seems to be, which may be its own."""
        return np.array(self.class_names, object)[self._indexed.suggested]

    @property
    def label_probability(self) -> np.ndarray:
        """(n,) floats in [0, 1]: of the label; NaN where its class has too few images to judge."""
        return self._indexed.label_probability

    @property
    def probability(self) -> np.ndarray:
        """(n,) floats in [0, 1]: of the suggested class; NaN as above."""
        return self._indexed.probability

    @property
    def reason(self) -> np.ndarray:
        """(n,) of str objects: what speaks against the label; "" where nothing does."""
        return self._indexed.reasons

    def suspects(self) -> "LabelReview":
        """Return the images with a reason to doubt their label."""
        return LabelReview(self._indexed.suspects)

    def to_frame(self) -> Any:
        """Return a row an image, with the columns of label_review.csv, `decision` empty.

        `apply_review` takes it, once that column says what to do.
        """
        columns = (
            self.paths,
            self.label,
            self.suggested,
            self.probability,
            self.reason,
            np.full(len(self), "", object),
        )
        return make_frame(dict(zip(COLUMNS, columns, strict=True)))

    def __repr__(self) -> str:
        return describe_review(self._indexed)

    def _repr_html_(self) -> str:
        shown = self._indexed.suspects
        title = f"Label suspects: {len(shown):,} of {count_of(len(self), self._indexed.noun)}"
        first = LabelReview(shown.take(slice(SHOWN)))
        shares = [None if np.isnan(share) else float(share) for share in first.probability]
        rows = list(
            zip(first.paths, first.label, first.suggested, shares, first.reason, strict=True)
        )
        table = draw_html_table(COLUMNS[:-1], rows) if rows else ""
        return join_html(draw_line(title, bold=True), table)
