"""confusion_matrix.png: which classes are taken for which."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from keras_transfer.evaluation.class_scores import order_confusions
from keras_transfer.evaluation.figures.canvas import GRAY, create_figure, write_figure
from keras_transfer.evaluation.figures.lettering import label_classes
from keras_transfer.evaluation.metrics import count_confusions
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.system.terminal.visible_text import count_cells

WHOLE = 30  # classes up to which the whole matrix is drawn
SHOWN = 20  # classes of a larger one that are drawn
SHARED = 20  # classes up to which a cell has room for the share below the count
SIDE = 7.6  # inches of the matrix at most, so that a page does not shrink it


def draw_confusion_matrix(predictions: Predictions, file: Path, title: str) -> None:
    """Write confusion_matrix.png: counts in the cells, shares of the true class as colour.

    Of more than 30 classes those that are confused most are drawn, with the images that were taken
    for any other class in a last column.

    Args:
        predictions: Images of one split, or of several to be counted together.
        file: PNG to write; its side grows with the classes up to about 1100 pixels.
        title: One line above the matrix.
    """
    write_figure(build_confusion_matrix(predictions, title), file)


def build_confusion_matrix(predictions: Predictions, title: str) -> Figure:
    """Return the figure of `draw_confusion_matrix`; classes without images stay white."""
    counts = count_confusions(predictions)
    rows = _choose_classes(counts)
    cells = counts[np.ix_(rows, rows)]
    rest = counts[rows].sum(axis=1) - cells.sum(axis=1)
    if partial := len(rows) < len(counts):
        cells = np.column_stack([cells, rest])
    shares = cells / np.maximum(counts[rows].sum(axis=1, keepdims=True), 1)
    height, width = (float(np.clip(0.58 * number, 3, SIDE)) for number in cells.shape)
    figure = create_figure(width + 2.5, height + 1.8, title)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", norm=Normalize(0, 1), aspect="equal")
    figure.colorbar(image, label="share of the true class", fraction=0.046, pad=0.03)
    names = [label_classes(predictions.class_names, 24)[row] for row in rows]
    _label_classes(axes, names, ["other classes"] * partial, height / len(rows))
    _number_cells(axes, cells, shares)
    if partial:
        text = f"{SHOWN} of {len(counts):,} classes, those confused most"
        axes.set_title(f"{text}; confusion_matrix.csv has all", fontsize=10)
        axes.axvline(len(rows) - 0.5, color=GRAY, linewidth=1)
    return figure


def _choose_classes(counts: np.ndarray) -> list[int]:
    """Return the classes that are drawn, in index order: those of the pairs confused most."""
    if len(counts) <= WHOLE:
        return list(range(len(counts)))
    chosen: dict[int, None] = {}
    for pair in order_confusions(counts):
        chosen |= dict.fromkeys(pair)
    chosen |= dict.fromkeys(range(len(counts)))  # where fewer are confused
    return sorted(list(chosen)[:SHOWN])


def _label_classes(axes: Axes, names: list[str], more: list[str], cell: float) -> None:
    """Name rows and columns of cells of `cell` inches, and what columns there are more."""
    size = 10 if len(names) <= 10 else 8
    inches = max(map(count_cells, names + more)) * size * 0.009
    turn: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    turn = {} if inches < cell else turn  # the names fit side by side
    columns = names + more
    axes.set_xticks(range(len(columns)), columns, fontsize=size, parse_math=False, **turn)
    axes.set_yticks(range(len(names)), names, fontsize=size, parse_math=False)
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")


def _number_cells(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    classes = len(counts)
    size = 12 if classes <= 4 else 9 if classes <= 10 else 7
    for row, column in np.ndindex(counts.shape):
        number, share = int(counts[row, column]), float(shares[row, column])
        if number == 0 and classes > 4:
            continue  # empty cells would hide the errors among them
        text = str(number) if number < 10_000 else f"{number / 1000:.0f}k"
        axes.text(
            column,
            row,
            f"{text}\n{_format_share(share)}" if classes <= SHARED else text,
            ha="center",
            va="center",
            fontsize=size if len(text) < 4 else 0.85 * size,
            color="white" if share > 0.55 else "black",
            in_layout=False,  # it is inside: to measure hundreds of numbers takes time
        )


def _format_share(share: float) -> str:
    """Return whole percents that say 0 and 100 only where it is exactly so."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"
