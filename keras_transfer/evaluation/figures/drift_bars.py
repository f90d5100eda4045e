"""How far the blocks of a backbone have moved, drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_transfer.config.messages import shorten
from keras_transfer.evaluation.figures.canvas import BLUE, create_figure, write_figure


def draw_drift(table: Mapping[str, Sequence[str]], file: Path, title: str) -> None:
    """Write backbone_drift.png: a bar for each block, the first one on top.

    Args:
        table: Columns of backbone_drift.csv, as text.
        file: PNG to write; it grows with the number of blocks.
        title: One line above.
    """
    write_figure(build_drift(table, title), file)


def build_drift(table: Mapping[str, Sequence[str]], title: str) -> Figure:
    """Return the figure of `draw_drift`; locked blocks have a bar of no length."""
    drift = 100 * np.array(table["drift"], np.float64)
    places = np.arange(len(drift))
    figure = create_figure(7, 1.6 + 0.22 * len(drift), title)
    axes = figure.subplots()
    bars = axes.barh(places, drift, color=BLUE)
    axes.bar_label(bars, [f"{value:.2g} %" if value else "0" for value in drift], padding=3)
    axes.set_yticks(places, [shorten(name, 24) for name in table["block"]], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(drift.max(), 1e-9))
    axes.set_xlabel("distance from the weights at the start, in % of their length")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
