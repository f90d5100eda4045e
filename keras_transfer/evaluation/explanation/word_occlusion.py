"""Which words of a text speak for a class: by leaving out one after the other.

References:
    M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, of
    images: a part is covered, and what the model says then is compared.
    J. Li, W. Monroe, D. Jurafsky, "Understanding Neural Networks through Representation Erasure",
    2016, https://arxiv.org/abs/1612.08220, of words.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.modality import Modality

if TYPE_CHECKING:
    import keras

MOST_PARTS = 64  # of an example are left out: where it has more words, several at a time
TINY = 1e-12  # probabilities below are no evidence, but rounding
# Chinese and Japanese put no blanks between words: each letter is one
ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"\s*(?:[{ALONE}]|[^\s{ALONE}]+)")

# From texts (n, k) of str objects to probabilities (n, classes).
AskTexts = Callable[[np.ndarray], np.ndarray]


class Part(NamedTuple):
    """A word of a text with the white space before it, or several where there are many."""

    words: str
    weight: float | None
    """How much it speaks for the class, against it where negative: the log-odds of the class with
    it less those without it. None: the model does not see it."""


def weigh_words(
    ask: AskTexts, contents: np.ndarray, classes: Sequence[int], seen: int
) -> list[list[list[Part]]]:
    """Return what each word of some texts adds to the log-odds of a class.

    All texts are asked about at once: with every part left out, and whole.

    Args:
        ask: Says the probabilities.
        contents: (n, k) of str objects, one text or a pair in each row.
        classes: Of each row, by index.
        seen: Words of a text that are looked at, since the model sees no more tokens.

    Returns:
        For each row, for each of its texts, its parts, which joined are the text.
    """
    asked: list[list[str]] = []
    places: list[tuple[int, int, int]] = []  # row, text and part that each variant lacks
    parts = [[_divide(text, seen, MOST_PARTS // len(row)) for text in row] for row in contents]
    for row, texts in enumerate(parts):
        whole = ["".join((*known, *rest)) for known, rest in texts]
        asked.append(whole)
        places.append((row, -1, -1))
        for number, (known, rest) in enumerate(texts):
            for part in range(len(known)):
                left = "".join((*known[:part], *known[part + 1 :], *rest))
                asked.append([*whole[:number], left, *whole[number + 1 :]])
                places.append((row, number, part))
    variants = np.array(asked, object).reshape(len(asked), contents.shape[1])
    named = np.array([classes[row] for row, _, _ in places], np.int64)
    odds = _find_log_odds(ask(variants), named)
    whole_odds = {row: odds[at] for at, (row, text, _) in enumerate(places) if text < 0}
    weights = {place: whole_odds[place[0]] - odds[at] for at, place in enumerate(places)}
    return [
        [
            [Part(words, float(weights[row, number, part])) for part, words in enumerate(known)]
            + [Part(words, None) for words in rest]
            for number, (known, rest) in enumerate(texts)
        ]
        for row, texts in enumerate(parts)
    ]


def list_strongest(texts: Sequence[Sequence[Part]], most: int = 3) -> tuple[list[Part], list[Part]]:
    """Return the parts that most speak for the class, and those that most speak against it."""
    parts = [part for text in texts for part in text if part.weight]
    parts.sort(key=lambda part: part.weight or 0.0)
    against = [part for part in parts[:most] if (part.weight or 0.0) < 0]
    return [part for part in parts[::-1][:most] if (part.weight or 0.0) > 0], against


def trace_texts(
    load_network: "Callable[[], keras.Model]", modality: Modality, config: TrainConfig, folder: Path
) -> AskTexts:
    """Return a function from texts to what the model of a run says.

    Args:
        load_network: Returns the model; it is called once there is something to ask.
        modality: Of its examples.
        config: Its resolved settings.
        folder: Its run directory.
    """

    def ask(contents: np.ndarray) -> np.ndarray:
        from keras_transfer.evaluation.inference import predict_splits

        network = load_network()
        count, classes = len(contents), network.outputs[0].shape[-1]
        names = np.array([f"{row:09}" for row in range(count)])
        examples = Examples(
            source="",
            root=Path(),
            paths=names,
            labels=np.zeros(count, np.int64),
            class_names=tuple(map(str, range(classes))),
            splits=np.full(count, "test"),
            groups=np.full(count, ""),
            contents=contents,
        )
        taken = modality.find_input(config, folder)
        data = modality.hold_split(examples, config, taken, None, None)
        found = predict_splits(network, data, ["test"])
        return found.probabilities[np.argsort(found.paths)]

    return ask


def _divide(text: str, seen: int, most: int) -> tuple[list[str], list[str]]:
    """Return the parts that are left out one by one, and what the model does not see."""
    words = WORD.findall(text)
    if not words:
        return [], [text]
    words[-1] += text[sum(map(len, words)) :]  # white space at the end
    known, rest = words[:seen], "".join(words[seen:])
    groups = np.array_split(np.array(known, object), min(len(known), most))
    return ["".join(group) for group in groups], [rest] if rest else []


def _find_log_odds(probabilities: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Return log p - log(1 - p) of a class of each row; 1 - p is the sum of the others."""
    rows = np.arange(len(classes))
    own = probabilities[rows, classes]
    others = probabilities.copy()
    others[rows, classes] = 0
    return np.log(np.maximum(own, TINY)) - np.log(np.maximum(others.sum(axis=1), TINY))
