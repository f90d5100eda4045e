"""Fill a `TrainConfig` from a YAML file and from `--options`; jsonargparse reads the options.

Each is a layer of settings: options win over the file, the file wins over the defaults.
"""

import argparse
import contextlib
import gc
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import jsonargparse

from keras_transfer.config.layers import SHORT_OPTIONS
from keras_transfer.config.parser_errors import explain_fault
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.signals import Stopped, stoppable
from keras_transfer.system.standard_streams import (
    EXIT_CODE,
    OutputError,
    check_output,
    mend_streams,
)
from keras_transfer.system.terminal.script_output import add_json
from keras_transfer.system.terminal.visible_text import print_text

FLAGS = (
    "--quiet",
    "--calibrate",
    "--tensorboard",
    "--print_config",
    "--list_backbones",
)  # may stand alone

NEGATIVE = re.compile(r"-[.\d]")  # argparse takes a pair of numbers for an option

jsonargparse.set_parsing_settings(docstring_parse_attribute_docstrings=True)


class PlainParser(argparse.ArgumentParser):
    """A parser of a few words; its errors are one line, as those of `Parser` are.

    Args:
        command: The verb.
        description: What it does.
    """

    def __init__(self, command: str, description: str | None) -> None:
        prog = f"python -m keras_transfer.{command}"
        super().__init__(prog=prog, description=description, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise the message as a `ConfigError`; the command prints it."""
        raise ConfigError(explain_fault(message, _list_options(self)))


class Parser(jsonargparse.ArgumentParser):
    """A parser of settings whose errors are one line: what came, and what comes close to it."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise the message as a `ConfigError`; the command prints it."""
        raise ConfigError(explain_fault(message, _list_options(self))) from ex


def build_parser(
    command: str,
    about: str = "Train an image classifier from a pretrained backbone, by default in two phases.",
    add_more: Callable[[Parser], None] | None = None,
) -> Parser:
    """Return the parser of every option of `TrainConfig`, without parsing anything yet.

    Args:
        command: The verb.
        about: What it does.
        add_more: Adds the options that the command has besides.
    """
    parser = Parser(
        prog=f"python -m keras_transfer.{command}",
        description=about,
        allow_abbrev=False,
        print_config=None,  # jsonargparse's own does not know the short options
    )
    parser.add_argument("--config", type=str, help="YAML file with settings; options override it.")
    parser.add_argument(
        "--print_config", type=bool, default=False, help="Print the settings as YAML and exit."
    )
    add_json(parser)
    if command == "train":
        parser.add_argument(
            "--list_backbones", type=bool, default=False, help="Print the backbones and exit."
        )
    if add_more:
        add_more(parser)
    for short, fields in SHORT_OPTIONS.items():
        parser.add_argument(
            f"--{short}",
            type=int | str if short == "epochs" else int,
            help="Short for --" + " and --".join(fields) + ".",
        )
    own = {action.dest for action in parser._actions}  # the command reads them in its own way
    parser.add_class_arguments(TrainConfig, as_group=False, skip=own & vars(TrainConfig()).keys())
    return parser


def read_words(
    parser: Parser, arguments: Sequence[str]
) -> tuple[Mapping[Any, Any], dict[str, Any], bool]:
    """Return what the file of `--config` states, the options, and whether to print settings only.

    Raises:
        ConfigError: A word is no option, or a value does not fit.
    """
    options = parser.parse_args(_complete_flags(arguments), defaults=False).as_dict()
    for name in ("list_backbones", "json"):  # what the command does, not how it trains
        options.pop(name, None)
    file, printed = options.pop("config", None), options.pop("print_config", False)
    return {} if file is None else read_yaml(file), options, printed


def run_command(command: Callable[[list[str]], int]) -> NoReturn:
    """Run a command's `main` and exit: 2 and one `error: …` line for what the user can mend."""
    # Networks and their graphs are a million objects that live to the end. Looking through them
    # for garbage again and again took 2 of 20 seconds, and once more at the exit one second.
    gc.set_threshold(100_000, 50, 50)
    # Pillow's words on odd files; the data doctor names them.
    warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
    code: int | str | None
    try:
        mend_streams()
        code = _call(command)
        check_output()
    except ConfigError as error:
        print_text("error: " + " ".join(str(error).splitlines()), sys.stderr)
        code = 2
    except KeyboardInterrupt as error:
        print_text("interrupted", sys.stderr)
        code = error.code if isinstance(error, Stopped) else 130
    except OutputError as error:
        print_text(f"error: {error}", sys.stderr)
        code = EXIT_CODE
    except BrokenPipeError:  # whoever read our output (`| head`) has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    with contextlib.suppress(OutputError, OSError):
        check_output()
    gc.freeze()
    raise SystemExit(code)


def _call(command: Callable[[list[str]], int]) -> int | str | None:
    """Return the exit code of a command; of --help, too, whose text is yet to be written."""
    try:
        with stoppable():
            return command(sys.argv[1:])
    except SystemExit as ended:
        return ended.code


def _complete_flags(arguments: Sequence[str]) -> list[str]:
    """Write flags that stand alone as `--quiet=true`, and `-5,5` as the value that it is."""
    words: list[str] = []
    for word, follower in zip(arguments, [*arguments, "--"][1:], strict=True):
        if NEGATIVE.match(word) and words and words[-1].startswith("--"):
            words[-1] += f"={word}"
        else:
            words.append(f"{word}=true" if word in FLAGS and follower.startswith("--") else word)
    return words


def _list_options(parser: argparse.ArgumentParser) -> list[str]:
    return [option for action in parser._actions for option in action.option_strings]
