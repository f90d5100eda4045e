"""Draw tables as plain text, the same on a terminal, in a log file and in a notebook."""

import io
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

from keras_transfer.system.terminal.visible_text import show_name


def draw_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str = "", width: int = 120
) -> str:
    """Return a table as text; columns whose every cell is a number are aligned right.

    Args:
        columns: Headings.
        rows: Cells; floats get 3 decimals, None is empty.
        title: A line above.
        width: Letters of a line; longer texts are wrapped.
    """
    import rich.box
    import rich.console
    import rich.table
    import rich.text

    cells = [[_say(cell) for cell in row] for row in rows]
    heading = rich.text.Text(show_name(title)) if title else None
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, title=heading, title_justify="left")
    for index, name in enumerate(columns):
        numeric = all(_is_number(row[index]) for row in cells)
        heading = rich.text.Text(show_name(name))  # plain: [x] and :x: are markup in a str
        table.add_column(
            heading,
            justify="right" if numeric else "left",
            no_wrap=numeric,
            overflow="fold",  # the end of a long path says which file it is
        )
    for row in cells:
        table.add_row(*map(rich.text.Text, row))
    stream = io.StringIO()
    # in a notebook rich would print to the page and leave the stream empty
    console = rich.console.Console(
        file=stream, width=width, color_system=None, force_jupyter=False, force_terminal=False
    )
    console.print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().rstrip().splitlines())


def _say(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool) or not isinstance(cell, numbers.Real):
        return show_name(str(cell))
    return f"{int(cell):,}" if isinstance(cell, numbers.Integral) else f"{float(cell):.3f}"


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "") or 0)
    except ValueError:
        return False
    return True
