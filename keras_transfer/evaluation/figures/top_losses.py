"""top_losses.png: the examples with the highest loss: images as the network sees them, or texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from keras_transfer.config.messages import count_of
from keras_transfer.evaluation.figures.canvas import (
    BLUE,
    DPI,
    GRAY,
    VERMILION,
    create_figure,
    wrap_title,
    write_figure,
)
from keras_transfer.evaluation.figures.lettering import isolate, measure, name_classes, wrap_name
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.system.terminal.visible_text import show_name

DrawExample = Callable[[Path, int], np.ndarray | tuple[str, ...] | None]

COUNT = 12  # examples
TILE = 220  # side of an image, in pixels
TILE_INCHES, GAP = TILE / DPI, 0.25  # inches
COLUMNS = 4
SIZE = 8  # of letters in captions, in points
LETTERS = 72 * TILE_INCHES / SIZE  # width of a tile in such sizes
MOST_LINES = 13  # of a text on a tile
LINE = 0.14  # inches from a line of a caption to the next
HEADER = 0.42  # inches above the first row, with one line of the title
EXPLANATION = """truth → prediction with its probability, framed blue where they agree
below: probability of the truth, path"""


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One example: its file, and what stands above and below it."""

    file: Path
    above: str
    below: str
    right: bool  # whether the prediction is the truth


def draw_top_losses(
    predictions: Predictions,
    root: Path,
    file: Path,
    draw_example: DrawExample,
    count: int = COUNT,
    noun: str = "image",
) -> None:
    """Write top_losses.png: the examples whose true class was given the lowest probability.

    Args:
        predictions: Examples of one split, or of several.
        root: Folder that the paths of `predictions` start from. An example that cannot be opened
            there (any more) is a gray tile with its name.
        file: PNG to write.
        draw_example: Returns a file's tile of so many pixels; see `Modality.draw_example`.
        count: Number of examples to show, fewer where there are fewer.
        noun: What one of them is called.
    """
    write_figure(build_top_losses(predictions, root, draw_example, count, noun), file)


def build_top_losses(
    predictions: Predictions,
    root: Path,
    draw_example: DrawExample,
    count: int = COUNT,
    noun: str = "image",
) -> Figure:
    """Return the figure of `draw_top_losses`, highest loss -log p(truth) first."""
    order = np.argsort(predictions.truth_probability, kind="stable")[:count]
    tiles = _caption(predictions.take(order), root)
    wrong = int((predictions.truth != predictions.prediction).sum())
    title = _title_top_losses(len(tiles), wrong, count_of(len(predictions), noun))
    return build_sheet(tiles, title, EXPLANATION, draw_example)


def build_sheet(
    tiles: Sequence[Tile], title: str, explanation: str, draw_example: DrawExample
) -> Figure:
    """Return a figure of images or texts in rows, each with its captions.

    Args:
        tiles: In order, at least one.
        title: Of the figure.
        explanation: What the captions are, in two lines below the title.
        draw_example: Returns a file's tile of so many pixels; see `Modality.draw_example`.
    """
    columns = min(COLUMNS, max(len(tiles), 3))  # three have room for the title
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    tops, bottoms = ([_measure(row, name) for row in rows] for name in ("above", "below"))
    width = columns * (TILE_INCHES + GAP) + GAP
    header = HEADER + 0.2 * wrap_title(title, width).count("\n") + 0.4  # two lines of words
    height = header + sum(tops) + sum(bottoms) + len(rows) * (TILE_INCHES + GAP)
    figure = create_figure(width, height, title)
    # Each tile at a place of its own: a layout to be found would take as long as the images.
    figure.set_layout_engine("none")
    _explain(figure, header, explanation)
    bottom = height - header
    for row, above, below in zip(rows, tops, bottoms, strict=True):
        bottom -= above + TILE_INCHES
        for column, tile in enumerate(row):
            left = GAP + column * (TILE_INCHES + GAP)
            place = (left / width, bottom / height, TILE_INCHES / width, TILE_INCHES / height)
            _draw_tile(figure.add_axes(place), tile, draw_example(tile.file, TILE))
        bottom -= below + GAP
    return figure


