"""Find labels that look wrong, and apply decisions: `python -m keras_transfer.review DATASET`."""

# Nothing in this room writes an image, or into the data set.

import dataclasses
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.config.command_line import Parser
from keras_transfer.config.layers import merge_layers
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import PreprocessWord, TrainConfig
from keras_transfer.config.validation import is_count, require
from keras_transfer.data.sources.choose_source import KINDS
from keras_transfer.modalities.table import choose_modality, name_dataset
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.backbones.preprocess_choice import tell_network
from keras_transfer.system.files.output_folder import check_new, refuse_inside
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.script_output import (
    add_json,
    print_json,
    print_path,
    reserving_output,
)
from keras_transfer.system.terminal.visible_text import print_text, quote_word
from keras_transfer.training.plan.backbone_input import settle_backbone
from keras_transfer.training.plan.preflight import check_names

if TYPE_CHECKING:
    import numpy as np

    from keras_transfer.data.examples import Examples
    from keras_transfer.review.decisions import Decisions
    from keras_transfer.review.label_quality.suspects import LabelReview

SHEET = 24  # images on the contact sheet
MOST = 400  # of them; one of more would be too high for many programs
SETTINGS = ("backbone", "preprocess", "weights", "data")  # of a training that a review has as well

logger = logging.getLogger(__name__)


def review_labels(
    dataset: Any,
    *,
    backbone: str = TrainConfig.backbone,
    preprocess: PreprocessWord = "auto",
    weights: str = TrainConfig.weights,
    data: DataConfig | None = None,
    output: str | Path | None = None,
) -> "LabelReview":
    """Look at every label of a data set for what speaks against it; nothing is changed.

    Each image is judged by logistic regression on frozen features of images that are neither it nor
    a copy of it. The features are kept for the next review.

    Args:
        dataset: A folder, a labels.csv, `hf:NAME` …, as `--dataset` of train takes it; or what
            `keras_transfer.modalities.table.name_dataset` does.
        backbone: Name of a row of `BACKBONES`, or one behind `hub:` or `file:`.
        preprocess: As `--preprocess` of train takes it, for a backbone behind `file:`.
        weights: As `--weights` of train takes them. Those of a run have learned the labels,
            wrong ones too.
        data: Settings that a training would have. None: the defaults.
        output: New or empty folder for label_review.csv and label_review.png. None: no files.

    Returns:
        All images, the most doubtful first. `apply_review` takes the table once it has decisions.

    Raises:
        ConfigError: The data set, the backbone or the weights cannot be used, and why.
    """
    data = data or DataConfig()
    config = TrainConfig(
        dataset=name_dataset(dataset, data.modality),
        backbone=backbone,
        preprocess=preprocess,
        weights=weights,
        data=data,
        quiet=True,
    )
    folder = Path(output).expanduser() if output is not None else None
    return _review(config, folder, None if folder is None else SHEET)[0]


def apply_review(
    dataset: Any,
    table: Any,
    output: str | Path | None = None,
    data: DataConfig | None = None,
) -> Path:
    """Write a labels.csv in which the decisions of a reviewed table are the labels.

    It is a data set of its own, of the same images, which are not touched.

    Args:
        dataset: The data set that was reviewed.
        table: The path of a label_review.csv, or its columns, such as a DataFrame. In `decision`,
            `yes` takes what is suggested, the name of a class that class, `remove` leaves the image
            out, `no` and nothing keep the label; without that column each row is a `yes`.
        output: Folder of the labels.csv. None: that of the table.
        data: Settings that a training would have. None: the defaults.

    Returns:
        The path of the labels.csv.

    Raises:
        ConfigError: The table does not fit the data set, or decides nothing.
    """
    data = data or DataConfig()
    config = TrainConfig(dataset=name_dataset(dataset, data.modality), data=data)
    return _apply(config, table, Path(output).expanduser() if output is not None else None)[2]


def _review(
    config: TrainConfig, output: Path | None, count: int | None
) -> tuple["LabelReview", Path | None]:
    """Return what is found, and the folder of its files; what is wrong is told at the start.

    Args:
        config: Settings.
        output: The folder, new or empty. None: a new one in saved_models.
        count: Images on the contact sheet. None: nothing is written.
    """
    from keras_transfer.models.weights.pretrained_weights import find_weights
    from keras_transfer.review.review_examples import review_examples
    from keras_transfer.review.review_folder import NEW, leave_review

    config = settle_backbone(config)
    check_names(config)
    if output is not None:
        refuse_inside(output, config.source)
        check_new(output, NEW)
    row = find_backbone(config.backbone)
    tell_network(config.backbone, row, config.preprocess)
    weights = find_weights(config.backbone, row, config.weights)
    if weights.warning:
        logger.warning("%s", weights.warning)
    review, config = review_examples(config, weights)
    if count is None:
        return review, None
    facts = {
        "dataset": config.source,
        "backbone": config.backbone,
        "image_size": config.data.image_size,
        "weights": weights.kind,
        "weights_sha256": weights.sha256,
    }

    def draw(file: Path, side: int) -> "np.ndarray | tuple[str, ...] | None":
        return choose_modality(config).draw_example(file, side, config)

    return review, leave_review(review, output, facts, draw, count)


