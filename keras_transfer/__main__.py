"""`keras-transfer VERB …`, the same as `python -m keras_transfer.VERB …`."""

import argparse
import importlib
from collections.abc import Iterable

from keras_transfer.config.command_line import run_command
from keras_transfer.config.help.asked import DESCRIBE, Described
from keras_transfer.config.help.completion import SHELLS, write_completion
from keras_transfer.config.help.foreign_words import FOREIGN_VERBS
from keras_transfer.config.help.versions import say_versions
from keras_transfer.config.lookup import lookup
from keras_transfer.config.messages import say_value
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.visible_text import print_text

VERBS = {
    "train": "train one model, by default in two phases",
    "compare": "train several strategies, backbones … and tell what differs",
    "evaluate": "measure a finished run, on its own or on other examples",
    "predict": "classify images or texts with a run or an exported model",
    "explain": "show what in an image or a text speaks for a class",
    "report": "make the page on which one looks at a run or a comparison",
    "export": "write a run's model for servers and phones, and prove it equal",
    "check": "look for broken files, duplicates and leaks in a data set",
    "review": "find labels that look wrong, and apply what you decide",
    "embed": "write what a network makes of examples, and tell two sets apart",
    "zeroshot": "classify images by sentences with CLIP, without training",
    "pretrain": "go on from weights without labels, or make some from drawings",
    "estimate": "say what a training of any number of images would take",
    "clean": "remove what earlier runs keep for later ones",
}
FOOT = f"""VERB --help has examples and options. --version prints versions, --completion
{"|".join(SHELLS)} a script that completes words at TAB."""
HELP = ("-h", "--help", "help")


def call_verb(arguments: list[str]) -> int:
    """Call the command that the first word names with the words after it."""
    verb, *others = arguments or ["help"]
    if verb == "--version":
        print_text(say_versions())
    elif verb.partition("=")[0] == "--completion":
        _print_completion(verb.partition("=")[2] or "".join(others[:1]))
    elif verb in HELP and not others:
        lines = [f"  {each:10} {meaning}" for each, meaning in VERBS.items()]
        print_text("\n".join(["usage: keras-transfer VERB [options]", "", *lines, "", FOOT]))
    else:
        if verb in HELP:
            verb, *others = [*others, "--help"]
        if meant := FOREIGN_VERBS.get(verb.lower()):
            raise ConfigError(f"Unknown verb {say_value(verb)}. Did you mean {meant!r}?")
        lookup(VERBS, "verb", verb)
        return int(importlib.import_module(f"keras_transfer.{verb}").main(others))
    return 0


def _print_completion(shell: str) -> None:
    """Print the script for a shell, with every option and what its value may be."""
    parsers = {verb: find_parser(verb) for verb in VERBS}
    print_text(write_completion(shell, VERBS, parsers, list_values()))


def list_values() -> dict[str, tuple[str, ...]]:
    """Return what the values of options may be whose type is any text, by the options' names."""
    from keras_transfer.compare.columns import COLUMNS
    from keras_transfer.compare.engines import ENGINES
    from keras_transfer.config.split_names import SPLITS
    from keras_transfer.config.train_config import WeightsWord
    from keras_transfer.exports.exporters import EXPORTERS, TFLITE
    from keras_transfer.images.augmentation.presets import AUGMENTATIONS
    from keras_transfer.training.plan.preflight import list_names

    tables: dict[str, Iterable[str]] = {**list_names(), "augment.preset": AUGMENTATIONS}
    lists = {name: each.setting for name, each in COLUMNS.items()}
    tables |= {name: tables[setting] for name, setting in lists.items() if setting in tables}
    tables |= {"weights": WeightsWord, "split": SPLITS, "engine": ENGINES}
    tables |= {"formats": EXPORTERS, "tflite": TFLITE}
    return {name: tuple(map(str, table)) for name, table in tables.items()}


def find_parser(verb: str) -> argparse.ArgumentParser:
    """Return the parser of a command, which knows its options."""
    command = importlib.import_module(f"keras_transfer.{verb}")
    try:
        command.main([DESCRIBE])
    except Described as answer:
        return answer.parser
    raise ConfigError(f"{verb} must read its options before all else. Received: an answer.")


def main() -> None:
    """Run the console script."""
    run_command(call_verb)


if __name__ == "__main__":
    main()
