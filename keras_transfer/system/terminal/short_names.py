"""Names and paths in few columns of a terminal, of which each still says which one it is."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence

from keras_transfer.system.terminal.visible_text import count_cells, show_name

Cut = Callable[[str, int], str]


def shorten(text: str, length: int) -> str:
    """Return a name in at most `length` columns, cut in the middle, as both ends tell."""
    text = show_name(text)
    if count_cells(text) <= length:
        return text
    head = _fit(text, (length - 1) // 2)
    return head + "…" + _fit_end(text, length - 1 - count_cells(head))


def keep_end(path: str, length: int) -> str:
    """Return a path in at most `length` columns: its end says more than where it begins."""
    text = show_name(path)
    return text if count_cells(text) <= length else "…" + _fit_end(text, length - 1)


def keep_start(sentence: str, length: int) -> str:
    """Return a sentence in at most `length` columns, without its end."""
    text = show_name(sentence)
    return text if count_cells(text) <= length else _fit(text, length - 1) + "…"


def shorten_all(texts: Sequence[str], length: int, cut: Cut = shorten) -> list[str]:
    """Return each text in at most `length` columns; different names and paths stay different.

    Args:
        texts: Any; equal ones may be among them.
        length: With less than 12, long texts may come out equal.
        cut: `shorten`, `keep_end` or, for sentences, `keep_start`.
    """
    short = {text: cut(text, length) for text in dict.fromkeys(map(show_name, texts))}
    alike = defaultdict(list)
    for text, shown in short.items():
        alike[shown].append(text)
    for group in alike.values():
        if len(group) > 1 and length >= 12 and cut is not keep_start:
            short |= _tell_apart(group, length, cut)
    seen: set[str] = set()
    for place, (text, shown) in enumerate(short.items()):
        if shown in seen and length >= 12 and cut is not keep_start:  # groups may meet
            mark = f"#{place}"
            short[text] = cut(text, length - len(mark)) + mark
        seen.add(short[text])
    return [short[show_name(text)] for text in texts]


def _tell_apart(texts: Sequence[str], length: int, cut: Cut) -> dict[str, str]:
    """Return them without the beginning, or of paths the end, that they have in common."""
    if cut is keep_end:
        same = _count_same([text[::-1] for text in texts])
        parts = [text[: len(text) - same + 1] + "…" for text in texts]
    else:
        same = _count_same(texts)
        parts = ["…" + text[max(same - 1, 0) :] for text in texts]
    # the letter that differs is the third now, which no cut to 12 columns takes away
    return dict(zip(texts, shorten_all(parts, length, cut), strict=True))


def _count_same(texts: Sequence[str]) -> int:
    """Return how many letters all texts begin with."""
    first, last = min(texts), max(texts)
    pairs = enumerate(zip(first, last, strict=False))
    return next((index for index, (one, other) in pairs if one != other), len(first))


def _fit(text: str, cells: int) -> str:
    """Return as much of the beginning as fits."""
    for index, letter in enumerate(text):
        cells -= count_cells(letter)
        if cells < 0:
            return text[:index]
    return text


def _fit_end(text: str, cells: int) -> str:
    """Return as much of the end as fits, from a letter that stands for itself."""
    tail = _fit(text[::-1], cells)[::-1]
    while tail and unicodedata.category(tail[0]) in ("Mn", "Mc", "Cf"):
        tail = tail[1:]  # it would stand on the dots
    return tail
