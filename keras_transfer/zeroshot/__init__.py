"""Classify images by sentences, without training: `python -m keras_transfer.zeroshot`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_transfer.config.command_line import Parser
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import KINDS
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.logs import print_logs
from keras_transfer.system.terminal.script_output import (
    add_json,
    print_json,
    print_path,
    reserving_output,
)
from keras_transfer.system.terminal.visible_text import print_text

if TYPE_CHECKING:
    from keras_transfer.zeroshot.classify import Asked

# Settings of `data` that the preset decides, or that only trainings have.
DECIDED = {"image_size", "resize", "crop_fraction", "interpolation", "class_weight"}


def main(arguments: list[str]) -> int:
    """Run the command line; 1 if an exported file does not give the command's own answers."""
    parser = _build_parser()
    words = parser.parse_args(arguments, defaults=False).as_dict()
    as_json = words.pop("json", False)
    from keras_transfer.zeroshot.classify import classify_zero_shot
    from keras_transfer.zeroshot.zeroshot_folder import answer_zeroshot, describe_folder

    asked = _read_words(words)
    print_logs(logging.WARNING if asked.quiet else logging.INFO)
    with reserving_output(as_json or asked.quiet):
        done = classify_zero_shot(asked)
        if not asked.quiet:
            print_text(describe_folder(done.folder, done.facts, done.metrics))
    if as_json:
        print_json(answer_zeroshot(done.folder, done.facts, done.metrics))
    elif asked.quiet:
        print_path(done.folder)
    return int(any(row["reason"] for row in done.metrics.get("exports", [])))


def _read_words(words: dict[str, Any]) -> "Asked":
    from keras_transfer.zeroshot.classify import Asked

    if not words.get("preset"):
        raise ConfigError(
            "`preset` must name a CLIP preset of KerasHub, or its folder. Received: nothing. "
            "Give one such as --preset clip_vit_base_patch32."
        )
    paths = {name: words[name].expanduser() for name in ("prompts", "output") if words.get(name)}
    data = DataConfig(**words.pop("data", {}))
    return Asked(**{"quiet": False} | words | paths | {"data": data})


def _build_parser() -> Parser:
    parser = Parser("zeroshot", __doc__)
    text = "CLIP preset of KerasHub: a name, kaggle://…, hf://… or a folder that save_to_preset "
    parser.add_argument("--preset", type=str, metavar="WHICH", help=f"{text}wrote")
    text = "None: no images, only --export of the classes in --prompts"
    parser.add_argument("--dataset", type=str, help=f"{KINDS} {text}")
    text = "Sentences: a text file with a line such as 'a photo of a {}.' each, or YAML or JSON "
    text += "with the sentences of each class (default: eight of Radford et al. 2021)"
    parser.add_argument("--prompts", type=Path, metavar="FILE", help=text)
    text = "Compare with logistic regression on 1 to 16 training images of each class"
    parser.add_argument("--probe", action="store_true", help=text)
    text = "Leave the classifier as a SavedModel and a .keras file"
    parser.add_argument("--export", action="store_true", help=text)
    text = "New folder for what is found (default: in saved_models)"
    parser.add_argument("--output", type=Path, metavar="FOLDER", help=text)
    text = "Print the path of the folder alone"
    parser.add_argument("--quiet", action="store_true", help=text)
    add_json(parser, "Print")
    parser.add_class_arguments(DataConfig, "data", skip=DECIDED)
    return parser
