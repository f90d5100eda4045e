"""`keras-transfer VERB …`, the same as `python -m keras_transfer.VERB …`."""

import importlib

from keras_transfer.config.command_line import run_command
from keras_transfer.config.lookup import lookup
from keras_transfer.system.terminal.visible_text import print_text

VERBS = {
    "train": "train one model, by default in two phases",
    "compare": "train several strategies, backbones … and tell which differences are real",
    "evaluate": "measure a finished run, on its own or on other images",
    "predict": "classify images with a run or an exported model",
    "export": "write a run's model for servers and phones, and prove it equal",
    "check": "look for broken files, duplicates and leaks in a data set",
    "pretrain": "make a backbone's weights from pictures that formulas draw",
    "clean": "remove what earlier runs keep for later ones",
}


def call_verb(arguments: list[str]) -> int:
    """Call the command that the first word names with the words after it."""
    if not arguments or arguments[0] in ("-h", "--help"):
        lines = [f"  {verb:10} {meaning}" for verb, meaning in VERBS.items()]
        print_text("\n".join(["usage: keras-transfer VERB [--help] …", *lines]))
        return 0
    lookup(VERBS, "verb", arguments[0])
    command = importlib.import_module(f"keras_transfer.{arguments[0]}")
    return int(command.main(arguments[1:]))


def main() -> None:
    """Run the console script."""
    run_command(call_verb)


if __name__ == "__main__":
    main()
