"""Classify images or texts with a run or an export: `python -m keras_transfer.predict`."""

import argparse
import contextlib
import dataclasses
import logging
import math
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from keras_transfer.cluster.block_engines import BLOCK
from keras_transfer.config.messages import count_of
from keras_transfer.config.validation import require
from keras_transfer.evaluation.certainty.decision_numbers import find_decisions
from keras_transfer.evaluation.certainty.decision_options import (
    say_answering,
    say_sets,
    say_unusual,
    settle_decisions,
)
from keras_transfer.evaluation.predict_output import (
    SETS,
    UNSURE,
    UNUSUAL,
    UNUSUAL_SHARES,
    ImagePredictions,
    Row,
    WriteRows,
    concatenate_predictions,
    open_table,
    write_csv,
)
from keras_transfer.exports.loaders import load_artefact, read_usage
from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.exports.reading.classify_stream import BATCH, classify_stream
from keras_transfer.exports.reading.unusual_images import find_own_run, judge_unusual
from keras_transfer.exports.text_models.text_artefact import find_tokenizer_folder
from keras_transfer.exports.usage import Usage
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.predict.predict_options import read_options
from keras_transfer.predict.said_rows import Asked, Said
from keras_transfer.run.run_directory import Run
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.script_output import print_json, reserving_output
from keras_transfer.system.terminal.short_names import keep_end, keep_start, shorten
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import print_text

if TYPE_CHECKING:
    import PIL.Image

logger = logging.getLogger("keras_transfer.predict")  # __name__ is "__main__" as a command

WIDEST_CLASS = 24  # letters of a class that is not the best, in the table
PLACES = {2: "2nd", 3: "3rd"}
CUT = {"path": keep_end, SETS: keep_start, "error": keep_start}  # in narrow tables

Image = Union[str, Path, np.ndarray, "PIL.Image.Image"]
Saying = tuple[Generator[Said, None, None], int]  # of batches, and how many examples they have
Say = Callable[[Asked, list[str], list[Any]], Saying]  # of examples by name and source
DrawPictures = Callable[[np.ndarray, ImagePredictions], list[dict[str, Any]]]


def predict_images(
    model: Run | str | Path,
    images: Image | Iterable[Image],
    trust: bool = False,
    unusual: bool = False,
) -> ImagePredictions:
    """Classify files or arrays with a run or an export; the answers are those of the evaluation.

    Args:
        model: A finished run, its directory, a .keras, .tflite or .onnx file, or a SavedModel.
        images: Files, folders or globs, one or several; or images as arrays (see
            `images.array_pixels.check_pixels`), one, several or a batch; or Pillow's. Of a model
            of texts, what `texts.prediction_inputs.list_texts` takes.
        trust: Run a SavedModel, .tflite or .onnx file of others, which may do what a program may.
        unusual: Say, too, which images are unlike the training images; of a run only.

    Returns:
        A row per image, in order. An unusable file has a `reason`, and NaN for probabilities.

    Raises:
        ConfigError: The model cannot be loaded, a folder is empty, an array is no image, or what is
            unusual cannot be told.
    """
    path = model.path if isinstance(model, Run) else model
    if unusual:
        find_own_run(path)  # before anything is loaded
    artefact = load_artefact(path, trust)
    return classify_images(judge_unusual(artefact) if unusual else artefact, images)


def classify_images(artefact: Artefact, images: Image | Iterable[Image]) -> ImagePredictions:
    """Do what `predict_images` does with a model that is loaded already."""
    import_tensorflow()  # it resizes, also where another runtime predicts
    modality = MODALITIES[artefact.usage.modality]
    names, sources = modality.list_given(images, artefact.usage.preparation.value_range)
    found = concatenate_predictions([said for _, said in classify_stream(artefact, names, sources)])
    return dataclasses.replace(found, noun=modality.noun)


@contextlib.contextmanager
def _open_output(words: argparse.Namespace, columns: Sequence[str]) -> Iterator[WriteRows]:
    """Write rows to a file; without one, a table at the end on a terminal, else CSV at once."""
    if words.output:
        with open_table(words.output, columns) as write:
            yield write
    elif words.json or words.parts:
        yield lambda rows: None  # an object has them, or the parts
    elif sys.stdout.isatty():
        rows: list[Row] = []
        yield rows.extend
        print_text(_draw_rows(rows, columns))
    else:
        yield write_csv(sys.stdout, columns)


def _begin_pictures(artefact: Artefact, folder: Path | None) -> DrawPictures:
    """Return what writes the explanations of a batch, and says of each image where its own is."""
    if folder is None:
        return lambda pixels, said: [{}] * len(said)
    from keras_transfer.evaluation.explanation.explained_images import explain_batch
    from keras_transfer.evaluation.explanation.explanation_files import ExplanationFolder
    from keras_transfer.evaluation.explanation.grad_cam import trace_grad_cam

    grad_cam = trace_grad_cam(artefact.network)
    place = ExplanationFolder(path=folder, class_names=artefact.usage.class_names)
    return lambda pixels, said: [
        {"explanation": (file := place.write(each)) and file.absolute()}
        for each in explain_batch(grad_cam, pixels, said)
    ]


