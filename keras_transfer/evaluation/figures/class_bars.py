"""per_class.png: recall and F1 of each class, the weakest first."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_transfer.evaluation.class_scores import ClassScore, score_classes, sort_weakest
from keras_transfer.evaluation.figures.canvas import (
    BLUE,
    VERMILION,
    create_figure,
    write_figure,
)
from keras_transfer.evaluation.figures.lettering import label_classes
from keras_transfer.run.predictions_csv import Predictions

MOST = 30  # classes that are drawn
BEST = 10  # of them, where there are more: the others are the weakest
PITCH = 0.3  # inches from one class to the next
GAP = 1.6  # rows between the weakest and the best


def draw_class_bars(predictions: Predictions, file: Path, title: str) -> None:
    """Write per_class.png: a row for each class with its recall, its F1 and their 95 % intervals.

    Args:
        predictions: Images of one split.
        file: PNG to write; it grows with the classes up to about 1200 pixels.
        title: One line above.
    """
    write_figure(build_class_bars(predictions, title), file)


def build_class_bars(predictions: Predictions, title: str) -> Figure:
    """Return the figure of `draw_class_bars`; classes without images are left out."""
    scores = sort_weakest(score_classes(predictions))
    labels = dict(
        zip(predictions.class_names, label_classes(predictions.class_names, 32), strict=True)
    )
    first, last = scores, []
    if len(scores) > MOST:
        first, last = scores[: MOST - BEST], scores[-BEST:]
    shown = first + last
    places = np.arange(len(shown)) + np.where(np.arange(len(shown)) < len(first), 0, GAP)
    figure = create_figure(8.5, 1.75 + PITCH * (places[-1] + 1 if len(shown) else 1), title)
    axes = figure.subplots()
    _draw_bars(axes, places, shown)
    axes.set_yticks(
        places, [f"{labels[each.name]}  ({each.support:,})" for each in shown], parse_math=False
    )
    axes.tick_params(axis="y", length=0, labelsize=9)
    axes.set_ylim(len(shown) and places[-1] + 0.6, -0.6)
    _say_left_out(axes, len(first), scores[len(first) : len(scores) - len(last)])
    axes.set_xlim(0, 1)
    axes.set_xlabel("with 95 % intervals; in brackets: how many are of the class")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if shown:
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw_bars(axes: Axes, places: np.ndarray, scores: list[ClassScore]) -> None:
    for name, colour, shift in (("recall", BLUE, -0.19), ("f1", VERMILION, 0.19)):
        values = np.array([getattr(each, name) for each in scores])
        ends = np.array([getattr(each, f"{name}_interval") for each in scores]).reshape(-1, 2)
        axes.barh(
            places + shift,
            values,
            height=0.36,
            color=colour,
            alpha=0.75,
            label={"f1": "F1"}.get(name, name),
        )
        around = np.maximum(np.abs(ends - values[:, None]).T, 0)  # to the left, to the right
        axes.errorbar(
            values, places + shift, xerr=around, fmt="none", ecolor="black", elinewidth=0.9
        )
        for row, (place, value) in enumerate(zip(places + shift, values, strict=True)):
            text = axes.text(1.01, place, f"{value:.2f}", fontsize=7, va="center", color=colour)
            text.set_in_layout(row == 0)  # all are equally wide, and to measure them takes time


def _say_left_out(axes: Axes, row: int, scores: list[ClassScore]) -> None:
    if not scores:
        return
    axes.text(
        0.5,
        row - 0.5 + GAP / 2,
        f"{len(scores):,} classes between are left out (F1 {scores[0].f1:.2f} to "
        f"{scores[-1].f1:.2f}); per_class.csv has all",
        ha="center",
        va="center",
        fontsize=9,
        style="italic",
    )
