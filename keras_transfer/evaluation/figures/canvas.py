"""An empty figure and how it is written: without pyplot, a display or a global setting."""

import logging
import textwrap
import warnings
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from keras_transfer.evaluation.figures.lettering import choose_fonts
from keras_transfer.system.terminal.visible_text import count_cells, show

# M. Okabe and K. Ito, "Color Universal Design" (2008): told apart by colour-blind readers
BLUE = "#0072B2"
VERMILION = "#D55E00"
GRAY = "#767676"

DPI = 110
LEAST_RANGE = 0.1  # of accuracy on an axis: a difference of one image does not look like a cliff


def create_figure(width: float, height: float, title: str) -> Figure:
    """Return an empty figure of `width` x `height` inches that keeps its texts apart.

    A title that is wider than the figure takes several lines.
    """
    layout = ConstrainedLayoutEngine(compress=True, h_pad=0.07, w_pad=0.06)  # inches
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(wrap_title(title, width), fontsize=12, fontweight="bold", parse_math=False)
    return figure


def wrap_title(title: str, width: float) -> str:
    """Return a title in lines that a figure of `width` inches has room for."""
    title = show(title)
    letters = width / 0.11  # a letter of 12 points is 0.11 inches wide, a Chinese one twice that
    share = len(title) / count_cells(title) if title else 1
    return textwrap.fill(title, int(letters * share))


def write_figure(figure: Figure, file: Path) -> None:
    """Write a figure as PNG to `file`, at 110 dots per inch, in fonts that have its letters."""
    choose_fonts(figure)
    canvas = FigureCanvasAgg(figure)
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it warns of each font without a bold face
    try:
        with warnings.catch_warnings():
            # the bold face of a font may lack what the regular one has
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
            canvas.draw()  # `savefig` would draw twice, the first time to find places only
    finally:
        logger.setLevel(level)
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")  # all of it is opaque
    # by its default photographs would take as long as all the rest, to be 1 % smaller
    image.save(file, format="png", dpi=(DPI, DPI), compress_level=4)
