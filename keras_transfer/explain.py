"""Show what a model looks at: `python -m keras_transfer.explain MODEL [IMAGES]`."""

import argparse
import itertools
import logging
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Union

import numpy as np

from keras_transfer.config.command_line import PlainParser, run_command
from keras_transfer.config.lookup import lookup
from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.validation import is_count, require
from keras_transfer.data.sources.unlabelled import find_missing
from keras_transfer.evaluation.predict_output import check_folder
from keras_transfer.exports.loaders import load_artefact, read_keras_names, read_modality
from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.exports.reading.classify_stream import BATCH, classify_stream
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.script_output import (
    add_json,
    print_json,
    print_path,
    reserving_output,
)
from keras_transfer.system.terminal.visible_text import print_text

if TYPE_CHECKING:
    import PIL.Image

    from keras_transfer.evaluation.explanation.explained_images import Explanation
    from keras_transfer.exports.text_models.explained_texts import ExplainedText

logger = logging.getLogger("keras_transfer.explain")  # __name__ is "__main__" as a command

IMAGES = MODALITIES["image"]  # what can be explained
COUNT = 12  # images where none are named
MOST_COUNT = 10_000
COUNTS = f"a whole number of examples, from 1 to {MOST_COUNT:,}"
FOLDER = Path("explanations")  # of a .keras file, in the working directory

Image = Union[str, Path, np.ndarray, "PIL.Image.Image"]


class Explained(NamedTuple):
    """Images or texts, and what in them speaks for their classes."""

    found: "list[Explanation] | list[ExplainedText]"
    class_names: tuple[str, ...]
    """All of the model, in index order."""
    takes_texts: bool
    model: Path
    """The file that was asked, or its run."""


class Chosen(NamedTuple):
    """The images to explain."""

    names: Sequence[str]
    sources: Sequence[Any]
    """Where their pixels come from, as `classify_stream` takes them."""
    truths: Sequence[str] = ()
    """Their classes, where those are known."""


def explain_images(
    model: Run | str | Path,
    images: Image | Iterable[Image] | None = None,
    class_name: str | None = None,
    count: int = COUNT,
    split: str | None = None,
) -> Explained:
    """Return what in each image speaks for a class, by Grad-CAM; what each word of a text adds.

    Args:
        model: A finished run, its directory, or a .keras file.
        images: Files, folders, globs, arrays or Pillow's, one or several, or texts, as
            `predict_images` takes them. None: those of the run's own that it gets wrong, then the
            least certain ones.
        class_name: The class to explain. None: the predicted one of each and, of an image where
            another one is known to be true, that one, too.
        count: Of images, where none are given.
        split: Of the run's own images: validation or test. None: test if there is one, else
            validation.

    Returns:
        An explanation of each image, in order; an unusable one has a `reason` and no classes.

    Raises:
        ConfigError: The model cannot be loaded or has no feature map, the class is unknown, or
            there are no images.
    """
    path = model.path if isinstance(model, Run) else Path(model)
    return explain_with(load_artefact, path, images, class_name, count, split)


def explain_with(
    load: Callable[[Path], Artefact],
    path: Path,
    images: Image | Iterable[Image] | None,
    class_name: str | None,
    count: int,
    split: str | None,
) -> Explained:
    """Do what `explain_images` does; `load` is given a run directory or a .keras file."""
    _check_class(read_keras_names(path, with_texts=True), class_name)
    require(is_count(count, 1, MOST_COUNT), "count", COUNTS, count)
    chosen = _choose_own(path, count, split) if images is None else None
    artefact = load(path if chosen is None else Run(path).own_model_file)
    import_tensorflow()
    usage = artefact.usage
    if chosen is None:
        modality = MODALITIES[usage.modality]
        chosen = Chosen(*modality.list_given(images, usage.preparation.value_range))
    if not usage.takes_texts:
        found = [each for part in _explain(artefact, chosen, class_name) for each in part]
        return Explained(found, usage.class_names, False, path)
    from keras_transfer.exports.text_models.explained_texts import explain_texts

    _check_class(usage.class_names, class_name)
    texts = explain_texts(artefact, chosen.names, chosen.sources, class_name, chosen.truths)
    return Explained(texts, usage.class_names, True, path)


def _choose_own(path: Path, count: int, split: str | None) -> Chosen:
    """Return the images of a run that are worth a look, the most doubtful first."""
    from keras_transfer.evaluation.explanation.doubtful_images import find_doubtful

    if not Run(path).config_file.is_file():
        raise ConfigError(
            f"`images` must be given where the model is no run. Received: {path} alone. Name files "
            "or folders, or the run that the model is of."
        )
    run = Run.open(path)
    config = load_run_config(run)
    modality = MODALITIES[config.data.noun]
    found = find_doubtful(run, config, modality, count, split)
    text = "Chosen: the most doubtful %s %ss of the run, the wrong ones first"
    logger.info(text, found.split, modality.noun)
    return Chosen(found.files, found.sources, found.truths)


def _check_class(names: Sequence[str], asked: str | None) -> None:
    fits = asked is None or isinstance(asked, str)
    require(fits, "class_name", "the name of a class", asked)
    if names and asked is not None:
        lookup(dict.fromkeys(names), "class", asked)


def _explain(
    artefact: Artefact, chosen: Chosen, asked: str | None
) -> "Iterator[list[Explanation]]":
    """Yield the explanations of a batch after the other."""
    from keras_transfer.evaluation.explanation.explained_images import explain_batch
    from keras_transfer.evaluation.explanation.grad_cam import trace_grad_cam

    _check_class(artefact.usage.class_names, asked)
    grad_cam, done = trace_grad_cam(artefact.network), 0
    for pixels, said in classify_stream(artefact, chosen.names, chosen.sources):
        truths = chosen.truths[done : done + len(said)]
        yield explain_batch(grad_cam, pixels, said, asked, truths)
        done += len(said)


