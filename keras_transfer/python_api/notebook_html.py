"""What a notebook shows of our objects: small HTML in which names from outside stay text."""

import base64
import html
import io
import numbers
import os
import urllib.parse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from keras_transfer.system.terminal.visible_text import show_name

WIDTH = 640  # pixels of a picture within other HTML
COLOURS = 256  # of it: curves and bars have few
LARGEST = 100_000  # bytes of it; a larger one is left out
ROWS = 12  # of a table


def escape(text: Any) -> str:
    """Return a text that no HTML, script or unseen letter in it can act from."""
    return html.escape(show_name(str(text)))


def join_html(*parts: str) -> str:
    """Return one block of HTML of several."""
    return f"<div>{''.join(part for part in parts if part)}</div>"


def draw_line(text: str, bold: bool = False) -> str:
    """Return a line of text."""
    shown = escape(text)
    return f"<div>{f'<b>{shown}</b>' if bold else shown}</div>"


def draw_path(path: Path) -> str:
    """Return a line that says where something is."""
    return f"<div><code>{escape(path)}</code></div>"


def draw_link(file: Path) -> str:
    """Return a line that opens a file: notebooks serve what lies below the folder they are in."""
    try:
        below = file.absolute().relative_to(Path.cwd())
    except ValueError:
        return draw_path(file)
    address = html.escape(urllib.parse.quote(os.fsencode(below.as_posix())))
    return f'<div><a href="{address}" target="_blank">{escape(file.name)}</a></div>'


def draw_html_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table of the first `ROWS` rows; floats get 3 decimals, None is empty."""
    rows = list(rows)
    first = rows[0] if rows else columns
    head = "".join(
        f'<th style="text-align:{_align(cell)}">{escape(name)}</th>'
        for name, cell in zip(columns, first, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_draw_cell, row))}</tr>" for row in rows[:ROWS])
    more = f"<div>… {len(rows) - ROWS:,} more</div>" if len(rows) > ROWS else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _draw_cell(cell: Any) -> str:
    if cell is None:
        return "<td></td>"
    if isinstance(cell, bool) or not isinstance(cell, numbers.Real):
        said = escape(cell)
    else:
        said = f"{int(cell):,}" if isinstance(cell, numbers.Integral) else f"{float(cell):.3f}"
    return f'<td style="text-align:{_align(cell)}">{said}</td>'


def _align(cell: Any) -> str:
    """Return the side on which a cell stands, and so does the heading of its column."""
    is_text = isinstance(cell, bool) or not isinstance(cell, numbers.Real | None)
    return "left" if is_text else "right"


def draw_thumbnail(file: Path, said: str) -> str:
    """Return a figure small enough to stand in every notebook; "" if it cannot be read.

    Args:
        file: PNG.
        said: What it shows, for those who cannot see it.
    """
    from PIL import Image

    from keras_transfer.images.decoding.image_formats import open_image

    stream = io.BytesIO()
    try:
        with open_image(file) as figure:
            figure.thumbnail((WIDTH, WIDTH), Image.Resampling.LANCZOS)
            figure.convert("RGB").quantize(COLOURS).save(stream, "PNG", optimize=True)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ""
    content = stream.getvalue()
    if len(content) > LARGEST:
        return ""
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="{escape(said)}" src="data:image/png;base64,{data}">'