def _draw_rows(rows: Sequence[Row], columns: Sequence[str]) -> str:
    """Return rows as a table: a column for each class, errors if there are any."""
    asked = [name for name in columns if name in (SETS, UNUSUAL, UNUSUAL_SHARES)]
    count = columns.index([*asked, "error"][0]) // 2
    others = [PLACES.get(place, f"{place}th") for place in range(2, count + 1)]
    shown: list[list[Any]] = []
    for path, prediction, probability, *cells, error in rows:
        best, rest = cells[: 2 * len(others)], cells[2 * len(others) :]
        pairs = [
            "" if name is None else f"{shorten(str(name), WIDEST_CLASS)} {share:.3f}"
            for name, share in zip(best[::2], best[1::2], strict=True)
        ]
        shown.append([path, prediction, probability, *pairs, *rest, error])
    heads = ["path", "prediction", "probability", *others, *asked, "error"]
    if not any(row[-1] for row in rows):
        heads, shown = heads[:-1], [row[:-1] for row in shown]
    where = "with --output FILE"
    return draw_table(heads, shown, cut=CUT, drop=[UNUSUAL_SHARES, *others[::-1]], where=where)


def main(arguments: list[str]) -> int:
    """Run the command line; 1 if no example could be used."""
    words = read_options(arguments, __doc__)
    print_logs(logging.WARNING if words.quiet else logging.INFO)
    model, usage, say = _open_model(words)
    from keras_transfer.training.progress_display import showing_steps

    asked = _decide(words, model, usage.class_names)
    modality = MODALITIES[usage.modality]
    names, sources = modality.list_words(words.images)
    found: Counter[str] = Counter()
    images: list[dict[str, Any]] = []
    unusable = unusual = 0
    said, size = say(asked, names, sources)
    with (
        contextlib.closing(said),  # workers end with the command, however it ends
        reserving_output(words.json),
        _open_output(words, asked.columns) as write,
        showing_steps(said, "predict", math.ceil(len(names) / size), size, words.quiet) as shown,
    ):
        for rows, objects in shown:
            write(rows)
            unusual += asked.count_unusual(rows)
            images += objects
            for name, prediction, *_, error in rows:
                if error:
                    unusable += 1
                    logger.warning("%s is unusable: %s", name, error)
                else:
                    found[str(prediction)] += 1
    if words.json:
        path = Path(words.model).absolute()
        print_json({"model": path, "class_names": usage.class_names, "images": images})
    counts = [f"{count:,} {name}" for name, count in found.most_common()]
    counts += [f"{unusable:,} unusable"] if unusable else []
    logger.info("%s: %s", count_of(len(names), modality.noun), ", ".join(counts))
    if usable := len(names) - unusable:
        _say_more(words, usable, unusual)
    return int(not usable)


def _open_model(words: argparse.Namespace) -> tuple[Path, Usage, Say]:
    """Return the file of the model, how it is used, and what predicts with it."""
    if words.parts or not words.engine.is_here:
        from keras_transfer.predict.predict_blocks import Work, say_blocks

        model, usage = read_usage(words.model, words.trust)
        files = [model, *([find_tokenizer_folder(model)] if usage.modality == "text" else [])]
        if words.unusual:
            judge_unusual(load_artefact(words.model, words.trust))  # workers find what it leaves
            files.append(find_own_run(words.model).neighbours_file)

        def say_in_blocks(asked: Asked, names: list[str], sources: list[Any]) -> Saying:
            work = Work(
                model=Path(words.model),
                trust=words.trust,
                model_files=files,
                names=names,
                sources=sources,
                engine=words.engine,
            )
            return say_blocks(work, asked, words.parts), BLOCK

        return model, usage, say_in_blocks
    artefact = load_artefact(words.model, words.trust)
    import_tensorflow()  # it resizes, also where another runtime predicts
    artefact = judge_unusual(artefact) if words.unusual else artefact
    explain = _begin_pictures(artefact, words.explain)

    def say_in_batches(asked: Asked, names: list[str], sources: list[Any]) -> Saying:
        batches = classify_stream(artefact, names, sources)
        return (_say_batch(asked, explain, *batch) for batch in batches), BATCH

    return artefact.path, artefact.usage, say_in_batches


def _say_batch(
    asked: Asked, explain: DrawPictures, pixels: np.ndarray, part: ImagePredictions
) -> Said:
    part = asked.add_sets(part)
    rows, images = asked.say(part)
    pictures = explain(pixels, part)
    return Said(rows, [*map(dict.__or__, images, pictures)])


def _say_more(words: argparse.Namespace, usable: int, unusual: int) -> None:
    """Say what else was found of the usable images, or written of them."""
    if words.unusual:
        logger.info("%s", say_unusual(unusual, usable))
    if words.explain:
        logger.info("Written: %s in %s", count_of(usable, "picture"), words.explain)


def _decide(words: argparse.Namespace, model: Path, classes: tuple[str, ...]) -> Asked:
    """Return what is to be said, from which probability on to answer among it."""
    limits, answering = settle_decisions(words, lambda: find_decisions(model, classes))
    if limits is not None:
        logger.info("%s", say_sets(words.coverage, words.class_wise))
    if answering is not None:
        logger.info("%s", say_answering(answering))
    threshold = words.threshold if answering is None else answering.threshold
    require(
        not threshold or UNSURE not in classes,
        "threshold",
        f"0 where a class is called {UNSURE}",
        threshold,
    )
    return Asked(
        top=min(words.top, len(classes)),
        threshold=threshold,
        limits=limits,
        unusual=words.unusual,
        json=words.json,
    )
