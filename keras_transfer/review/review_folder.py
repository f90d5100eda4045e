"""The folder of a review: label_review.csv, label_review.png, review.json, then labels.csv."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.evaluation.figures.top_losses import DrawExample
from keras_transfer.review.contact_sheet import draw_contact_sheet
from keras_transfer.review.corrected_labels import LABELS_FILE
from keras_transfer.review.label_quality.suspects import LabelReview
from keras_transfer.review.review_table import write_review
from keras_transfer.run.run_files import REVIEW_FILE
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.files.file_hashes import hash_file
from keras_transfer.system.files.output_folder import Newness, opening, refuse_inside

TABLE_FILE, SHEET_FILE = "label_review.csv", "label_review.png"
LABELS_HASH = "labels_sha256"  # in review.json
STEM = "review"  # how the name of a folder begins that nobody chose
NEW = Newness("decisions are never overwritten", REVIEW_FILE, "an earlier review")


def leave_review(
    review: LabelReview,
    output: Path | None,
    facts: Mapping[str, Any],
    draw_example: DrawExample,
    count: int,
) -> Path:
    """Write what a review found; return the folder.

    Args:
        review: All images.
        output: The folder, new or empty. None: a new one in saved_models.
        facts: Content of review.json.
        draw_example: See `draw_contact_sheet`; where there is no suspect, there is no sheet.
        count: Images on it.

    Raises:
        ConfigError: It cannot be written.
    """
    with opening(output, TrainConfig.output, STEM, NEW) as folder:
        # first: by it the folder is known, and its picture is no image of a data set
        write_json(folder / REVIEW_FILE, facts)
        suspects = review.suspects
        write_review(suspects, folder / TABLE_FILE)
        if len(suspects):
            draw_contact_sheet(suspects, folder / SHEET_FILE, draw_example, count)
    return folder


def choose_labels_file(output: Path | None, table: Any, source: str) -> Path:
    """Return where corrected labels go; a table that is not of a review is never replaced.

    Args:
        output: A folder, made if it is not there. None: that of the reviewed table.
        table: The reviewed table: a path, or columns.
        source: The data set as it was given.

    Raises:
        ConfigError: There is a labels.csv of the user's, or no folder is named.
    """
    if output is None:
        if not isinstance(table, str | os.PathLike):
            raise ConfigError(
                "`output` must be a folder where the table is no file. Received: nothing."
            )
        output = Path(table).expanduser().parent
    refuse_inside(output, source)
    file = output / LABELS_FILE
    same = os.path.realpath(file) == os.path.realpath(os.path.expanduser(source))
    if os.path.lexists(file) and (same or not _is_own(file)):
        what = "the data set itself" if same else "which no review wrote, or somebody changed"
        raise ConfigError(
            f"`output` must be a folder without a labels.csv. Received: {file}, {what}. Choose "
            "another with --output."
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"`output` must be a folder that can be written. Received: {output} "
            f"({error.strerror}). Choose another with --output."
        ) from error
    return file


def mark_labels(file: Path) -> None:
    """Note in review.json beside a labels.csv that it is of a review: it may be replaced."""
    beside = file.with_name(REVIEW_FILE)
    write_json(beside, _read_facts(beside) | {LABELS_HASH: hash_file(file)})


def _is_own(file: Path) -> bool:
    """Tell whether a labels.csv is as a review wrote it."""
    try:
        return _read_facts(file.with_name(REVIEW_FILE)).get(LABELS_HASH) == hash_file(file)
    except OSError:
        return False


def _read_facts(file: Path) -> dict[str, Any]:
    """Return the content of review.json; nothing where there is none."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
