"""The command line of predict: what it takes, and what cannot be."""

import argparse
import logging
from pathlib import Path

from keras_transfer.cluster.block_engines import add_engine, choose_engine
from keras_transfer.cluster.part_folder import check_part_folder, is_part_folder
from keras_transfer.config.command_line import PlainParser
from keras_transfer.config.messages import name_some
from keras_transfer.config.validation import require
from keras_transfer.data.sources.unlabelled import find_missing
from keras_transfer.evaluation.certainty.decision_options import add_decisions, check_decisions
from keras_transfer.evaluation.predict_output import UNSURE, check_folder, check_table
from keras_transfer.exports.loaders import read_keras_names, read_modality
from keras_transfer.exports.reading.unusual_images import find_own_run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.script_output import add_json

logger = logging.getLogger(__name__)


def read_options(arguments: list[str], about: str | None) -> argparse.Namespace:
    """Read the command line, and refuse what cannot be before anything is loaded.

    Returns:
        The options by name. `output` is the file, `parts` the folder that was meant instead,
        `engine` an `Engine`.
    """
    words = _build_parser(about).parse_args(arguments)
    require(words.top >= 1, "top", "1 or more classes", words.top)
    require(0 <= words.threshold <= 1, "threshold", "in [0, 1]", words.threshold)
    check_decisions(words)
    both = words.threshold and words.answer_at_accuracy is not None
    require(not both, "threshold", "left out with --answer_at_accuracy", words.threshold)
    words.engine = choose_engine(words.engine, words.workers)
    if words.unusual:
        find_own_run(words.model)
    _settle_output(words)
    if words.explain:
        words.explain = words.explain.expanduser()
        read_keras_names(words.model)
        check_folder(words.explain)
    takes_texts = read_modality(words.model) == "text"  # whose words may be texts themselves
    if not takes_texts and (missing := find_missing(words.images)):
        logger.warning("Not there: %s", name_some(missing))
    return words


def _build_parser(about: str | None) -> PlainParser:
    parser = PlainParser("predict", about)
    parser.add_argument("model", metavar="MODEL", help="a run directory or an exported model")
    text = "files, folders or globs; -: standard input, a name of a file per line or one image. "
    text += "Of a model of texts: tables, .txt files, sentences; -: a text per line; csv:-, tsv:-, "
    text += "jsonl:-: a table"
    parser.add_argument("images", metavar="IMAGES", nargs="+", help=text)
    text = "FILE.csv, .jsonl or .parquet; FOLDER/, with the slash: Parquet in parts, which a later "
    text += "call goes on with (default: a table on a terminal, else CSV)"
    parser.add_argument("--output", metavar="FILE", help=text)
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
    add_engine(parser)
    return parser


def _settle_output(words: argparse.Namespace) -> None:
    """Tell a folder of parts from a file, and refuse what does not go with it."""
    named = words.output
    words.parts = Path(named).expanduser() if is_part_folder(named or "") else None
    words.output = None if named is None or words.parts else Path(named)
    in_blocks = words.parts or not words.engine.is_here
    if words.explain and in_blocks:
        raise ConfigError(
            "`explain` must be left out with --engine ray and with an output in parts. Received: "
            f"{words.explain}. Explain the images that matter in a call of their own."
        )
    if words.json and words.parts:
        raise ConfigError(
            f"`json` must be left out where the output is a folder. Received: {words.parts}/. Read "
            "its parts, or write a file."
        )
    if words.output:
        check_table(words.output)
    if words.parts:
        check_part_folder(words.parts)
