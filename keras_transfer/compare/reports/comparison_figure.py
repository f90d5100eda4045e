"""comparison.png: accuracy against seconds, and the learning curves of all configurations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, ScalarFormatter

from keras_transfer.compare.ranking.configurations import Configuration
from keras_transfer.compare.ranking.verdicts import find_best
from keras_transfer.compare.reports.comparison_words import name_configuration
from keras_transfer.evaluation.figures.canvas import LEAST_RANGE, create_figure, write_figure
from keras_transfer.run.history import read_history
from keras_transfer.run.run_directory import Run
from keras_transfer.system.terminal.short_names import shorten
from keras_transfer.system.terminal.visible_text import count_cells

# Okabe and Ito's seven that show on white, then five of Tol's "muted" scheme.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"),
    *("#882255", "#999933", "#332288", "#44AA99", "#AA4499"),
)
MARKERS = "osD^vP*X"
LINES = ("-", "--", ":", "-.")
FEW = 4  # configurations of which single seeds are shown, too
WIDTH = 12.0  # inches
WIDE_RANGE = 3.0  # seconds this many times apart need a logarithmic axis


def draw_comparison(configurations: Sequence[Configuration], folder: Path, file: Path) -> None:
    """Write comparison.png.

    Left: mean accuracy on validation with its 95 % interval against mean seconds. Right: accuracy
    on validation by epoch, through all phases; a mean over seeds, and thin lines for single seeds
    where there are few configurations.

    Args:
        configurations: At least one.
        folder: That of results.csv; histories are read from the runs in it.
        file: PNG to write, about 1300 pixels wide.
    """
    write_figure(build_comparison(configurations, folder), file)


def build_comparison(configurations: Sequence[Configuration], folder: Path) -> Figure:
    """Return the figure of `draw_comparison`."""
    names = [shorten(name_configuration(each, configurations), 60) for each in configurations]
    inches = 0.6 + 0.085 * max(map(count_cells, names))  # of a line of the legend
    columns = max(1, min(6, int(WIDTH / inches)))
    size, noun = configurations[0].right.shape[1], configurations[0].noun
    title = f"{folder.name}: accuracy on {size} validation {noun}s"
    figure = create_figure(WIDTH, 4.8 + 0.22 * -(-len(names) // columns), title)
    left, right = figure.subplots(1, 2)
    best, handles = find_best(configurations), []
    for index, each in enumerate(configurations):
        colour, line = choose_style(index)
        style: dict[str, Any] = {
            "color": colour,
            "marker": MARKERS[index % len(MARKERS)],
            "linestyle": line,
        }
        is_best = each is best and len(names) > 1
        label = names[index] + (" (best)" if is_best else "")
        handles.append(Line2D([], [], label=label, **style))
        _draw_point(left, each, style, is_best)
        curve = style | {"linewidth": 3 if is_best else 1.6}
        _draw_curves(right, each, folder, curve, len(names) <= FEW)
    _finish_points(left, configurations)
    _finish_curves(right)
    legend = figure.legend(
        handles=handles, loc="outside lower center", ncols=columns, frameon=False
    )
    for text in legend.get_texts():
        text.set_parse_math(False)  # a $ is part of a name
    return figure


def choose_style(index: int) -> tuple[str, str]:
    """Return a colour and a line of Matplotlib, of which no two of 48 configurations have both."""
    lap, place = divmod(index, len(COLOURS))
    return COLOURS[place], LINES[(lap + index) % len(LINES)]


def read_curves(each: Configuration, folder: Path) -> np.ndarray:
    """Return (seeds, epochs): accuracy on validation through all phases; NaN where one has ended.

    Args:
        each: A configuration that is no baseline.
        folder: That of results.csv.
    """
    curves = [read_history(Run(folder / run).history_table()).val_accuracy for run in each.runs]
    longest = max(map(len, curves))  # with early stopping seeds end at different epochs
    return np.array([np.pad(c, (0, longest - len(c)), constant_values=np.nan) for c in curves])


def _draw_point(axes: Axes, each: Configuration, style: dict[str, Any], ringed: bool) -> None:
    low, high = each.interval
    reach = [[max(0.0, each.accuracy - low)], [max(0.0, high - each.accuracy)]]
    axes.errorbar(
        [each.mean("seconds") or 0.0],
        [each.accuracy],
        yerr=reach,
        **style | {"linestyle": "none"},
        markersize=10 if ringed else 7,
        markeredgecolor="black" if ringed else style["color"],
        markeredgewidth=1.5 if ringed else 0.5,
        capsize=3,
        linewidth=1.2,
        zorder=4 if ringed else 3,
    )


def _finish_points(axes: Axes, configurations: Sequence[Configuration]) -> None:
    seconds = np.array([each.mean("seconds") or 0.0 for each in configurations])
    if seconds.min() > 0 and seconds.max() > WIDE_RANGE * seconds.min():
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        axes.xaxis.set_major_formatter(ScalarFormatter())
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("seconds, mean over seeds (logarithmic)")
    else:
        axes.set_xlim(0, 1.1 * max(1.0, seconds.max()))
        axes.set_xlabel("seconds, mean over seeds")
    axes.set_ylabel("accuracy, 95 % interval")
    _clear(axes)


def _finish_curves(axes: Axes) -> None:
    """Show a range of accuracy in which a difference of one image does not look like a cliff."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, max(0.0, high - LEAST_RANGE)), high)
    axes.set_xlabel("epoch, through all phases")
    axes.set_ylabel("accuracy")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _clear(axes)


def _clear(axes: Axes) -> None:
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_curves(
    axes: Axes, each: Configuration, folder: Path, style: dict[str, Any], single: bool
) -> None:
    if each.is_baseline:  # it has no epochs
        axes.axhline(each.accuracy, **style | {"marker": ""})
        return
    padded = read_curves(each, folder)
    longest = padded.shape[1]
    epochs = np.arange(1, longest + 1)
    mean = padded.mean(axis=0)  # as far as the shortest goes: no jump where a seed ends
    if single and len(padded) > 1:
        for curve in padded:
            axes.plot(epochs, curve, color=style["color"], linewidth=0.7, alpha=0.5)
    marker = style["marker"] if longest == 1 else ""
    axes.plot(epochs, mean, **style | {"marker": marker})
