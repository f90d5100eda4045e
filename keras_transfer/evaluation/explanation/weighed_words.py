"""Texts with the weights of their words, as pages show them: coloured, and the strongest named."""

from collections.abc import Sequence
from typing import NamedTuple

from keras_transfer.evaluation.explanation.word_occlusion import Part, list_strongest
from keras_transfer.system.terminal.visible_text import show_name

BETWEEN = " | "  # the two texts of a pair
LONGEST = 1200  # letters of a text
LEAST_SHARE = 0.1  # of the strongest word: what adds less is not coloured


class Word(NamedTuple):
    """A word of a text, or several, as the page colours it."""

    words: str
    sign: str
    """for, against, or "" where it says nothing."""
    share: float
    """Of the strongest word of the text, in [0, 1]."""
    weight: float | None


class Weighed(NamedTuple):
    """A text with what its words add to the class it was taken for."""

    path: str
    truth: str
    prediction: str
    probability: float
    words: list[Word]
    speaking: list[Part]
    """The words that speak most for the class."""
    opposing: list[Part]


def show_weights(
    path: str, classes: tuple[str, str], probability: float, texts: Sequence[Sequence[Part]]
) -> Weighed:
    """Return a text as a page shows it.

    Args:
        path: Of its row.
        classes: The true one, "" where it is not known, and the one that is explained.
        probability: Of that class.
        texts: The parts of the text, or of both of a pair.
    """
    truth, said = classes
    speaking, opposing = _name_strongest(texts)
    return Weighed(path, truth, said, probability, _colour(texts), speaking, opposing)


def _name_strongest(texts: Sequence[Sequence[Part]]) -> tuple[list[Part], list[Part]]:
    found = list_strongest(texts)
    speaking, opposing = ([Part(_show(words), weight) for words, weight in part] for part in found)
    return speaking, opposing


def _show(words: str) -> str:
    return show_name(" ".join(words.split()))


def _colour(texts: Sequence[Sequence[Part]]) -> list[Word]:
    """Return the words that the page has room for; weights of rounding count as none."""
    parts = [*texts[0], *(part for text in texts[1:] for part in (Part(BETWEEN, None), *text))]
    strongest = max((abs(part.weight or 0.0) for part in parts), default=0.0)
    words: list[Word] = []
    room = LONGEST
    for part in parts:
        share = abs(part.weight or 0.0) / strongest if strongest else 0.0
        sign = "" if share < LEAST_SHARE else "for" if (part.weight or 0.0) > 0 else "against"
        if part.words[:1].isspace():
            words.append(Word(" ", "", 0.0, None))
        text = _show(part.words[:room])
        words.append(Word(text, sign, share, part.weight))
        room -= 1 + len(text)
        if room <= 0:
            return [*words, Word(" …", "", 0.0, None)]
    return words
