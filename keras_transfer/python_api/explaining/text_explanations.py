"""What each word of texts adds to a class, as Python code and notebooks take it in hand."""

import html
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.python_api.data_frames import make_frame
from keras_transfer.python_api.notebook_html import ROWS, draw_line, join_html
from keras_transfer.system.terminal.visible_text import show_name

if TYPE_CHECKING:
    from keras_transfer.evaluation.explanation.weighed_words import Word
    from keras_transfer.exports.text_models.explained_texts import ExplainedText

# as report.html has them; readable on light and dark pages
COLOURS = {"for": "0, 114, 178", "against": "213, 94, 0"}
LINES = {"for": "solid", "against": "dotted"}
LEGEND = (
    "Blue with a solid line: the word makes the class more probable; orange with a dotted line: "
    "less."
)


class TextExplanations(Sequence["ExplainedText"]):
    """What each word adds to the class of n texts; one of them is an `ExplainedText`.

    Args:
        found: The texts, in order.
        class_names: All of the model, in index order.
        model: Its path.
    """

    def __init__(
        self, found: Sequence["ExplainedText"], class_names: Sequence[str], model: Path
    ) -> None:
        self._found = list(found)
        self.class_names = tuple(class_names)
        self._model = model

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> "ExplainedText": ...
    @overload
    def __getitem__(self, index: slice) -> "TextExplanations": ...
    def __getitem__(self, index: int | slice) -> "ExplainedText | TextExplanations":
        if isinstance(index, slice):
            return TextExplanations(self._found[index], self.class_names, self._model)
        return self._found[index]

    @property
    def names(self) -> np.ndarray:
        """(n,) of str objects: of the row, the file or the sentence, or "text 0"."""
        return np.array([each.name for each in self], object)

    @property
    def explained(self) -> np.ndarray:
        """(n,) of str objects: the class that is explained; "" where the text is unusable."""
        return np.array([each.class_name for each in self], object)

    @property
    def reasons(self) -> np.ndarray:
        """(n,) of str objects: "", or why the text is unusable."""
        return np.array([each.reason for each in self], object)

    def to_frame(self) -> Any:
        """Return a row a word: name, class, text (0, of a pair 0 or 1), word, weight.

        The weight is the log-odds of the class with the word less those without it; NaN where the
        model does not see it. Where a text has very many words, a row is several of them.
        """
        rows = [
            (each.name, each.class_name, number, part.words.strip(), part.weight)
            for each in self
            for number, text in enumerate(each.texts)
            for part in text
        ]
        names, classes, numbers, words, weights = zip(*rows, strict=True) if rows else ([],) * 5
        columns = {
            "name": np.array(names, object),
            "class": np.array(classes, object),
            "text": np.array(numbers, np.int64),
            "word": np.array(words, object),
            "weight": np.array([np.nan if each is None else each for each in weights], np.float64),
        }
        return make_frame(columns)

    def save(self, folder: str | Path) -> list[Path]:
        """Write a page of the texts that could be used, words.html, and return it in a list.

        Args:
            folder: It is made where it is not there. Nothing in it is replaced.

        Raises:
            ConfigError: It cannot be written.
        """
        from keras_transfer.exports.text_models.explained_texts import write_words_page

        usable = any(not each.reason for each in self)
        return [write_words_page(self._found, self._model, Path(folder))] if usable else []

    def __repr__(self) -> str:
        lines = [f"TextExplanations of {count_of(len(self), 'text')}"]
        for each in self._found[:ROWS]:
            lines.append(f"{show_name(each.name)}: {_say(each)}")
        return "\n".join(lines + self._say_more())

    def _repr_html_(self) -> str:
        title = draw_line(f"Explanations of {count_of(len(self), 'text')}", bold=True)
        shown = [part for each in self._found[:ROWS] for part in _draw(each)]
        return join_html(title, draw_line(LEGEND), *shown, *map(draw_line, self._say_more()))

    def _say_more(self) -> list[str]:
        return [f"… {len(self) - ROWS:,} more"] if len(self) > ROWS else []


def _say(each: "ExplainedText") -> str:
    """Return the class that is explained, and the words that speak most for it and against it."""
    from keras_transfer.evaluation.explanation.word_occlusion import list_strongest

    if each.reason:
        return show_name(each.reason)
    strongest = [part for side in list_strongest(each.texts, most=2) for part in side]
    words = ", ".join(f"{part.words.strip()} {part.weight:+.2f}" for part in strongest)
    said = f"{each.class_name} {each.probability:.3f}"
    return show_name(f"{said} ({words})" if words else said)


def _draw(each: "ExplainedText") -> Iterator[str]:
    """Yield a line about a text, and the text with its words coloured."""
    truth = f" (truth: {each.truth})" if each.truth else ""
    if each.reason:
        yield draw_line(f"{each.name}: {each.reason}")
        return
    yield draw_line(f"{each.name}{truth}: {each.class_name} {each.probability:.3f}")
    words = "".join(map(_draw_word, each.show().words))
    style = "margin: .3em 0 1em 1em; line-height: 1.8; white-space: pre-wrap"
    yield f'<div dir="auto" style="{style}">{words}</div>'


def _draw_word(word: "Word") -> str:
    if not word.sign:
        return html.escape(word.words)  # unseen letters are visible in it already
    colour = COLOURS[word.sign]
    style = f"background: rgba({colour}, {0.1 + 0.4 * word.share:.2f}); "
    style += f"border-bottom: 2px {LINES[word.sign]} rgb({colour})"
    return f'<span style="{style}" title="{word.weight:+.2f}">{html.escape(word.words)}</span>'
