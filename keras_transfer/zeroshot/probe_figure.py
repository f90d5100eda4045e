"""probe.png: what a few labelled images a class are worth, against none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from keras_transfer.config.messages import count_of
from keras_transfer.evaluation.figures.canvas import (
    BLUE,
    LEAST_RANGE,
    VERMILION,
    create_figure,
    write_figure,
)
from keras_transfer.evaluation.metrics import wilson_interval


def draw_probe(summary: Mapping[str, Any], values: Mapping[int, list[float]], file: Path) -> None:
    """Write probe.png.

    Args:
        summary: What `summarize_probe` returned.
        values: Images a class → accuracy of each seed.
        file: PNG to write, about 900 pixels wide.
    """
    write_figure(build_probe(summary, values), file)


def build_probe(summary: Mapping[str, Any], values: Mapping[int, list[float]]) -> Figure:
    """Return the figure of `draw_probe`."""
    images = count_of(summary["images"], f"{summary['split']} image")
    figure = create_figure(8, 4.6, f"CLIP without training, and with a few images ({images})")
    axes = figure.subplots()
    shots = np.array([row["shots"] for row in summary["shots"]])
    means = np.array([row["accuracy"] for row in summary["shots"]])
    zero = summary["zero_shot_accuracy"]
    low, high = wilson_interval(zero * summary["images"], summary["images"])
    axes.axhline(zero, color=BLUE, linewidth=2, label=f"zero-shot: {zero:.3f}")
    axes.axhspan(low, high, color=BLUE, alpha=0.12, linewidth=0, label="its 95 % interval")
    for shot in shots.tolist():
        axes.plot(
            np.full(len(values[shot]), shot),
            values[shot],
            linestyle="none",
            marker="o",
            markersize=4,
            color=VERMILION,
            alpha=0.45,
        )
    axes.plot(
        shots,
        means,
        color=VERMILION,
        linewidth=2,
        marker="o",
        label=f"probe: mean of {summary['shots'][0]['seeds']} draws, each a dot",
    )
    for shot, mean in zip(shots.tolist(), means.tolist(), strict=True):
        axes.annotate(
            f"{mean:.2f}",
            (shot, mean),
            xytext=(7, 7),
            textcoords="offset points",
            fontsize=9,
            bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.8},
        )
    _limit(axes, [low, high, *(value for each in values.values() for value in each)])
    axes.set_xscale("log", base=2)
    axes.margins(x=0.1)  # room for the label of the last point
    axes.set_xticks(shots, [str(shot) for shot in shots])
    axes.set_xlabel("training images of each class")
    axes.set_ylabel("accuracy")
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _limit(axes: Any, values: list[float]) -> None:
    low, high = max(0.0, min(values) - 0.03), min(1.0, max(values) + 0.03)
    if high - low < LEAST_RANGE:
        middle = (low + high) / 2
        low, high = middle - LEAST_RANGE / 2, middle + LEAST_RANGE / 2
    axes.set_ylim(low, high + 0.01)
