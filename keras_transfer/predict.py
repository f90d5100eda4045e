"""Classify images or texts with a run or an export: `python -m keras_transfer.predict`."""

import argparse
import contextlib
import dataclasses
import logging
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.validation import require
from keras_transfer.data.sources.unlabelled import find_missing
from keras_transfer.evaluation.certainty.decision_numbers import find_decisions
from keras_transfer.evaluation.certainty.decision_options import (
    add_decisions,
    check_decisions,
    say_answering,
    say_sets,
    say_unusual,
    settle_decisions,
)
from keras_transfer.evaluation.certainty.prediction_sets import list_members
from keras_transfer.evaluation.predict_output import (
    SETS,
    UNSURE,
    UNUSUAL,
    UNUSUAL_SHARES,
    ImagePredictions,
    Row,
    WriteRows,
    check_folder,
    check_table,
    list_columns,
    list_rows,
    open_table,
    write_csv,
)
from keras_transfer.exports.loaders import load_artefact, read_keras_names, read_modality
from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.exports.reading.classify_stream import BATCH, classify_stream
from keras_transfer.exports.reading.unusual_images import find_own_run, judge_unusual
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.run.run_directory import Run
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.script_output import add_json, print_json, reserving_output
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
    parts = [said for _, said in classify_stream(artefact, names, sources)]
    shares = [part.unusual_share for part in parts if part.unusual_share is not None]
    return ImagePredictions(
        names=np.concatenate([part.names for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        reasons=np.concatenate([part.reasons for part in parts]),
        class_names=artefact.usage.class_names,
        unusual_share=np.concatenate(shares) if shares else None,
        noun=modality.noun,
    )


@contextlib.contextmanager
def _open_output(words: argparse.Namespace, columns: Sequence[str]) -> Iterator[WriteRows]:
    """Write rows to a file; without one, a table at the end on a terminal, else CSV at once."""
    if words.output:
        with open_table(words.output, columns) as write:
            yield write
    elif words.json:
        yield lambda rows: None  # an object has them
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
    words = _parse(arguments)
    print_logs(logging.WARNING if words.quiet else logging.INFO)
    artefact = load_artefact(words.model, words.trust)
    import_tensorflow()  # it resizes, also where another runtime predicts
    artefact = judge_unusual(artefact) if words.unusual else artefact
    from keras_transfer.evaluation.reports.json_answers import answer_images
    from keras_transfer.training.progress_display import showing_steps

    classes = artefact.usage.class_names
    threshold, limits = _decide(words, artefact)
    modality = MODALITIES[artefact.usage.modality]
    names, sources = modality.list_words(words.images)
    top = min(words.top, len(classes))
    found: Counter[str] = Counter()
    images: list[dict[str, Any]] = []
    unusable = unusual = 0
    batches, steps = classify_stream(artefact, names, sources), math.ceil(len(names) / BATCH)
    explain = _begin_pictures(artefact, words.explain)
    with (
        reserving_output(words.json),
        _open_output(words, list_columns(top, limits is not None, words.unusual)) as write,
        showing_steps(batches, "predict", steps, BATCH, words.quiet) as shown,
    ):
        for pixels, part in shown:
            part = _add_sets(part, limits)
            rows = list(list_rows(part, top, threshold))
            write(rows)
            unusual += int(part.unusual.sum()) if words.unusual else 0
            pictures = explain(pixels, part)
            if words.json:
                found_here = answer_images(part, top, threshold)
                images += map(dict.__or__, found_here, pictures)
            for name, prediction, *_, error in rows:
                if error:
                    unusable += 1
                    logger.warning("%s is unusable: %s", name, error)
                else:
                    found[str(prediction)] += 1
    if words.json:
        model = Path(words.model).absolute()
        print_json({"model": model, "class_names": classes, "images": images})
    counts = [f"{count:,} {name}" for name, count in found.most_common()]
    counts += [f"{unusable:,} unusable"] if unusable else []
    logger.info("%s: %s", count_of(len(names), modality.noun), ", ".join(counts))
    if usable := len(names) - unusable:
        _say_more(words, usable, unusual)
    return int(not usable)


def _say_more(words: argparse.Namespace, usable: int, unusual: int) -> None:
    """Say what else was found of the usable images, or written of them."""
    if words.unusual:
        logger.info("%s", say_unusual(unusual, usable))
    if words.explain:
        logger.info("Written: %s in %s", count_of(usable, "picture"), words.explain)


def _decide(words: argparse.Namespace, artefact: Artefact) -> tuple[float, np.ndarray | None]:
    """Return from which probability on to answer, and the limits of sets if they are asked for."""
    classes = artefact.usage.class_names
    limits, answering = settle_decisions(words, lambda: find_decisions(artefact.path, classes))
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
    return threshold, limits


def _add_sets(part: ImagePredictions, limits: np.ndarray | None) -> ImagePredictions:
    if limits is None:
        return part
    return dataclasses.replace(part, members=list_members(part.probabilities, limits))


def _parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line, and refuse what cannot be before anything is loaded."""
    parser = PlainParser("predict", __doc__)
    parser.add_argument("model", metavar="MODEL", help="a run directory or an exported model")
    text = "files, folders or globs; -: standard input, a name of a file per line or one image. "
    text += "Of a model of texts: tables, .txt files, sentences; -: a text per line; csv:-, tsv:-, "
    text += "jsonl:-: a table"
    parser.add_argument("images", metavar="IMAGES", nargs="+", help=text)
    text = "FILE.csv, .jsonl or .parquet (default: a table on a terminal, else CSV)"
    parser.add_argument("--output", type=Path, metavar="FILE", help=text)
    parser.add_argument("--top", type=int, default=1, help="classes to name, best first")
    text = f"below this probability the prediction is `{UNSURE}`"
    parser.add_argument("--threshold", type=float, default=0.0, metavar="SHARE", help=text)
    add_decisions(parser)
    text = "print the predictions, warnings and errors only"
    parser.add_argument("--quiet", action="store_true", help=text)
    text = "a PNG for each image there: what in it speaks for the prediction, as `explain` does"
    parser.add_argument("--explain", type=Path, metavar="FOLDER", help=text)
    add_json(parser)
    text = "run a SavedModel, .tflite or .onnx file of others, which may do what a program may"
    parser.add_argument("--trust", action="store_true", help=text)
    words = parser.parse_args(arguments)
    require(words.top >= 1, "top", "1 or more classes", words.top)
    require(0 <= words.threshold <= 1, "threshold", "in [0, 1]", words.threshold)
    check_decisions(words)
    both = words.threshold and words.answer_at_accuracy is not None
    require(not both, "threshold", "left out with --answer_at_accuracy", words.threshold)
    if words.unusual:
        find_own_run(words.model)
    if words.output:
        check_table(words.output)
    if words.explain:
        words.explain = words.explain.expanduser()
        read_keras_names(words.model)
        check_folder(words.explain)
    takes_texts = read_modality(words.model) == "text"  # whose words may be texts themselves
    if not takes_texts and (missing := find_missing(words.images)):
        logger.warning("Not there: %s", name_some(missing))
    return words


if __name__ == "__main__":
    run_command(main)