def _caption(predictions: Predictions, root: Path) -> list[Tile]:
    """Return the tiles of images: truth → prediction and its probability, and where the file is."""
    names, tiles = list(map(show_name, name_classes(predictions.class_names))), []
    prediction, chances = predictions.prediction, predictions.truth_probability
    for row, path in enumerate(predictions.paths):
        truth, other = int(predictions.truth[row]), int(prediction[row])
        chance = predictions.probabilities[row, other]
        below = f"p(truth) {say_chance(chances[row])}\n{caption_file(path)}"
        above = caption_change(names[truth], names[other], chance)
        tiles.append(Tile(file=root / path, above=above, below=below, right=truth == other))
    return tiles


def caption_change(before: str, after: str, chance: float) -> str:
    """Return a class, an arrow, and another with its probability, in as many lines as it takes."""
    return _join((before, " "), ("→ ", after, f" {say_chance(chance)}"))


def caption_file(path: str) -> str:
    """Return the last folder and the name of a file, in as many lines as it takes."""
    *folder, name = map(show_name, Path(path).parts[-2:])
    return _join(*((part, "/") for part in folder), (name,))


def _join(*parts: tuple[str, ...]) -> str:
    """Return parts of a caption, of some texts each, in one line or else in lines of their own."""
    together = tuple(text for part in parts for text in part)
    return _lay(together) if _fits(together) else "\n".join(map(_lay, parts))


def _lay(texts: tuple[str, ...]) -> str:
    if _fits(texts):
        return "".join(map(isolate, texts))
    return "\n".join(map(isolate, wrap_name("".join(texts), LETTERS)))


def _fits(texts: tuple[str, ...]) -> bool:
    return measure("".join(texts)) <= LETTERS


def _measure(row: Sequence[Tile], name: str) -> float:
    """Return the inches that the captions of a row take, above or below."""
    return LINE * max(getattr(tile, name).count("\n") + 1 for tile in row) + 0.06


def _title_top_losses(shown: int, wrong: int, examples: str) -> str:
    title = f"Highest losses: {shown} of {examples}"
    if wrong >= shown:
        return f"{title} ({wrong} wrong)"
    return f"{title}, {f'only {wrong}' if wrong else 'none'} of them wrong"


def _explain(figure: Figure, header: float, explanation: str) -> None:
    width, height = figure.get_size_inches()
    # its default is a share of the height, which grows with the images
    figure.suptitle(figure.get_suptitle(), y=1 - 0.1 / height, fontsize=12, fontweight="bold")
    figure.text(
        0.5,
        1 - (header - 0.12) / height,
        explanation,
        ha="center",
        fontsize=8.5 if width > 7 else 7.5,
        color=GRAY,
    )


def _draw_tile(axes: Axes, tile: Tile, shown: np.ndarray | tuple[str, ...] | None) -> None:
    if shown is None:
        shown = np.full((TILE, TILE, 3), 0xD9, np.uint8)  # light gray
        axes.text(TILE / 2, TILE / 2, "cannot be opened", ha="center", va="center", fontsize=9)
    if isinstance(shown, tuple):
        words, place = "\n".join(_break_text(" | ".join(shown))), axes.transAxes
        axes.text(0.04, 0.96, words, va="top", fontsize=SIZE, transform=place, parse_math=False)
    else:
        axes.imshow(shown, aspect="auto")
    axes.set_title(tile.above, fontsize=SIZE, loc="left", pad=4, parse_math=False)
    axes.set_xlabel(tile.below, fontsize=SIZE, loc="left", labelpad=3, parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=BLUE if tile.right else VERMILION, linewidth=2.5)


def _break_text(text: str) -> list[str]:
    """Return the lines of a text that a tile has room for."""
    words = show_name(" ".join(text[: 64 * MOST_LINES].split()))
    lines = wrap_name(words, 0.92 * LETTERS)
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], lines[MOST_LINES - 1] + " …"]
    return lines


def say_chance(probability: float) -> str:
    """Return a probability in three decimals; "?" where there is none."""
    if np.isnan(probability):
        return "?"
    return f"{probability:.3f}" if not 0 <= probability < 0.0005 else "< 0.001"
