"""Texts with what their words add to the class that a loaded model says, and the page of them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_transfer.config.help.versions import find_version
from keras_transfer.evaluation.explanation.weighed_words import Weighed, show_weights
from keras_transfer.evaluation.explanation.word_occlusion import Part, list_strongest, weigh_words
from keras_transfer.evaluation.html_report.page import render_page
from keras_transfer.evaluation.predict_output import refuse_folder
from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.exports.reading.classify_stream import classify_stream
from keras_transfer.system.files.atomic_files import write_text
from keras_transfer.system.terminal.short_names import keep_end, keep_start
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import show_name

STEM = "words"  # of the page's name


class ExplainedText(NamedTuple):
    """A text, or a pair, with what its words add to the log-odds of a class."""

    name: str
    truth: str
    """Name of the true class; "" where it is not known."""
    class_name: str
    """That is explained: the predicted one, or the one that was asked for; "" where it is
    unusable."""
    probability: float
    """Of that class."""
    texts: list[list[Part]]
    """The parts of each text of the example, in order."""
    reason: str
    """"", or why it is unusable."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "path": self.name,
            "truth": self.truth or None,
            "class": self.class_name or None,
            "probability": None if self.reason else self.probability,
            "texts": [[part._asdict() for part in text] for text in self.texts],
            "error": self.reason or None,
        }

    def show(self) -> Weighed:
        """Return it as a page shows it."""
        classes = self.truth, self.class_name
        return show_weights(self.name, classes, self.probability, self.texts)


def explain_texts(
    artefact: Artefact,
    names: Sequence[str],
    sources: Sequence[Any],
    asked: str | None = None,
    truths: Sequence[str] = (),
) -> list[ExplainedText]:
    """Return texts with what each word adds to the log-odds of a class.

    Args:
        artefact: A loaded model of texts.
        names: Of n texts.
        sources: The texts, as `classify_stream` takes them.
        asked: The class to explain. None: the predicted one of each.
        truths: The true class of each, if it is known.
    """
    seen, classes = artefact.usage.sequence_length, artefact.usage.class_names
    found: list[ExplainedText] = []
    for contents, said in classify_stream(artefact, names, sources):
        usable = np.flatnonzero(said.reasons == "")
        named = [asked or str(name) for name in said.prediction.tolist()]
        index = [classes.index(named[row]) for row in usable]
        parts: dict[int, list[list[Part]]] = {}
        if len(usable):
            weighed = weigh_words(artefact.classify, contents[usable], index, seen)
            parts = dict(zip(usable.tolist(), weighed, strict=True))
        for row in range(len(said)):
            truth = truths[len(found)] if truths else ""
            name, reason = str(said.names[row]), str(said.reasons[row])
            if reason:
                found.append(ExplainedText(name, truth, "", float("nan"), [], reason))
                continue
            chance = float(said.probabilities[row, classes.index(named[row])])
            found.append(ExplainedText(name, truth, named[row], chance, parts[row], ""))
    return found


def draw_words(found: Sequence[ExplainedText]) -> str:
    """Return a table of the texts: what speaks for the class that is explained, and against it."""
    columns = "path", "truth", "class", "probability", "for it", "against it"
    rows = []
    for each in found:
        if each.reason:
            continue
        sides = list_strongest(each.texts)
        said = [" ".join(f"{p.words.strip()} {p.weight:+.2f}" for p in side) for side in sides]
        rows.append((each.name, each.truth or None, each.class_name, each.probability, *said))
    cut = {"path": keep_end, "for it": keep_start, "against it": keep_start}
    return draw_table(columns, rows, cut=cut, drop=["truth"], where="with --json")


def write_words_page(found: Sequence[ExplainedText], model: Path, folder: Path) -> Path:
    """Write a page of the texts that could be explained, under a name that is not taken.

    Raises:
        ConfigError: It cannot be written.
    """
    page = render_page(
        "words.html",
        version=find_version("keras_transfer"),
        sections=(),
        made=model.name,
        model=show_name(str(model)),
        weighed=[each.show() for each in found if not each.reason],
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while os.path.lexists(file := folder / f"{STEM}{'' if number == 1 else f'-{number}'}.html"):
            number += 1
        write_text(file, page)
    except OSError as error:
        raise refuse_folder(folder, error.strerror or str(error)) from error
    return file
