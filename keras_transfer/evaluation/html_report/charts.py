"""Lines and points as places of a drawing, which a template makes an SVG of."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.ticker import Locator, LogLocator, MaxNLocator

WIDTH, HEIGHT = 480, 290  # of a drawing, in its own units
LEFT, RIGHT, TOP, BOTTOM = 48, 14, 24, 42  # margins around the plot
TICKS = 6  # at most as many steps on an axis
STEPS = (1, 2, 2.5, 5, 10)  # how far apart ticks may be, times a power of ten
PARTS = ((1, 2, 3, 5), (1, 3), (1,))  # of a power of ten: the first that are not too many
MOST_POINTS = 300  # of a line: more than there are units from left to right say nothing


class Line(NamedTuple):
    """Numbers over numbers, joined where they are finite."""

    name: str
    x: np.ndarray
    y: np.ndarray
    style: str = ""
    """Classes of the style sheet, such as `train`; or a colour: #0072B2, or currentColor."""
    dash: str = ""
    """Lengths of strokes and gaps, in units of the drawing."""


class Mark(NamedTuple):
    """A word at a place of the horizontal axis; a line begins there."""

    x: float
    name: str


class Point(NamedTuple):
    """A place with what it means."""

    x: float
    y: float
    words: str
    low: float | None = None
    """Lower end of its interval, and the upper one."""
    high: float | None = None
    radius: float = 5.0
    """In units of the drawing."""
    style: str = ""
    """As of a line."""
    label: str = ""
    """What stands beside it."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """What an axis shows."""

    name: str
    low: float
    high: float
    whole: bool = False
    """Whether only whole numbers are named."""
    logarithmic: bool = False
    """Whether equal ratios are equally long; `low` is above 0."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing in its own units: text and numbers, as the template `charts.html` takes them."""

    title: str
    x_name: str
    y_name: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    lines: list[tuple[str, str, str, str]]
    """(name, path, style, dash)."""
    marks: list[tuple[float, str]]
    points: list[Point]
    """With places of the drawing in place of numbers."""
    diagonal: tuple[float, float, float, float] | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def build_chart(
    title: str,
    lines: Sequence[Line],
    x_axis: Axis,
    y_axis: Axis,
    *,
    marks: Iterable[Mark] = (),
    points: Iterable[Point] = (),
    diagonal: bool = False,
) -> Chart:
    """Return a drawing of lines and points; what lies outside the axes is cut by the template.

    Args:
        title: What a reader who does not see it is told.
        lines: In the order of the legend.
        x_axis: To the right.
        y_axis: Upwards.
        marks: Such as the beginnings of phases.
        points: On top of the lines.
        diagonal: Draw where both axes have the same number.
    """
    across, up = _Scale(x_axis, LEFT, WIDTH - RIGHT), _Scale(y_axis, HEIGHT - BOTTOM, TOP)
    low, high = max(x_axis.low, y_axis.low), min(x_axis.high, y_axis.high)
    return Chart(
        title=title,
        x_name=x_axis.name,
        y_name=y_axis.name,
        x_ticks=[(across(value), f"{value:g}") for value in _list_ticks(x_axis)],
        y_ticks=[(up(value), f"{value:g}") for value in _list_ticks(y_axis)],
        lines=[(each.name, _trace(each, across, up), each.style, each.dash) for each in lines],
        marks=[(across(each.x), each.name) for each in marks],
        points=[
            each._replace(
                x=across(each.x),
                y=up(each.y),
                low=None if each.low is None else up(each.low),
                high=None if each.high is None else up(each.high),
            )
            for each in points
        ],
        diagonal=(across(low), up(low), across(high), up(high)) if diagonal else None,
    )


class _Scale(NamedTuple):
    """From numbers of an axis to places of a drawing."""

    axis: Axis
    start: float
    end: float

    def __call__(self, value: float) -> float:
        low, high = self.axis.low, self.axis.high
        if self.axis.logarithmic:
            value, low, high = math.log(value), math.log(low), math.log(high)
        share = (value - low) / ((high - low) or 1)
        return round(self.start + share * (self.end - self.start), 1)


def _list_ticks(axis: Axis) -> list[float]:
    if axis.logarithmic:
        choices = [_cut(LogLocator(subs=parts), axis) for parts in PARTS]
        return next((ticks for ticks in choices if len(ticks) <= TICKS), choices[-1])
    return _cut(MaxNLocator(TICKS, integer=axis.whole, min_n_ticks=1, steps=STEPS), axis)


def _cut(locator: Locator, axis: Axis) -> list[float]:
    """Return the ticks that lie on an axis."""
    found = np.asarray(locator.tick_values(axis.low, axis.high))
    reach = 1e-9 * (axis.high - axis.low)
    inside = (found >= axis.low - reach) & (found <= axis.high + reach)
    return [float(round(value, 10)) + 0.0 for value in found[inside]]


def _trace(line: Line, across: _Scale, up: _Scale) -> str:
    """Return the path of an SVG; numbers that are not finite leave a gap, a single one is a dot."""
    few = np.unique(np.linspace(0, max(len(line.x) - 1, 0), MOST_POINTS).astype(int))[: len(line.x)]
    steps, pen = [], "M"
    for x, y in zip(line.x[few], line.y[few], strict=True):
        if np.isfinite(x) and np.isfinite(y):
            steps.append(f"{pen}{across(x)} {up(y)}" + ("h0" if pen == "M" else ""))
            pen = "L"
        else:
            pen = "M"
    return "".join(steps)
