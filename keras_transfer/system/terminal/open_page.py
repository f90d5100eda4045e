"""Open a page in the browser of whoever sits before the machine."""

import argparse
import logging
import os
import sys
import webbrowser
from pathlib import Path

from keras_transfer.system.terminal.visible_text import show_name

logger = logging.getLogger(__name__)

SCREENS = "DISPLAY", "WAYLAND_DISPLAY"  # variables that say so on Linux


def add_open(parser: argparse.ArgumentParser, word: str = "show") -> None:
    """Add the option `--open` to a parser, whose help begins with this word, as the others' do."""
    text = f"{word} report.html in the browser"
    parser.add_argument("--open", action="store_true", help=text)


def open_page(file: Path) -> None:
    """Open a file in the browser, or say where it is.

    Without a screen those of the terminal are left alone: they would take it over.
    """
    on_screen = sys.platform in ("win32", "darwin") or any(map(os.environ.get, SCREENS))
    if not (on_screen and webbrowser.open(file.absolute().as_uri())):
        logger.warning("There is no screen to show it on. Open %s", show_name(str(file.absolute())))
