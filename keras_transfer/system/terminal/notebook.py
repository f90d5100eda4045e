"""What is shown in the output of a notebook's cell: lines that change in place, and images.

It takes what every notebook has, and no widgets: Jupyter, Colab, VS Code, and those that run one
without anybody watching, which keep the last state.
"""

import contextlib
import html
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PAUSE = 0.2  # seconds between two states: a front end draws each one
# of a block: JupyterLab gives it no font of equal widths; an epoch's line fits 600 pixels
FONT = "calc(0.9 * var(--jp-code-font-size, 13px)) var(--jp-code-font-family, monospace)"
STYLE = f"margin: 0; padding: 0 5px; font: {FONT}"

_blocks: list["Block"] = []
_shown: dict[Path, int] = {}  # images, and the number of the cell in whose output they are


def is_notebook() -> bool:
    """Return whether the process runs the cells of a notebook."""
    ipython = sys.modules.get("IPython")
    return getattr(ipython and ipython.get_ipython(), "kernel", None) is not None


class Block:
    """Lines of a cell's output: those that stay, and below them one that changes."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.note = ""
        self.handle: Any = None
        self.drawn = 0.0

    def draw(self, line: str, share: float) -> None:
        """Change the last line.

        Args:
            line: How far it is, in words.
            share: How far it is, in [0, 1].
        """
        if time.monotonic() < self.drawn + PAUSE:
            return
        self.drawn = time.monotonic()
        bar = f'<progress value="{share:.4f}" max="1"></progress> '
        self._show([*self.kept, line, *filter(None, [self.note])], len(self.kept), bar)

    def close_line(self) -> None:
        """End the last line: what was noted meanwhile stays."""
        self.kept += filter(None, [self.note])
        self.note, self.drawn = "", 0.0
        self._show(self.kept)

    def _show(self, lines: Sequence[str], place: int = -1, bar: str = "") -> None:
        from IPython.display import display

        marked = [
            (bar if row == place else "") + html.escape(line) for row, line in enumerate(lines)
        ]
        data = {
            "text/plain": "\n".join(lines),
            "text/html": f'<pre style="{STYLE}">' + "\n".join(marked) + "</pre>",
        }
        if self.handle is None:
            self.handle = display(data, raw=True, display_id=True)
        else:
            self.handle.update(data, raw=True)


@contextlib.contextmanager
def new_block() -> Iterator[None]:
    """Have what is shown meanwhile in one block."""
    _blocks.append(Block())
    try:
        yield
    finally:
        _blocks.pop()


def current_block() -> Block:
    """Return the block of the run under way, or a new one."""
    return _blocks[-1] if _blocks else Block()


def show_images(files: Sequence[Path], width: int) -> None:
    """Show images in a notebook, nothing elsewhere.

    Args:
        files: PNG; those that are not there are left out.
        width: Pixels of the page, at most; no image is enlarged.
    """
    if not is_notebook():
        return
    from IPython.display import Image, display

    for file in files:
        if file.is_file():
            display(Image(str(file), width=min(width, _measure_width(file))))
            _shown[file.resolve()] = _count_cells()


def is_shown(file: Path) -> bool:
    """Return whether the cell that is run has shown an image already."""
    return is_notebook() and _shown.get(file.resolve()) == _count_cells()


def _measure_width(file: Path) -> int:
    """Return the width of a PNG in pixels."""
    with file.open("rb") as stream:
        return int.from_bytes(stream.read(20)[16:])  # after signature, length and "IHDR"


def _count_cells() -> int:
    """Return the number of the cell that is run, as the notebook shows it."""
    return int(sys.modules["IPython"].get_ipython().execution_count)
