"""What is asked of a command instead of work: --help, --version, or which options it has."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from keras_transfer.config.help.help_pages import write_page
from keras_transfer.config.help.versions import say_versions
from keras_transfer.system.terminal.visible_text import print_text

DESCRIBE = "\0"  # asks for the parser; no word of a command line can be this


class Described(Exception):
    """Carries the parser of a command to whoever asked for it by `DESCRIBE`."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__(parser.prog)
        self.parser = parser


def name_program(command: str) -> str:
    """Return how a command was called: as a module, or as a word of the console script."""
    called = Path(sys.argv[0] if sys.argv else "")
    if called.parts[-2:] == ("keras_transfer", "__main__.py"):
        return f"python -m keras_transfer {command}"
    if called.stem == "keras-transfer":
        return f"keras-transfer {command}"
    return f"python -m keras_transfer.{command}"


def answer(
    parser: argparse.ArgumentParser,
    command: str,
    arguments: Sequence[str],
    short: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Answer --help, --version and `DESCRIBE` in place of the command, and exit; else return.

    Args:
        parser: That of the command.
        command: The verb.
        arguments: What stands behind it.
        short: The short options, and what each means.

    Raises:
        SystemExit: It was answered.
        ConfigError: Help is asked about something that is not there.
    """
    if DESCRIBE in arguments:
        raise Described(parser)
    if "--version" in arguments:
        print_text(say_versions())
        raise SystemExit(0)
    topic = _find_topic(arguments)
    if topic is not None:
        print_text(write_page(parser, command, topic, short))
        raise SystemExit(0)


def _find_topic(arguments: Sequence[str]) -> str | None:
    """Return what help is asked about, "" where nothing is named; None where none is asked for."""
    for index, word in enumerate(arguments):
        asked = word in ("-h", "--help") or (word == "help" and not index and _is_alone("help"))
        if word.startswith("--help="):
            return word.partition("=")[2]
        if asked:
            topic = "".join(arguments[index + 1 : index + 2])
            return "" if topic.startswith("-") else topic
    return None


def _is_alone(word: str) -> bool:
    """Return whether a word cannot be meant as a file or folder."""
    return not Path(word).exists()
