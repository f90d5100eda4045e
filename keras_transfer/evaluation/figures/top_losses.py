"""top_losses.png: the images with the highest loss."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_transfer.config.messages import shorten
from keras_transfer.evaluation.figures.canvas import BLUE, VERMILION, create_figure, write_figure
from keras_transfer.evaluation.figures.lettering import label_classes
from keras_transfer.run.predictions_csv import Predictions

DrawExample = Callable[[Path, int], np.ndarray | None]

TILE = 200  # side of an image in top_losses.png, in pixels


def draw_top_losses(
    predictions: Predictions, root: Path, file: Path, draw_example: DrawExample, count: int = 12
) -> None:
    """Write top_losses.png: the images whose true class was given the lowest probability.

    Args:
        predictions: Images of one split, or of several.
        root: Folder that the paths of `predictions` start from. An image that cannot be opened
            there (any more) is a gray tile with its name.
        file: PNG to write.
        draw_example: See `Modality.draw_example`.
        count: Number of images to show, fewer where there are fewer.
    """
    write_figure(build_top_losses(predictions, root, draw_example, count), file)


def build_top_losses(
    predictions: Predictions, root: Path, draw_example: DrawExample, count: int = 12
) -> Figure:
    """Return the figure of `draw_top_losses`, highest loss -log p(truth) first."""
    chances = predictions.truth_probability
    order = np.argsort(chances, kind="stable")[: max(count, 0)].tolist()
    truth, prediction = predictions.truth, predictions.prediction
    wrong = int((truth != prediction).sum())
    columns = max(1, min(4, len(order)))
    rows = max(1, -(-len(order) // columns))
    title = _title_top_losses(len(order), wrong, len(predictions))
    figure = create_figure(max(1.9 * columns, 6.0), 2.6 * rows + 0.6, title)
    names = label_classes(predictions.class_names, 15)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, row in zip(grid, order, strict=False):
        file = root / predictions.paths[row]
        _draw_tile(
            axes,
            draw_example(file, TILE),
            file.name,
            names[truth[row]],
            names[prediction[row]],
            truth[row] == prediction[row],
            float(chances[row]),
        )
    for axes in grid[len(order) :]:
        axes.set_axis_off()
    return figure


def _title_top_losses(shown: int, wrong: int, images: int) -> str:
    title = f"Highest losses: {shown} of {images} images"
    if wrong >= shown:
        return f"{title} ({wrong} wrong)"
    return f"{title}, {f'only {wrong}' if wrong else 'none'} of them wrong"


def _draw_tile(
    axes: Axes,
    pixels: np.ndarray | None,
    name: str,
    truth: str,
    prediction: str,
    right: bool,
    chance: float,
) -> None:
    if pixels is None:
        pixels = np.full((TILE, TILE, 3), 0xD9, np.uint8)  # light gray
        axes.text(TILE / 2, TILE / 2, "cannot be opened", ha="center", va="center", fontsize=9)
    axes.imshow(pixels)
    text = f"truth: {truth}\nprediction: {prediction}"
    axes.set_title(text, fontsize=9, loc="left", parse_math=False)
    number = f"{chance:.3f}" if chance >= 0.0005 else "< 0.001"
    text = f"p(truth) {number}\n{shorten(name, 27)}"
    axes.set_xlabel(text, fontsize=8, loc="left", parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=BLUE if right else VERMILION, linewidth=2.5)
