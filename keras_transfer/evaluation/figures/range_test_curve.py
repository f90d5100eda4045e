"""The curve of a learning-rate range test."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from keras_transfer.evaluation.figures.canvas import (
    BLUE,
    GRAY,
    VERMILION,
    create_figure,
    write_figure,
)


def draw_range_test(
    table: Mapping[str, Sequence[str]], chosen: float, file: Path, title: str
) -> None:
    """Write learning_rate.png: the loss while the rate grew, and the rate that was chosen.

    Args:
        table: Columns of range_test.csv, as text.
        chosen: The learning rate that the training took.
        file: PNG to write.
        title: One line above.
    """
    write_figure(build_range_test(table, chosen, title), file)


def build_range_test(table: Mapping[str, Sequence[str]], chosen: float, title: str) -> Figure:
    """Return the figure of `draw_range_test`."""
    rates, losses, smooth = (
        np.array(table[name], np.float64) for name in ("learning_rate", "loss", "smooth_loss")
    )
    figure = create_figure(7, 4.6, title)
    axes = figure.subplots()
    axes.plot(rates, losses, color=GRAY, linewidth=1, label="loss of each step")
    axes.plot(rates, smooth, color=BLUE, linewidth=2, label="smooth")
    axes.axvline(chosen, color=VERMILION, linestyle="--", label=f"chosen: {chosen:g}")
    axes.set_xscale("log")
    finite = smooth[np.isfinite(smooth)]
    if len(finite):
        axes.set_ylim(0, 1.5 * finite[: max(1, len(finite) // 2)].max())
    axes.set_xlabel("learning rate of the head")
    axes.set_ylabel("loss")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure
