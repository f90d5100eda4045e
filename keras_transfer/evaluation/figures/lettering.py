"""Names in any script, drawn: fonts of this machine for them, and what stands for those without.

Matplotlib's own font has the letters of Latin, Greek, Cyrillic, Arabic and Hebrew. For others the
installed fonts are asked, nothing is downloaded. A class of which no font has the letters is drawn
as its line in class_names.txt: that is short, true in every script, and tells all classes apart,
which a transliteration does not.
"""

import contextlib
import functools
import itertools
import logging
import unicodedata
from collections.abc import Sequence

from matplotlib import font_manager, rcParams
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.system.terminal.short_names import shorten_all
from keras_transfer.system.terminal.visible_text import JOINERS, count_cells, show_name

LAST_RESORT = "Last Resort"  # matplotlib's font of boxes, one for each script
REGULAR = 400  # weight
# Unseen marks of the Unicode bidirectional algorithm: what stands between the first two is a word
# of the line around it; after the third a line runs to the right, whatever its first letter is.
ISOLATE, END, TO_RIGHT = "\u2068", "\u2069", "\u200e"

logger = logging.getLogger(__name__)


def label_classes(class_names: Sequence[str], length: int) -> list[str]:
    """Return each class as a figure names it, in at most `length` columns; all differ.

    Where no font has its letters this is `#3`, its line in class_names.txt.
    """
    return [isolate(name) for name in shorten_all(name_classes(class_names), length)]


def name_classes(class_names: Sequence[str]) -> list[str]:
    """Return the whole name of each class, or its line where no font has its letters."""
    _, missing = find_fonts("".join(class_names))
    return [
        name if missing.isdisjoint(name) else f"#{line}" for line, name in enumerate(class_names, 1)
    ]


def wrap_name(name: str, width: float) -> list[str]:
    """Return a whole name in lines, which end at marks and blanks where they can.

    Args:
        name: Of letters that can be seen, as `show_name` returns it.
        width: Of a line, as a number of font sizes.
    """
    lines, rest = [], name.strip(" ")
    while measure(rest) > width:
        widths = itertools.accumulate(map(_measure_letter, rest))
        end = max(1, sum(1 for _ in itertools.takewhile(lambda each: each <= width, widths)))
        mark = 1 + max(map(rest[:end].rfind, " /-_.,"))
        if measure(rest[:mark]) > width / 2:
            end = mark
        while end > 1 and unicodedata.category(rest[end]) in ("Mn", "Mc", "Cf"):
            end -= 1  # a part of the letter before
        lines.append(rest[:end].strip(" "))
        rest = rest[end:].lstrip(" ")
    return [*lines, rest]


def isolate(name: str) -> str:
    """Return a name that does not turn around what stands beside it, if it is Arabic or Hebrew."""
    return f"{ISOLATE}{name}{END}" if _runs_left(name) else name


def measure(text: str) -> float:
    """Return how wide a line is, as a number of font sizes; of other fonts' letters about so."""
    return sum(map(_measure_letter, text))


@functools.cache
def _measure_letter(letter: str) -> float:
    font = _open_usual()
    if not font.get_char_index(ord(letter)):
        return 0.65 * count_cells(letter)
    font.set_size(10, 72)
    return font.load_char(ord(letter)).linearHoriAdvance / 65536 / 10


@functools.cache
def _open_usual() -> FT2Font:
    return FT2Font(font_manager.findfont(font_manager.FontProperties()))


def warn_of_missing(class_names: Sequence[str]) -> None:
    """Say of which classes `label_classes` gives the line instead of the name."""
    _, missing = find_fonts("".join(class_names))
    if lacking := [name for name in class_names if not missing.isdisjoint(name)]:
        logger.warning(
            "Figures name %s by their line in class_names.txt, such as #1, since no "
            "installed font has the letters of %s. Install one that has, such as Noto Sans.",
            count_of(len(lacking), "class"),
            name_some(lacking),
        )


def choose_fonts(figure: Figure) -> None:
    """Give every text of a figure fonts that have its letters; where none has, it gets dots."""
    texts = [text for text in figure.findobj(Text) if not text.get_text().isascii()]
    families, missing = find_fonts("".join(text.get_text() for text in texts))
    for text in texts:
        text.set_fontfamily([*rcParams["font.family"], *families])
        left_out = _leave_out(text.get_text(), missing)
        text.set_text("\n".join(map(_turn_right, left_out.split("\n"))))


def find_fonts(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the fonts that a text needs beside the usual one, and the letters that none has.

    Args:
        text: All texts of a figure; letters that cannot be seen are not asked for.

    Returns:
        Names of installed families, the one that helps most first.
    """
    wanted = {letter for letter in show_name(text) if letter not in JOINERS}
    usual = _open_usual()
    missing = frozenset(letter for letter in wanted if not usual.get_char_index(ord(letter)))
    return _choose_families(missing) if missing else ((), missing)


@functools.cache  # a run draws several figures of the same names
def _choose_families(letters: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return as few families as have all that any has, and the rest."""
    found, families, missing = _search_fonts(letters), [], letters
    while missing and found:
        # of equal ones without serifs, as the usual one
        best = min(found, key=lambda name: (-len(found[name] & missing), "Sans" not in name, name))
        if not found[best] & missing:
            break
        families.append(best)
        missing -= found[best]
    return tuple(families), missing


def _search_fonts(letters: frozenset[str]) -> dict[str, set[str]]:
    """Return the installed families, and which of the letters each has."""
    manager = font_manager.fontManager
    known = {entry.fname for entry in manager.ttflist}
    for file in font_manager.findSystemFonts():  # matplotlib keeps a list, which grows old
        if file not in known:
            with contextlib.suppress(Exception):  # not a font that it can draw
                manager.addfont(file)
    found: dict[str, set[str]] = {}
    for entry in sorted(manager.ttflist, key=lambda entry: abs(_weigh(entry.weight) - REGULAR)):
        if entry.name in found or entry.name.startswith(LAST_RESORT):
            continue
        with contextlib.suppress(Exception):  # removed, or broken
            font = FT2Font(entry.fname, face_index=entry.index)
            found[entry.name] = {each for each in letters if font.get_char_index(ord(each))}
    return found


def _weigh(weight: int | str) -> int:
    """Return a weight as a number; fonts say it in words, too."""
    return font_manager.weight_dict.get(str(weight), REGULAR) if isinstance(weight, str) else weight


def _leave_out(text: str, letters: frozenset[str]) -> str:
    parts = itertools.groupby(text, letters.__contains__)
    return "".join("…" if left_out else "".join(part) for left_out, part in parts)


def _turn_right(line: str) -> str:
    return TO_RIGHT + line if _runs_left(line) else line


def _runs_left(text: str) -> bool:
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
