"""augmentation.png: some training images and what the augmentation makes of them, side by side."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from keras_transfer.evaluation.figures.canvas import DPI, create_figure, wrap_title, write_figure
from keras_transfer.evaluation.figures.lettering import label_classes

TILE, GAP = 96, 4  # pixels
LINE = 22  # pixels of each line of the title but the first
TEXT = 14  # pixels below a row of mixed images
LEFT, TOP = 24, 66  # pixels for the names of the rows; for the title and the numbers of the views


def draw_view_sheet(
    tiles: np.ndarray,
    labels: np.ndarray,
    class_names: tuple[str, ...],
    file: Path,
    title: str,
) -> None:
    """Write augmentation.png: a row per image, first the image itself and then its views.

    Args:
        tiles: (images, 1 + views, side, side, 3), uint8.
        labels: (images, 1 + views, classes); where images are mixed it is said of what.
        class_names: In index order.
        file: PNG to write.
        title: One line above the images.
    """
    write_figure(build_view_sheet(tiles, labels, class_names, title), file)


def build_view_sheet(
    tiles: np.ndarray,
    labels: np.ndarray,
    class_names: tuple[str, ...],
    title: str,
) -> Figure:
    """Return the figure of `draw_view_sheet`."""
    mixed = bool((labels.max(axis=2) < 1).any())
    step, down = TILE + GAP, TILE + GAP + (TEXT if mixed else 0)
    rows, columns = tiles.shape[:2]
    sheet = np.full((rows * down, columns * step, 3), 255, np.uint8)
    for row, column in np.ndindex(rows, columns):
        top, left = row * down, column * step + (GAP if column else 0)
        tile = _shrink(tiles[row, column])[:, : columns * step - left]
        sheet[top : top + TILE, left : left + TILE] = tile
    width = columns * step + LEFT
    lines = wrap_title(title, width / DPI).count("\n") + 1
    height = rows * down + TOP + (lines - 1) * LINE
    figure = create_figure(width / DPI, height / DPI, title)
    # One image on one pair of axes at a place of its own, pixel by pixel: 52 axes, or a layout to
    # be found, would take longer than the views.
    figure.set_layout_engine("none")
    axes = figure.add_axes((LEFT / width, 0, columns * step / width, rows * down / height))
    axes.imshow(sheet, aspect="auto", interpolation="nearest")
    centres = np.arange(columns) * step + TILE / 2
    axes.set_xticks(centres, ["image", *map(str, range(1, columns))], fontsize=8)
    titles = label_classes(class_names, 18)
    names = [titles[index] for index in labels[:, 0].argmax(axis=1)]
    middles = np.arange(rows) * down + TILE / 2
    axes.set_yticks(middles, names, fontsize=8, rotation=90, va="center", parse_math=False)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.spines[:].set_visible(False)
    if mixed:
        _name_mixes(axes, labels[:, 1:], class_names, centres[1:], np.arange(rows) * down + TILE)
    return figure


def _name_mixes(
    axes: Axes,
    labels: np.ndarray,
    class_names: tuple[str, ...],
    centres: np.ndarray,
    bottoms: np.ndarray,
) -> None:
    """Write the two largest shares below each view."""
    names = label_classes(class_names, 6)
    for row, column in np.ndindex(labels.shape[:2]):
        label = labels[row, column]
        best = [int(index) for index in np.argsort(-label, kind="stable")[:2] if label[index] > 0]
        text = " ".join(f"{names[index]} {label[index]:.0%}" for index in best)
        axes.text(
            float(centres[column]),
            float(bottoms[row]),
            text,
            fontsize=5.5,
            ha="center",
            va="top",
            parse_math=False,
        )


def _shrink(pixels: np.ndarray) -> np.ndarray:
    """Return an image as a tile; small ones keep their pixels visible."""
    kind = Image.Resampling.BOX if len(pixels) > TILE else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(pixels).resize((TILE, TILE), kind))
