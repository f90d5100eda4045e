"""How far the blocks of a backbone have moved, drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from keras_transfer.evaluation.figures.canvas import (
    BLUE,
    VERMILION,
    create_figure,
    write_figure,
)
from keras_transfer.system.terminal.short_names import shorten

WHOLE = ("drift", "all weights", BLUE)  # what there is of runs of older versions
GROUPS = (
    ("kernel_drift", "kernels and biases", BLUE),
    ("norm_drift", "scales and shifts of normalization", VERMILION),
)


def draw_drift(table: Mapping[str, Sequence[str]], file: Path, title: str) -> None:
    """Write backbone_drift.png: bars for each block, the first one on top.

    Args:
        table: Columns of backbone_drift.csv, as text.
        file: PNG to write; it grows with the number of blocks.
        title: One line above.
    """
    write_figure(build_drift(table, title), file)


def build_drift(table: Mapping[str, Sequence[str]], title: str) -> Figure:
    """Return the figure of `draw_drift`; locked blocks have a bar of no length.

    Kernels and scales have an axis each, since the ones move many times further.
    """
    groups = GROUPS if {"kernel_drift", "norm_drift"} <= table.keys() else (WHOLE,)
    blocks = [shorten(name, 24) for name in table["block"]]
    figure = create_figure(8.5 if len(groups) > 1 else 7, 1.9 + 0.22 * len(blocks), title)
    panels = figure.subplots(1, len(groups), sharey=True, squeeze=False)[0]
    for axes, (name, words, colour) in zip(panels, groups, strict=True):
        _draw_bars(axes, 100 * np.array(table[name], np.float64), colour)
        axes.set_title(words, fontsize=10)
    panels[0].set_yticks(range(len(blocks)), blocks, parse_math=False)
    panels[0].invert_yaxis()
    figure.supxlabel(
        "distance of weights from their start, in % of their size" + _name_layer(table),
        fontsize=9,
        parse_math=False,
    )
    return figure


def _draw_bars(axes: Axes, drift: np.ndarray, colour: str) -> None:
    bars = axes.barh(np.arange(len(drift)), drift, color=colour)
    axes.bar_label(
        bars, [f"{value:.2g} %" if value else "0" for value in drift], padding=3, fontsize=9
    )
    axes.set_xlim(0, 1.25 * (drift.max() or 1))
    axes.xaxis.set_major_locator(MaxNLocator(5) if drift.any() else NullLocator())
    axes.spines[["top", "right"]].set_visible(False)


def _name_layer(table: Mapping[str, Sequence[str]]) -> str:
    """Return a line about the layer that moved furthest, if the table says it of any."""
    moves = [float(cell) for cell in table.get("layer_drift", ())]
    if not any(moves):
        return ""
    row = int(np.argmax(moves))
    name = shorten(table["layer"][row], 40)
    return f"\nfurthest: layer {name}, {100 * moves[row]:.2g} %"