def main(arguments: list[str]) -> int:
    """Run the command line; 1 if no image could be used."""
    words = _parse(arguments)
    print_logs(logging.WARNING if words.quiet else logging.INFO)
    if words.takes_texts:
        return _explain_texts(words)
    with reserving_output(words.json):
        chosen = None if words.images else _choose_own(words.model, words.count, words.split)
        artefact = load_artefact(Run(words.model).own_model_file if chosen else words.model)
        import_tensorflow()
        images = _write_pictures(artefact, chosen, words)
    count = sum(each["picture"] is not None for each in images)
    if words.json:
        names = artefact.usage.class_names
        answer = {"model": words.model.absolute(), "class_names": names, "class": words.asked}
        print_json(answer | {"images": images})
    elif not words.quiet:
        from keras_transfer.evaluation.explanation.explanation_files import draw_pictures

        print_text(draw_pictures(images, words.asked))
    logger.info("Written: %s in %s", count_of(count, "picture"), words.output)
    return int(not count)


def _explain_texts(words: argparse.Namespace) -> int:
    """Explain texts by their words; 1 if none could be used."""
    from keras_transfer.exports.text_models.explained_texts import (
        draw_words,
        explain_texts,
        write_words_page,
    )

    with reserving_output(words.json):
        chosen = None if words.images else _choose_own(words.model, words.count, words.split)
        artefact = load_artefact(Run(words.model).own_model_file if chosen else words.model)
        import_tensorflow()
        chosen = chosen or Chosen(*MODALITIES["text"].list_words(words.images))
        found = explain_texts(artefact, chosen.names, chosen.sources, words.asked, chosen.truths)
        usable = [each for each in found if not each.reason]
        page = write_words_page(found, words.model, words.output) if usable else None
    if words.json:
        names = artefact.usage.class_names
        answer = {"model": words.model.absolute(), "class_names": names, "class": words.asked}
        print_json(answer | {"page": page, "texts": [each.as_json() for each in found]})
    elif words.quiet and page:
        print_path(page)
    elif not words.quiet:
        print_text(draw_words(found))
    for each in found:
        if each.reason:
            logger.warning("%s is unusable: %s", each.name, each.reason)
    logger.info("Written: %s", page)
    return int(not usable)


def _write_pictures(
    artefact: Artefact, chosen: Chosen | None, words: argparse.Namespace
) -> list[dict[str, Any]]:
    """Write a picture of each image, and return what `--json` says of each."""
    from keras_transfer.evaluation.explanation.explanation_files import ExplanationFolder
    from keras_transfer.evaluation.reports.json_answers import answer_explanation
    from keras_transfer.training.progress_display import showing_steps

    chosen = chosen or Chosen(*IMAGES.list_words(words.images))
    folder = ExplanationFolder(path=words.output, class_names=artefact.usage.class_names)
    batches, steps = _explain(artefact, chosen, words.asked), math.ceil(len(chosen.names) / BATCH)
    images = []
    with showing_steps(batches, "explain", steps, BATCH, words.quiet or words.json) as shown:
        for each in itertools.chain.from_iterable(shown):
            file = folder.write(each)
            images.append(answer_explanation(each, file))
            if file is None:
                logger.warning("%s is unusable: %s", each.name, each.reason)
            elif words.quiet and not words.json:
                print_path(file)
    return images


def _parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line, and refuse what cannot be before anything is loaded."""
    parser = PlainParser("explain", __doc__)
    parser.add_argument(
        "model", metavar="MODEL", type=Path, help="a run directory or a .keras file"
    )
    text = (
        "files, folders or globs; -: standard input, a name of a file per line or one image. Of a "
        "model of texts: tables, .txt files, sentences; -: a text per line (default: those of the "
        "run that it gets wrong, then the least certain)"
    )
    parser.add_argument("images", metavar="IMAGES", nargs="*", help=text)
    text = "the class to explain (default: the predicted one, and the true one where it is another)"
    parser.add_argument("--class", dest="asked", metavar="NAME", help=text)
    text = f"how many examples, where none are named (default: {COUNT})"
    parser.add_argument("--count", type=int, default=COUNT, metavar="N", help=text)
    text = "of which split they are then: validation or test (default: test, if there is one)"
    parser.add_argument("--split", help=text)
    text = "where the pictures or the page go (default: explanations, in the run or else here)"
    parser.add_argument("--output", type=Path, metavar="FOLDER", help=text)
    text = "print the paths of the files, warnings and errors only"
    parser.add_argument("--quiet", action="store_true", help=text)
    add_json(parser)
    words = parser.parse_intermixed_args(arguments)  # images may come last
    require(is_count(words.count, 1, MOST_COUNT), "count", COUNTS, words.count)
    _check_class(read_keras_names(words.model, with_texts=True), words.asked)
    run = Run(words.model)
    is_run = run.config_file.is_file()
    if words.output is None and is_run:
        run.refuse_links()
    words.output = (words.output or (run.explanations if is_run else FOLDER)).expanduser()
    check_folder(words.output)
    words.takes_texts = read_modality(words.model) == "text"
    if not words.takes_texts and (missing := find_missing(words.images)):
        logger.warning("Not there: %s", name_some(missing))
    return words


if __name__ == "__main__":
    run_command(main)
