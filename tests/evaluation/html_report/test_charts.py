"""Lines and points as places of a drawing."""

import re

import numpy as np

from keras_transfer.evaluation.html_report.charts import (
    HEIGHT,
    MOST_POINTS,
    WIDTH,
    Axis,
    Line,
    Mark,
    Point,
    build_chart,
)

UNIT = Axis(name="x", low=0, high=1)


def draw(*lines, axis=UNIT, **more):
    return build_chart("made", lines, axis, Axis(name="y", low=0, high=1), **more)


def test_a_line_goes_from_corner_to_corner():
    chart = draw(Line("a", np.array([0, 1]), np.array([0, 1])))
    assert chart.lines[0][1] == f"M{chart.left}.0 {chart.bottom}.0h0L{chart.right}.0 {chart.top}.0"


def test_what_is_not_finite_leaves_a_gap_and_a_single_epoch_is_a_dot():
    values = np.array([0.5, np.nan, 0.5, 0.6, np.inf])
    chart = draw(Line("a", np.linspace(0, 1, 5), values))
    assert re.sub(r"[\d. ]+", "", chart.lines[0][1].replace("h0", ".")) == "MML"
    assert chart.lines[0][1].count("h0") == 2


def test_a_line_of_many_points_is_thinned_and_keeps_its_ends():
    x = np.linspace(0, 1, 20_000)
    path = draw(Line("a", x, x)).lines[0][1]
    assert path.count("L") == MOST_POINTS - 1
    assert path.endswith(f"{WIDTH - 14}.0 24.0")


def test_ticks_lie_on_the_axis_and_those_of_epochs_are_whole():
    chart = draw(axis=Axis(name="epoch", low=0.5, high=2.5, whole=True))
    assert [words for _, words in chart.x_ticks] == ["1", "2"]
    assert all(chart.left <= place <= chart.right for place, _ in chart.x_ticks)
    assert (chart.y_ticks[0][1], chart.y_ticks[-1][1]) == ("0", "1")


def test_an_axis_of_one_value_and_no_line_can_be_drawn():
    chart = draw(Line("a", np.array([]), np.array([])), axis=Axis(name="x", low=3, high=3))
    assert chart.lines[0][1] == ""


def test_marks_points_and_their_intervals_are_placed():
    chart = draw(marks=[Mark(0.5, "half")], points=[Point(0.5, 0.5, "here", 0.25, 1.0)])
    ((mark, name),) = chart.marks
    ((x, y, words, low, high, *_),) = chart.points
    assert (name, words, mark) == ("half", "here", x)
    assert HEIGHT > low > y > high >= chart.top


def test_the_diagonal_joins_equal_numbers():
    chart = draw(diagonal=True, axis=Axis(name="x", low=0.5, high=1))
    x, y, *_ = chart.diagonal
    assert x == chart.left
    assert y == (chart.top + chart.bottom) / 2
