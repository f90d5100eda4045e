"""Where `evaluate` leaves its tables and figures: in the run, or in a folder of their own."""

import itertools
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_transfer.config.split_names import SPLIT_WORDS, choose_split
from keras_transfer.evaluation.class_scores import write_class_tables
from keras_transfer.evaluation.figures.draw_figures import draw_answers
from keras_transfer.evaluation.figures.top_losses import COUNT, DrawExample
from keras_transfer.evaluation.metrics import score
from keras_transfer.run.predictions_csv import Predictions, join_predictions, read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.run.run_files import EVALUATION_FILE
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import DISK_ERRORS, write_json
from keras_transfer.system.files.ownership import refuse_links
from keras_transfer.system.terminal.short_names import keep_end
from keras_transfer.system.terminal.visible_text import show_name


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a run said about the examples of one split, and of which."""

    run: Run
    predictions: Predictions
    root: Path
    """Folder that the paths of the predictions start from."""
    dataset: str | None
    """As `--dataset` named it; None: the run's own."""
    tta: int = 1
    """Views of each image whose mean the probabilities are."""
    noun: str = "image"
    """What one example is called."""

    @property
    def split(self) -> str:
        """The split that the examples are of."""
        return str(self.predictions.splits[0])

    def describe(self) -> dict[str, Any]:
        """Return what is evaluated in plain values; two that are the same have the same."""
        named = self.dataset
        if named is not None and os.path.exists(os.path.expanduser(named)):
            named = os.path.abspath(os.path.expanduser(named))
        dataset = None if named is None else show_name(named)
        return {"dataset": dataset, "split": self.split, "tta": self.tta}


def leave_evaluation(
    done: Evaluation, output: Path | None, draw_example: DrawExample, count: int = COUNT
) -> str:
    """Write per_class.csv, confusion_matrix.csv and the figures; return a line that says where.

    Those of the run are written anew where they are of the same images. All others get a folder
    in `evaluations` of the run, the same one for the same images.

    Args:
        done: What was evaluated.
        output: The folder to write to. None: in the run, if it can be written.
        draw_example: Returns a file's tile of so many pixels; see `Modality.draw_example`.
        count: Number of images in top_losses.png.

    Raises:
        ConfigError: `output` cannot be written.
    """
    own = None if output else _join_own(done)
    try:
        if not output:
            done.run.refuse_links()
        if own is None:
            folder = figures = output or _choose_folder(done)
        else:
            folder, figures = done.run.path, done.run.figures
        figures.mkdir(parents=True, exist_ok=True)
        if own is None:  # first, so that one that is ended here can be written anew
            of = {"run": show_name(str(done.run.path.resolve())), **done.describe()}
            write_json(folder / EVALUATION_FILE, of | score(done.predictions))
        write_class_tables(done.predictions if own is None else own, folder)
        title = _say_title(done)
        draw_answers(done.predictions, figures, title, done.root, draw_example, count, done.noun)
    except (OSError, ConfigError) as error:
        return _explain(error, output)
    return f"Written: per_class.csv, confusion_matrix.csv and figures in {show_name(str(folder))}"


def _join_own(done: Evaluation) -> Predictions | None:
    """Return the predictions of the run, with those of this split as they are now.

    None: they are of other images than those that the tables and figures of the run are of.
    """
    if done.dataset is not None or done.tta > 1:
        return None
    try:
        former = read_run_predictions(done.run)
    except ConfigError:  # the user may have removed it
        return None
    if not len(former) or done.split != choose_split(former.split_names):
        return None
    if {*former.select(done.split).paths} != {*done.predictions.paths}:
        return None  # some are gone
    others = [former.select(name) for name in former.split_names if name != done.split]
    return join_predictions([*others, done.predictions])


def _choose_folder(done: Evaluation) -> Path:
    """Return the folder of these images in `evaluations`, and make it if it is not there.

    Whoever makes a folder has it: of two evaluations at once, each gets its own.

    Raises:
        ConfigError: It is a link, and may lead to somebody else's files.
    """
    what, name = done.describe(), _name_folder(done)
    for number in itertools.count(1):
        folder = done.run.evaluations / (name if number == 1 else f"{name}-{number}")
        refuse_links(folder)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if not _holds(folder, what):
                continue
        break
    return folder


def _name_folder(done: Evaluation) -> str:
    """Return the end of the data set's name, if it is another, the split, and how many views."""
    words = [done.split, f"tta{done.tta}"] if done.tta > 1 else [done.split]
    if dataset := done.describe()["dataset"]:
        parts = [part for part in re.split(r"[/\\:]", dataset.removesuffix(".csv")) if part]
        if len(parts) > 1 and parts[-1].lower() in SPLIT_WORDS:
            parts.pop()  # photos/test is a part of photos
        words.insert(0, re.sub(r"[^\w.-]+", "_", parts[-1]).strip(".")[:40] or "other")
    return "-".join(words)


def _holds(folder: Path, what: Mapping[str, Any]) -> bool:
    """Tell whether a folder has an evaluation of the same images."""
    try:
        content = json.loads((folder / EVALUATION_FILE).read_bytes())
        return {key: content[key] for key in what} == what
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return False


def _say_title(done: Evaluation) -> str:
    title = f"{done.run.path.resolve().name}: {done.split} {done.noun}s"
    if done.dataset is not None:
        title += f" of {keep_end(done.dataset, 60)}"
    return title + (f", mean of {done.tta} views" if done.tta > 1 else "")


def _explain(error: OSError | ConfigError, output: Path | None) -> str:
    """Return the line about files that could not be written, or raise what explains it."""
    if output:
        raise ConfigError(
            f"`output` must be a folder that can be written. Received: {output} ({error}). "
            "Choose another with --output."
        ) from error
    if isinstance(error, OSError) and error.errno not in DISK_ERRORS:
        raise error
    return f"Nothing was written, --output FOLDER writes elsewhere: {show_name(str(error))}"
