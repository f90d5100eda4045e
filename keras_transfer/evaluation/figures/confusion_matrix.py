"""What a model gets wrong, drawn: the confusion matrix and the images with the highest loss."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from keras_transfer.evaluation.figures.canvas import create_figure, write_figure
from keras_transfer.evaluation.figures.lettering import label_classes
from keras_transfer.evaluation.metrics import count_confusions
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.system.terminal.visible_text import count_cells

NUMBERED_CLASSES = 20  # up to here the cells have room for numbers
LABELLED_CLASSES = 50  # labels along one axis that do not touch


def draw_confusion_matrix(predictions: Predictions, file: Path, title: str) -> None:
    """Write confusion_matrix.png: counts in the cells, shares of the true class as colour.

    Args:
        predictions: Images of one split, or of several to be counted together.
        file: PNG to write; its side grows with the classes up to about 1300 pixels.
        title: One line above the matrix.
    """
    write_figure(build_confusion_matrix(predictions, title), file)


def build_confusion_matrix(predictions: Predictions, title: str) -> Figure:
    """Return the figure of `draw_confusion_matrix`; classes without images stay white."""
    counts = count_confusions(predictions)
    classes = len(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    numbered = classes <= NUMBERED_CLASSES
    side = float(np.clip(0.58 * classes if numbered else 0.1 * classes, 3, 9))  # inches
    figure = create_figure(side + 2.6, side + 1.8, title)
    axes = figure.subplots()
    norm = PowerNorm(1.0 if numbered else 0.5, 0, 1)  # rare errors must show without a number
    image = axes.imshow(shares, cmap="Blues", norm=norm)
    figure.colorbar(image, label="share of the true class", fraction=0.046, pad=0.03)
    _label_classes(axes, predictions.class_names, side / classes)
    if numbered:
        _number_cells(axes, counts, shares)
    return figure


def _label_classes(axes: Axes, class_names: tuple[str, ...], cell: float) -> None:
    """Name rows and columns of cells of `cell` inches; leave out names that would touch."""
    classes = len(class_names)
    step = -(-classes // LABELLED_CLASSES)
    ticks = np.arange(0, classes, step)
    names = label_classes(class_names, 24)
    labels = [names[index] for index in ticks]
    size = 10 if classes <= 10 else 8 if classes <= 30 else 7
    inches = max(map(count_cells, labels)) * size * 0.009
    level = inches < cell * step  # the names fit side by side
    turn: dict[str, Any] = (
        {} if level else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    )
    axes.set_xticks(ticks, labels, fontsize=size, parse_math=False, **turn)
    axes.set_yticks(ticks, labels, fontsize=size, parse_math=False)
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")


def _number_cells(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    classes = len(counts)
    size = 12 if classes <= 4 else 9 if classes <= 10 else 7.5
    for row, column in np.ndindex(counts.shape):
        number, share = int(counts[row, column]), float(shares[row, column])
        if number == 0 and classes > 4:
            continue  # empty cells would hide the errors among them
        axes.text(
            column,
            row,
            f"{number}\n{_format_share(share)}",
            ha="center",
            va="center",
            fontsize=size,
            color="white" if share > 0.55 else "black",
        )


def _format_share(share: float) -> str:
    """Return whole percents that say 0 and 100 only where it is exactly so."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"
