"""What the page of a comparison draws: learning curves over each other, accuracy over seconds."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_transfer.compare.ranking.configurations import Configuration
from keras_transfer.compare.reports.comparison_figure import (
    WIDE_RANGE,
    choose_style,
    read_curves,
)
from keras_transfer.compare.reports.comparison_words import name_configuration
from keras_transfer.config.messages import say_interval
from keras_transfer.evaluation.figures.canvas import LEAST_RANGE
from keras_transfer.evaluation.html_report.charts import Axis, Chart, Line, Point, build_chart

BLACK, TEXT = "#000000", "currentColor"  # black would not be seen in dark mode
# Matplotlib's lines as strokes and gaps of a line with round ends, in units of the drawing.
DASHES = {"-": "", "--": "9 7", ":": "0.1 6", "-.": "10 6 0.1 6"}
MARGIN = 0.08  # of an axis, on each side of what it shows


class Look(NamedTuple):
    """How a configuration is shown."""

    number: int
    """Its place by accuracy, from 1 on; beside its point, its line and its row."""
    name: str
    colour: str
    dash: str


def choose_looks(configurations: Sequence[Configuration]) -> list[Look]:
    """Return how each is shown; colours and lines are those of comparison.png."""
    order = sorted(range(len(configurations)), key=lambda index: -configurations[index].accuracy)
    looks = []
    for index, each in enumerate(configurations):
        colour, line = choose_style(index)
        name = name_configuration(each, configurations)
        shown = TEXT if colour == BLACK else colour
        looks.append(Look(order.index(index) + 1, name, shown, DASHES[line]))
    return looks


def chart_curves(
    configurations: Sequence[Configuration], looks: Sequence[Look], folder: Path
) -> Chart:
    """Return accuracy on validation by epoch: the mean over seeds, as far as all of them go.

    The baseline, which has no epochs, is a level line.

    Args:
        configurations: At least one.
        looks: Of each.
        folder: That of results.csv; histories are read from the runs in it.
    """
    trained = {
        index: _find_mean(read_curves(each, folder))
        for index, each in enumerate(configurations)
        if not each.is_baseline
    }
    last = max(map(len, trained.values()), default=1)
    curves = [
        trained.get(index, np.full(last, each.accuracy))
        for index, each in enumerate(configurations)
    ]
    drawn = sorted(zip(looks, curves, strict=True), key=_order_last)
    return build_chart(
        "Accuracy on validation over epochs, of each configuration",
        [
            Line(look.name, np.arange(1, len(curve) + 1), curve, look.colour, look.dash)
            for look, curve in drawn
        ],
        Axis(name="epoch, through all phases", low=0.5, high=last + 0.5, whole=True),
        _find_axis("accuracy", np.concatenate(curves)),
        points=[_mark_epoch(look, float(curve[0])) for look, curve in drawn if len(curve) == 1],
    )


def _find_mean(curves: np.ndarray) -> np.ndarray:
    """Return the mean over seeds up to the last epoch of the shortest: no jump where one ends."""
    mean: np.ndarray = curves.mean(axis=0)
    return mean[np.isfinite(mean)]


def _order_last(drawn: tuple[Look, np.ndarray]) -> int:
    return -drawn[0].number  # so that the best lies on top


def _mark_epoch(look: Look, accuracy: float) -> Point:
    """Return what is seen of a line of a single epoch."""
    words = f"{look.number} {look.name}: {accuracy:.3f}"
    return Point(1.0, accuracy, words, style=look.colour, label=str(look.number))


def chart_seconds(configurations: Sequence[Configuration], looks: Sequence[Look]) -> Chart:
    """Return mean accuracy on validation with its 95 % interval over mean seconds.

    Args:
        configurations: At least one.
        looks: Of each.
    """
    seconds = np.array([each.mean("seconds") or 0.0 for each in configurations])
    points = []
    for index in np.argsort([look.number for look in looks]):
        each, look, (low, high) = (
            configurations[index],
            looks[index],
            configurations[index].interval,
        )
        words = f"{look.number} {look.name}: {each.accuracy:.3f} ({say_interval((low, high))}), "
        words += f"{seconds[index]:.1f} s"
        place = Point(float(seconds[index]), each.accuracy, words, low, high)
        points.append(place._replace(style=look.colour, label=str(look.number)))
    return build_chart(
        "Accuracy on validation over seconds, of each configuration",
        [],
        _find_seconds(seconds),
        _find_axis("accuracy", np.array([each.interval for each in configurations]).ravel()),
        points=points,
    )


def _find_seconds(seconds: np.ndarray) -> Axis:
    least, most = float(seconds.min()), float(seconds.max())
    if least > 0 and most > WIDE_RANGE * least:
        edge = (most / least) ** MARGIN
        name = "seconds, mean over seeds (logarithmic)"
        return Axis(name=name, low=least / edge, high=most * edge, logarithmic=True)
    return Axis(name="seconds, mean over seeds", low=0.0, high=1.1 * max(1.0, most))


def _find_axis(name: str, values: np.ndarray) -> Axis:
    """Return an axis of a share, on which a difference of one image does not look like a cliff."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    middle, reach = (low + high) / 2, max(high - low, LEAST_RANGE) * (0.5 + MARGIN)
    return Axis(name=name, low=max(0.0, middle - reach), high=min(1.0, middle + reach))
