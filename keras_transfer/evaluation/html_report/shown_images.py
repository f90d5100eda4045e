"""The examples that a report has in it: which ones, and as which bytes or words."""

import base64
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from keras_transfer.run.predictions_csv import Predictions, fill_missing
from keras_transfer.system.machine import count_cores
from keras_transfer.system.terminal.visible_text import show_name

DrawExample = Callable[[Path, int], np.ndarray | tuple[str, ...] | None]

SIDE = 128  # of a thumbnail, in pixels
MOST, MOST_WRONG = 800, 600  # images
MOST_DOUBTED = 24
MOST_LETTERS = 5_500_000  # of all thumbnails, so that a page stays below 8 MB
QUALITY = 78  # of JPEGs
BETWEEN = " | "  # the two texts of a pair
LONGEST = 400  # letters of a text
AHEAD = 32  # images that threads draw before the page has room for them


class Shown(NamedTuple):
    """Images or texts of a page."""

    rows: list[int]
    """Of the predictions, the lowest probability of the true class first."""
    contents: list[str]
    """Of each, the `data:` address of its thumbnail, or the beginning of its text; "" where it
    cannot be read any more."""


def choose_rows(predictions: Predictions) -> np.ndarray:
    """Return the rows of the images that say most, at most `MOST`, what says most first.

    Those that are wrong come first. Of them, the ones with the lowest probability of their class
    for each pair of classes that is confused, then the next ones: a click on any pair finds images.
    Then those that are right, the least certain ones of each class in the same way.

    Args:
        predictions: Images of one split.
    """
    chances = predictions.truth_probability
    right = predictions.truth == predictions.prediction
    cells = predictions.truth * len(predictions.class_names) + predictions.prediction
    ranks = _rank_within(cells, chances)
    order = np.lexsort((chances, ranks, right))
    wrong = int((~right).sum())
    kept = [*order[: min(wrong, MOST_WRONG)], *order[wrong:]]
    return np.array(kept[:MOST], np.int64)


def _rank_within(groups: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return how many of its group have a lower value than each."""
    order = np.lexsort((values, groups))
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.append(True, sorted_groups[1:] != sorted_groups[:-1]))[: len(groups)]
    ranks = np.arange(len(groups)) - np.repeat(starts, np.diff(np.append(starts, len(groups))))
    found = np.empty(len(groups), np.int64)
    found[order] = ranks
    return found


def find_doubted(predictions: Predictions) -> list[int]:
    """Return the rows of at most `MOST_DOUBTED` images whose label looks wrong, the worst first.

    An image is one if the model says another class, and is as sure of it as it is on average of
    the images that have that label: the threshold of confident learning.

    Args:
        predictions: Images of one split, whose labels were not learned from.

    References:
        C. Northcutt, L. Jiang, I. Chuang, "Confident Learning: Estimating Uncertainty in Dataset
        Labels", Journal of Artificial Intelligence Research 70 (2021), section 3.1.
    """
    probabilities, truth = fill_missing(predictions.probabilities), predictions.truth
    given, classes = predictions.truth_probability, probabilities.shape[1]
    images = np.bincount(truth, minlength=classes)
    sure = np.bincount(truth, weights=given, minlength=classes) / np.maximum(images, 1)
    sure[images == 0] = 1.0
    said = predictions.prediction
    doubted = (said != truth) & (probabilities.max(axis=1) >= sure[said])
    rows = np.flatnonzero(doubted)
    order = np.argsort(given[rows], kind="stable")
    return [int(row) for row in rows[order][:MOST_DOUBTED]]


def draw_shown(
    predictions: Predictions, root: Path, draw_example: DrawExample, most: int = MOST_LETTERS
) -> Shown:
    """Return the examples of `choose_rows` with what is shown of them, as far as there is room.

    Args:
        predictions: Images of one split.
        root: Folder that their paths start from.
        draw_example: Returns a file's tile of so many pixels, or None; see `Modality.draw_example`.
        most: Letters of all of them.
    """
    rows = choose_rows(predictions).tolist()
    files = [root / path for path in predictions.paths[rows].tolist()]
    found: list[tuple[int, str]] = []
    letters = 0
    for row, content in zip(rows, _draw_contents(files, draw_example), strict=True):
        letters += len(content)
        if letters > most:
            break
        found.append((row, content))
    chances = predictions.truth_probability
    found.sort(key=lambda each: chances[each[0]])
    return Shown([row for row, _ in found], [content for _, content in found])


def _draw_contents(files: Sequence[Path], draw_example: DrawExample) -> Iterator[str]:
    """Yield what is shown of each file; some more than are taken may be drawn."""

    def draw(file: Path) -> str:
        shown = draw_example(file, SIDE)
        if isinstance(shown, tuple):
            return show_name(shorten_text(BETWEEN.join(shown), LONGEST))
        return "" if shown is None else encode_tile(shown)

    with ThreadPoolExecutor(count_cores()) as threads:
        for start in range(0, len(files), AHEAD):
            yield from threads.map(draw, files[start : start + AHEAD])


def shorten_text(text: str, most: int) -> str:
    """Return the beginning of a text in one line, up to a blank where there is one."""
    line = " ".join(text[: 2 * most].split())
    return line if len(line) <= most else line[: most + 1].rsplit(" ", 1)[0][:most] + " …"


def encode_tile(tile: np.ndarray) -> str:
    """Return an image (rows, columns, 3) of uint8 as a `data:` address that a page can show."""
    stream = io.BytesIO()
    Image.fromarray(tile).save(stream, "jpeg", quality=QUALITY, optimize=True)
    return link_picture(stream.getvalue(), "jpeg")


def link_picture(content: bytes, kind: str) -> str:
    """Return a picture as an address that holds it.

    Args:
        content: Of its file.
        kind: png or jpeg.
    """
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
