"""The charts of a comparison's page: every configuration is told from the others."""

import numpy as np
import pytest
from fake_runs import write_comparison, write_run

from keras_transfer.compare.ranking.configurations import read_configurations
from keras_transfer.compare.reports.comparison_charts import (
    chart_curves,
    chart_seconds,
    choose_looks,
)
from keras_transfer.compare.reports.comparison_figure import COLOURS, LINES, choose_style

SMALL = "mobilenetv3small"


def right(count, images=100):
    return [index < count for index in range(images)]


@pytest.fixture
def build(tmp_path):
    """Return a function that gives the configurations of a patience each, and their folder."""

    def write(*shares):
        patience = [*range(len(shares))]
        rows = [("full", SMALL, 0, right(share), i) for i, share in enumerate(shares)]
        made = write_comparison(tmp_path / "all", rows, {"optimizer.patience": patience})
        return read_configurations(made.results_file), made.path

    return write


def test_no_two_configurations_have_the_same_colour_and_line():
    count = len(COLOURS) * len(LINES)
    assert len({choose_style(index) for index in range(count)}) == count
    neighbours = [choose_style(index)[1] for index in range(len(LINES))]
    assert set(neighbours) == set(LINES)


def test_black_is_the_colour_of_the_text_since_the_page_may_be_dark(build):
    looks = choose_looks(build(*range(60, 73))[0])
    assert "#000000" not in {look.colour for look in looks}
    assert [look.colour for look in looks].count("currentColor") == 1
    assert len({(look.colour, look.dash) for look in looks}) == 13


def test_numbers_are_ranks_and_the_best_line_lies_on_top(build):
    configurations, folder = build(70, 90, 80)
    looks = choose_looks(configurations)
    assert [look.number for look in looks] == [3, 1, 2]
    chart = chart_curves(configurations, looks, folder)
    assert [name for name, *_ in chart.lines] == ["patience 0", "patience 2", "patience 1"]
    points = chart_seconds(configurations, looks).points
    assert [point.label for point in points] == ["1", "2", "3"]
    assert points[0].words.startswith("1 patience 1: 0.900 (")
    assert points[0].words.endswith("), 20.0 s")


def test_a_curve_is_the_mean_over_seeds_as_far_as_all_of_them_go(tmp_path):
    rows = [("full", SMALL, seed, right(90)) for seed in (0, 1)]
    made = write_comparison(tmp_path / "all", rows)
    (configuration,) = read_configurations(made.results_file)
    for run, curve in zip(configuration.runs, ([0.2, 0.4, 0.9], [0.4, 0.6]), strict=True):
        write_run(made.path / run, right(90), curve=curve)
    chart = chart_curves([configuration], choose_looks([configuration]), made.path)
    places = np.array([part.split() for part in chart.lines[0][1][1:].split("L")])
    assert len(places) == 2
    assert [words for _, words in chart.x_ticks] == ["1", "2"]


def test_a_single_epoch_can_be_seen(tmp_path):
    rows = [("full", SMALL, 0, right(90)), ("two_phase", SMALL, 0, right(80))]
    made = write_comparison(tmp_path / "all", rows)
    configurations = read_configurations(made.results_file)
    write_run(made.path / configurations[1].runs[0], right(80), curve=[0.8])
    chart = chart_curves(configurations, choose_looks(configurations), made.path)
    assert [point.words for point in chart.points] == ["2 two_phase: 0.800"]


def test_seconds_that_lie_far_apart_are_drawn_by_their_ratio(build):
    configurations, _ = build(70, 90)
    for each, seconds in zip(configurations, (10.0, 1000.0), strict=True):
        each.measured["seconds"][:] = seconds
    chart = chart_seconds(configurations, choose_looks(configurations))
    ticks = {words: place for place, words in chart.x_ticks}
    assert [*ticks] == ["10", "30", "100", "300", "1000"]
    assert ticks["100"] - ticks["10"] == pytest.approx(ticks["1000"] - ticks["100"], abs=0.2)
    assert "logarithmic" in chart.x_name


def test_a_difference_of_one_image_does_not_look_like_a_cliff(build):
    configurations, folder = build(90, 91)
    chart = chart_curves(configurations, choose_looks(configurations), folder)
    ends = [float(path.split()[-1]) for _, path, *_ in chart.lines]
    assert abs(ends[0] - ends[1]) < 0.1 * (chart.bottom - chart.top)