def _apply(
    config: TrainConfig, table: Any, output: Path | None
) -> tuple["Examples", "Decisions", Path, list[str]]:
    """Write labels.csv; return the data set, what was decided, the file, and options for train."""
    from keras_transfer.review.corrected_labels import write_labels_csv
    from keras_transfer.review.decisions import read_decisions
    from keras_transfer.review.review_folder import choose_labels_file, mark_labels

    config = settle_backbone(config)
    check_names(config)
    examples = choose_modality(config).read_examples(config.source, config.data)
    decisions = read_decisions(table, examples)
    file = choose_labels_file(output, table, config.source)
    options = write_labels_csv(examples, decisions, file, choose_modality(config))
    mark_labels(file)
    return examples, decisions, file, options


def main(arguments: list[str]) -> int:
    """Run the command line."""
    config, words = _read_words(arguments)
    print_logs(logging.WARNING if config.quiet else logging.INFO)
    with reserving_output(words["json"] or config.quiet):
        run = _print_changes if words["apply"] else _print_review
        said, answer, file = run(config, words)
        if not config.quiet:
            print_text(said)
    if words["json"]:
        print_json(answer)
    elif config.quiet:
        print_path(file)
    return 0


def _print_review(config: TrainConfig, words: dict[str, Any]) -> tuple[str, dict[str, Any], Path]:
    """Review, and return what is said of it, what `--json` prints, and the table."""
    from keras_transfer.review.review_folder import SHEET_FILE, TABLE_FILE
    from keras_transfer.review.review_words import (
        answer_review,
        describe_files,
        describe_review,
    )

    review, folder = _review(config, words["output"], words["shown"])
    assert folder is not None
    table, sheet = folder / TABLE_FILE, folder / SHEET_FILE
    drawn = sheet if sheet.is_file() else None
    files = {"table": table.absolute(), "contact_sheet": drawn and drawn.absolute()}
    answer = {"dataset": config.source, "backbone": config.backbone, **files}
    said = (
        f"{describe_review(review)}\n{describe_files(table, drawn, config.source, words['given'])}"
    )
    return said, answer | answer_review(review), table


def _print_changes(config: TrainConfig, words: dict[str, Any]) -> tuple[str, dict[str, Any], Path]:
    """Apply a table, and return what is said of it, what `--json` prints, and the labels.csv."""
    from keras_transfer.review.review_words import answer_changes, describe_changes

    examples, decisions, file, options = _apply(config, words["apply"], words["output"])
    call = " ".join(["python -m keras_transfer.train --dataset", quote_word(file), *options])
    said = f"{describe_changes(examples, decisions)}\nWritten: {file}\nNext: {call}"
    answer = {"dataset": config.source, **answer_changes(examples, decisions, file, options)}
    return said, answer, file


def _list_given(arguments: list[str]) -> list[str]:
    """Return the words that say how the data set is read: a table is applied with the same."""
    found: list[str] = []
    for word, after in zip(arguments, [*arguments[1:], "--"], strict=True):
        if word.startswith("--data."):
            alone = "=" in word or after.startswith("--")
            found += [word] if alone else [word, after]
    return found


def _read_words(arguments: list[str]) -> tuple[TrainConfig, dict[str, Any]]:
    """Return the settings, and the words that are none: output, apply, shown, json."""
    parser = Parser("review", __doc__)
    parser.add_argument("dataset", metavar="DATASET", help=KINDS)
    text = "Write the labels.csv that the decisions in this label_review.csv make; review nothing"
    parser.add_argument("--apply", type=Path, metavar="FILE", help=text)
    text = "New folder for the table and the contact sheet, or folder for labels.csv"
    text += " (default: in saved_models, or beside FILE)"
    parser.add_argument("--output", type=Path, metavar="FOLDER", help=text)
    text = f"Examples on the contact sheet, the most doubtful first, at most {MOST}"
    parser.add_argument("--shown", type=int, default=SHEET, metavar="N", help=text)
    parser.add_argument("--image_size", type=int, help="Short for --data.image_size.")
    text = "Print the path of label_review.csv, or of labels.csv, alone"
    parser.add_argument("--quiet", action="store_true", help=text)
    add_json(parser, "Print")
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    parser.add_class_arguments(TrainConfig, as_group=False, skip=fields - {*SETTINGS})
    options = parser.parse_args(arguments, defaults=False).as_dict()
    own = {name: options.pop(name, None) for name in ("apply", "output", "shown", "json")}
    own["shown"] = SHEET if own["shown"] is None else own["shown"]
    must = f"a whole number of examples from 1 to {MOST}"
    require(is_count(own["shown"], most=MOST), "shown", must, own["shown"])
    own["given"] = _list_given(arguments)
    own["output"] = own["output"] and own["output"].expanduser()
    return merge_layers(options), own
