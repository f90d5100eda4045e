"""An empty figure and how it is written: without pyplot, a display or a global setting."""

import textwrap
import warnings
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

# M. Okabe and K. Ito, "Color Universal Design" (2008): told apart by colour-blind readers
BLUE = "#0072B2"
VERMILION = "#D55E00"
GRAY = "#767676"

DPI = 110


def create_figure(width: float, height: float, title: str) -> Figure:
    """Return an empty figure of `width` x `height` inches that keeps its texts apart.

    A title that is wider than the figure takes several lines.
    """
    layout = ConstrainedLayoutEngine(compress=True, h_pad=0.07, w_pad=0.06)  # inches
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")
    FigureCanvasAgg(figure)
    lines = textwrap.fill(title, int(width / 0.11))  # a letter of 12 points is 0.11 inches wide
    figure.suptitle(lines, fontsize=12, fontweight="bold", parse_math=False)
    return figure


def write_figure(figure: Figure, file: Path) -> None:
    """Write a figure as PNG to `file`, at 110 dots per inch."""
    with warnings.catch_warnings():
        # a class name in a script the font lacks is drawn as boxes; nobody can mend that here
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
        figure.savefig(file, format="png")
