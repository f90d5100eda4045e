"""Learning curves: accuracy and loss of every phase on one axis of epochs."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from keras_transfer.evaluation.figures.canvas import (
    BLUE,
    GRAY,
    VERMILION,
    create_figure,
    write_figure,
)
from keras_transfer.run.history import History
from keras_transfer.system.terminal.short_names import shorten

LOG_RATIO = 50.0  # a loss this many times its median would flatten everything else


def draw_learning_curves(history: History, file: Path, title: str) -> None:
    """Write learning_curves.png: accuracy and loss over the epochs of all phases.

    Args:
        history: At least one epoch; losses that are not finite leave a gap and a remark.
        file: PNG to write, about 1200 x 500 pixels.
        title: One line above both panels.
    """
    write_figure(build_learning_curves(history, title), file)


def build_learning_curves(history: History, title: str) -> Figure:
    """Return the figure of `draw_learning_curves`.

    Epochs count from 1 through all phases. A phase starts half-way between two epochs, at a
    dashed line with its name; the dots are the epoch whose weights the run keeps.
    """
    figure = create_figure(11, 4.6, title)
    panels = figure.subplots(1, 2)
    for axes, quantity in zip(panels, ("accuracy", "loss"), strict=True):
        _draw_lines(axes, history, quantity)
        if quantity == "accuracy":
            _limit_accuracy(axes, history)
        else:
            _limit_loss(axes, history)
        _mark_phases(axes, history)
        _mark_kept(axes, history, quantity)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return figure


def _draw_lines(axes: Axes, history: History, quantity: str) -> None:
    epochs = np.arange(1, len(history) + 1)
    axes.plot(
        epochs,
        _finite(getattr(history, quantity)),
        color=BLUE,
        linestyle="--",
        marker=".",  # else a single epoch, or one between two gaps, could not be seen
        label="train",
    )
    axes.plot(
        epochs,
        _finite(getattr(history, f"val_{quantity}")),
        color=VERMILION,
        linewidth=2,
        marker=".",
        label="validation",
    )
    axes.set_xlabel("epoch")
    axes.set_ylabel(quantity)
    axes.set_xlim(0.5, len(history) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _limit_accuracy(axes: Axes, history: History) -> None:
    values = np.concatenate([_finite(history.accuracy), _finite(history.val_accuracy)])
    low = np.nanmin(values) if np.isfinite(values).any() else 0.0
    axes.set_ylim(max(0.0, np.floor((low - 0.02) * 20) / 20), 1.01)  # down to a multiple of 0.05


def _limit_loss(axes: Axes, history: History) -> None:
    values = np.concatenate([history.loss, history.val_loss])
    finite = values[np.isfinite(values)]
    if len(finite) and finite.min() > 0 and finite.max() > LOG_RATIO * np.median(finite):
        axes.set_yscale("log")
    elif len(finite) and finite.max() > 0:
        axes.set_ylim(0, 1.05 * finite.max())
    if missing := len(values) - len(finite):
        axes.set_xlabel(f"epoch ({missing} of {len(values)} losses are NaN or infinite)")


def _mark_phases(axes: Axes, history: History) -> None:
    phases = history.phases
    slanted: dict[str, Any] = {}
    if len(phases) > 3:  # side by side they would touch
        slanted = {"rotation": 30, "rotation_mode": "anchor"}
    for phase in phases:
        start = history.rows(phase)[0] + 0.5
        if phase != phases[0]:
            axes.axvline(start, color=GRAY, linestyle=(0, (4, 3)), linewidth=1.2)
        axes.text(
            start,
            1.015,
            _label_phase(phase, len(phases)),
            transform=axes.get_xaxis_transform(),  # x in epochs, y in heights of the panel
            ha="left",
            va="bottom",
            color=GRAY,
            parse_math=False,
            **slanted,
        )


def _label_phase(phase: str, count: int) -> str:
    """Return the name of a phase; of many, such as finetune_2, the number tells."""
    base, _, number = phase.rpartition("_")
    return number if base and number.isdigit() and count > 3 else shorten(phase, 20) + " →"


def _mark_kept(axes: Axes, history: History, quantity: str) -> None:
    kept = history.kept_phase
    row = history.best_row(kept)
    value = getattr(history, f"val_{quantity}")[row]
    if not np.isfinite(value):
        return
    axes.plot(
        [row + 1],
        [value],
        linestyle="none",
        marker="o",
        markersize=10,
        markerfacecolor=VERMILION,
        markeredgecolor="black",
        markeredgewidth=1.5,
        zorder=4,
        clip_on=False,  # the last epoch lies at the edge
        label=f"kept weights: epoch {row + 1} ({shorten(kept, 20)} {history.best_epoch(kept)})",
    )
    _, height = axes.transAxes.inverted().transform(axes.transData.transform((row + 1, value)))
    axes.annotate(
        f"{value:.3f}" if value < 1000 else f"{value:.2g}",
        (row + 1, value),
        xytext=(0, -36 if height > 0.5 else 36),  # points, to where the panel is emptier
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "color": "black"},
        ha="right" if row > 0.9 * len(history) else "center",
        va="center",
        fontsize=11,
        fontweight="bold",
        zorder=5,
    )


def _finite(values: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(values), values, np.nan)
