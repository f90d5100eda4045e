"""Draw tables as plain text that fits a line: on a terminal its own, elsewhere always the same.

What does not fit is shortened, then left out; nothing is wrapped.
"""

import io
import numbers
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from keras_transfer.system.terminal.notebook import is_notebook
from keras_transfer.system.terminal.short_names import Cut, keep_start, shorten, shorten_all
from keras_transfer.system.terminal.visible_text import count_cells, show_name

# letters of a line where there is no terminal: in files and pipes, where a long one does no harm,
# and in notebooks, which break it: so many fit a cell of 600 pixels
IN_FILES, IN_NOTEBOOKS = 160, 75
LEAST, FLOOR = 18, 12  # letters of a text that stay: before a column is left out, and at the last
APART, CLOSE = 3, 2  # blanks between columns, and those of tables that would not fit
NO_CUTS: Mapping[str, Cut] = {}


def draw_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    title: str = "",
    *,
    cut: Mapping[str, Cut] = NO_CUTS,
    whole: Collection[str] = (),
    drop: Sequence[str] = (),
    where: str = "",
    width: int | None = None,
) -> str:
    """Return a table as text; columns whose every cell is a number are aligned right.

    Where it is too wide, columns come closer, texts are shortened, and columns are left out. Names
    and paths that were different are different afterwards.

    Args:
        columns: Headings.
        rows: Cells; floats get 3 decimals, None is empty.
        title: A line above.
        cut: How texts are shortened, by headings: `keep_end` for paths, `keep_start` for sentences,
            which are shortened first. Others lose their middle.
        whole: Headings of columns that are shortened only when there is nothing to leave out.
        drop: Headings of columns that may be left out, the first one first.
        where: Where those can be found, such as "in results.csv", for a line below.
        width: Letters of a line. None: as many as the terminal, the file or the notebook may have.
    """
    cells = [[_say(cell) for cell in row] for row in rows]
    table = [
        _Column(name, [row[index] for row in cells], cut.get(name, shorten), name in whole)
        for index, name in enumerate(columns)
    ]
    width, gone = width or _measure_line(), []
    for name in map(show_name, drop):
        if sum(each.least + CLOSE for each in table) < width:
            break
        gone += [name for each in table if each.name == name]
        table = [each for each in table if each.name != name]
    is_close = sum(each.length + APART for each in table) > width
    _shorten_texts(table, width - CLOSE * len(table) - 1)
    drawn = _draw(table, title, is_close)
    return f"{drawn}\n  … {', '.join(gone)}: {where}" if gone else drawn


class _Column:
    """A heading and the cells below it, as they are shown.

    Args:
        name: The heading.
        cells: Texts.
        cut: How they are shortened.
        is_whole: They are so only when there is nothing to leave out.
    """

    def __init__(self, name: str, cells: Sequence[str], cut: Cut, is_whole: bool) -> None:
        self.name, self.cells, self.cut = show_name(name), cells, cut
        self.is_numeric = all(map(_is_number, cells))
        self.length = max(map(count_cells, [self.name, *cells]))
        self.least = self.limit(FLOOR if cut is keep_start else LEAST)
        if is_whole:
            self.least = self.length

    def limit(self, most: int) -> int:
        """Return its width if its texts have at most `most` letters; numbers stay."""
        if self.is_numeric:
            return self.length
        return max(count_cells(self.name), min(self.length, most))

    def fit(self, length: int) -> None:
        """Shorten its texts."""
        self.cells, self.length = shorten_all(self.cells, length, self.cut), length


def _measure_line() -> int:
    if is_notebook():
        return IN_NOTEBOOKS
    if not sys.stdout.isatty():
        return IN_FILES
    return shutil.get_terminal_size().columns - 1  # a full line breaks on some


def _shorten_texts(table: Sequence[_Column], room: int) -> None:
    """Shorten sentences, then names, then all that can be, until the columns have room."""
    lengths = [min(each.length, max(room, each.limit(FLOOR))) for each in table]
    sentences = [each.least if each.cut is keep_start else each.length for each in table]
    for least in (sentences, [each.least for each in table], [each.limit(FLOOR) for each in table]):
        spare = {index for index in range(len(table)) if lengths[index] > least[index]}
        while sum(lengths) > room and spare:
            longest = max(spare, key=lengths.__getitem__)
            lengths[longest] -= 1
            if lengths[longest] == least[longest]:
                spare.remove(longest)
    for each, length in zip(table, lengths, strict=True):
        each.fit(length)


def _draw(table: Sequence[_Column], title: str, is_close: bool) -> str:
    """Return it drawn by rich, as wide as it is."""
    import rich.box
    import rich.console
    import rich.table
    import rich.text

    heading = rich.text.Text(show_name(title)) if title else None
    drawn = rich.table.Table(
        box=rich.box.SIMPLE_HEAD, title=heading, title_justify="left", collapse_padding=is_close
    )
    for each in table:
        heading = rich.text.Text(each.name)  # plain: [x] and :x: are markup in a str
        drawn.add_column(heading, justify="right" if each.is_numeric else "left", no_wrap=True)
    for row in zip(*(each.cells for each in table), strict=True):
        drawn.add_row(*map(rich.text.Text, row))
    stream = io.StringIO()
    # in a notebook rich would print to the page and leave the stream empty
    console = rich.console.Console(
        file=stream,
        width=sum(each.length + APART for each in table) + count_cells(title) + APART,
        color_system=None,
        force_jupyter=False,
        force_terminal=False,
    )
    console.print(drawn)
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
