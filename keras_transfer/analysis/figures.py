"""What a model gets wrong, drawn: the confusion matrix and the images with the highest loss."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from keras_transfer.analysis.canvas import (
    BLUE,
    VERMILION,
    create_figure,
    shorten,
    write_figure,
)
from keras_transfer.analysis.metrics import count_confusions
from keras_transfer.predictions import Predictions

NUMBERED_CLASSES = 20  # up to here the cells have room for numbers
LABELLED_CLASSES = 50  # labels along one axis that do not touch
TILE = 200  # side of an image in top_losses.png, in pixels


def draw_confusion_matrix(predictions: Predictions, file: Path, title: str) -> None:
    """Write confusion_matrix.png: counts in the cells, shares of the true class as colour.

    Args:
        predictions: Images of one split, or of several to be counted together.
        file: PNG to write; its side grows with the classes up to about 1300 pixels.
        title: One line above the matrix.
    """
    write_figure(build_confusion_matrix(predictions, title), file)


def build_confusion_matrix(predictions: Predictions, title: str) -> Figure:
    """Return the figure of `draw_confusion_matrix`; classes without images stay white."""
    counts = count_confusions(predictions)
    classes = len(counts)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    numbered = classes <= NUMBERED_CLASSES
    side = float(np.clip(0.58 * classes if numbered else 0.1 * classes, 3, 9))  # inches
    figure = create_figure(side + 2.6, side + 1.8, title)
    axes = figure.subplots()
    norm = PowerNorm(1.0 if numbered else 0.5, 0, 1)  # rare errors must show without a number
    image = axes.imshow(shares, cmap="Blues", norm=norm)
    figure.colorbar(image, label="share of the true class", fraction=0.046, pad=0.03)
    _label_classes(axes, predictions.class_names, side / classes)
    if numbered:
        _number_cells(axes, counts, shares)
    return figure


def draw_top_losses(predictions: Predictions, root: Path, file: Path, count: int = 12) -> None:
    """Write top_losses.png: the images whose true class was given the lowest probability.

    Args:
        predictions: Images of one split, or of several.
        root: Folder that the paths of `predictions` start from. An image that cannot be opened
            there (any more) is a gray tile with its name.
        file: PNG to write.
        count: Number of images to show, fewer where there are fewer.
    """
    write_figure(build_top_losses(predictions, root, count), file)


def build_top_losses(predictions: Predictions, root: Path, count: int = 12) -> Figure:
    """Return the figure of `draw_top_losses`, highest loss -log p(truth) first."""
    chances = predictions.truth_probability
    order = np.argsort(chances, kind="stable")[: max(count, 0)].tolist()
    truth, prediction = predictions.truth, predictions.prediction
    wrong = int((truth != prediction).sum())
    columns = max(1, min(4, len(order)))
    rows = max(1, -(-len(order) // columns))
    title = _title_top_losses(len(order), wrong, len(predictions))
    figure = create_figure(max(1.9 * columns, 6.0), 2.6 * rows + 0.6, title)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, row in zip(grid, order, strict=False):
        _draw_tile(
            axes,
            root / predictions.paths[row],
            predictions.class_names[truth[row]],
            predictions.class_names[prediction[row]],
            float(chances[row]),
        )
    for axes in grid[len(order) :]:
        axes.set_axis_off()
    return figure


def _label_classes(axes: Axes, class_names: tuple[str, ...], cell: float) -> None:
    """Name rows and columns of cells of `cell` inches; leave out names that would touch."""
    classes = len(class_names)
    step = -(-classes // LABELLED_CLASSES)
    ticks = np.arange(0, classes, step)
    labels = [shorten(class_names[index], 24) for index in ticks]
    size = 10 if classes <= 10 else 8 if classes <= 30 else 7
    level = max(map(len, labels)) * size * 0.009 < cell * step  # inches: the names fit side by side
    turn: dict[str, Any] = (
        {} if level else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    )
    axes.set_xticks(ticks, labels, fontsize=size, parse_math=False, **turn)
    axes.set_yticks(ticks, labels, fontsize=size, parse_math=False)
    axes.set_xlabel("prediction")
    axes.set_ylabel("truth")


def _number_cells(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    classes = len(counts)
    size = 12 if classes <= 4 else 9 if classes <= 10 else 7.5
    for row, column in np.ndindex(counts.shape):
        number, share = int(counts[row, column]), float(shares[row, column])
        if number == 0 and classes > 4:
            continue  # empty cells would hide the errors among them
        axes.text(
            column,
            row,
            f"{number}\n{_format_share(share)}",
            ha="center",
            va="center",
            fontsize=size,
            color="white" if share > 0.55 else "black",
        )


def _format_share(share: float) -> str:
    """Return whole percents that say 0 and 100 only where it is exactly so."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _title_top_losses(shown: int, wrong: int, images: int) -> str:
    title = f"Highest losses: {shown} of {images} images"
    if wrong >= shown:
        return f"{title} ({wrong} wrong)"
    return f"{title}, {f'only {wrong}' if wrong else 'none'} of them wrong"


def _draw_tile(axes: Axes, file: Path, truth: str, prediction: str, chance: float) -> None:
    pixels = _read_tile(file)
    if pixels is None:
        pixels = np.full((TILE, TILE, 3), 0xD9, np.uint8)  # light gray
        axes.text(TILE / 2, TILE / 2, "cannot be opened", ha="center", va="center", fontsize=9)
    axes.imshow(pixels)
    text = f"truth: {shorten(truth, 20)}\nprediction: {shorten(prediction, 20)}"
    axes.set_title(text, fontsize=9, loc="left", parse_math=False)
    number = f"{chance:.3f}" if chance >= 0.0005 else "< 0.001"
    text = f"p(truth) {number}\n{shorten(file.name, 27)}"
    axes.set_xlabel(text, fontsize=8, loc="left", parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=BLUE if truth == prediction else VERMILION, linewidth=2.5)


def _read_tile(file: Path) -> np.ndarray | None:
    """Return an image upright and padded to (TILE, TILE, 3) bytes, or None if it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about huge or odd files, which the doctor reports
            with Image.open(file) as image:
                image.draft("RGB", (2 * TILE, 2 * TILE))  # JPEG: decode no more than is shown
                upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I"):  # 16-bit gray, which `convert` would cut off at 255
                upright = Image.fromarray((np.asarray(upright) // 256).astype(np.uint8))
            tile = ImageOps.pad(upright.convert("RGB"), (TILE, TILE), color="white")
            return np.asarray(tile)
    except Exception:  # Pillow raises a dozen types on damaged files; a figure needs none of them
        return None
