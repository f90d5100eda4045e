"""Fill a `TrainConfig` from a YAML file and from `--options`; jsonargparse reads the options.

Each is a layer of settings: options win over the file, the file wins over the defaults.
"""

import argparse
import contextlib
import errno
import gc
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import jsonargparse

from keras_transfer.config.help.asked import answer, name_program
from keras_transfer.config.help.described_options import describe_options
from keras_transfer.config.help.help_pages import ALL, write_page
from keras_transfer.config.layers import ONE_PHASE, SHORT_OPTIONS
from keras_transfer.config.messages import VALUE
from keras_transfer.config.parser_errors import Known, explain_fault
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import spare_unasked
from keras_transfer.system.signals import Stopped, stoppable
from keras_transfer.system.standard_streams import (
    EXIT_CODE,
    OutputError,
    check_output,
    mend_streams,
)
from keras_transfer.system.terminal.open_page import add_open
from keras_transfer.system.terminal.script_output import add_json
from keras_transfer.system.terminal.short_names import shorten
from keras_transfer.system.terminal.visible_text import print_text

# What --epochs means under strategies of one phase.
EPOCHS_IN_ALL = f"Strategies of one phase last as long in all: {', '.join(ONE_PHASE)}."
EPOCHS = {"compare": "Strategies of one phase get the sum, so that all train equally long."}

LONG_WORD = re.compile(r"\S{256,}")  # longer than the name of any file
NEGATIVE = re.compile(r"-[.\d]")  # argparse takes a pair of numbers for an option

jsonargparse.set_parsing_settings(docstring_parse_attribute_docstrings=True)


class PlainParser(argparse.ArgumentParser):
    """A parser of a few words; its help and errors are as those of `Parser` are.

    Args:
        command: The verb.
        description: What it does.
    """

    def __init__(self, command: str, description: str | None) -> None:
        prog = name_program(command)
        super().__init__(prog=prog, description=description, allow_abbrev=False, add_help=False)
        self.command = command

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse words; exit where they ask for help or the version."""
        answer(self, self.command, args)
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        """Return the page that has every option."""
        return write_page(self, self.command, ALL)

    def error(self, message: str) -> NoReturn:
        """Raise the message as a `ConfigError`; the command prints it."""
        raise ConfigError(explain_fault(message, Known(_list_options(self), self.command)))


class Parser(jsonargparse.ArgumentParser):
    """A parser of settings: one line for what is wrong, and help that people can read.

    Args:
        command: The verb.
        description: What it does.
    """

    def __init__(self, command: str, description: str | None) -> None:
        super().__init__(
            prog=name_program(command),
            description=description,
            allow_abbrev=False,
            add_help=False,  # `answer` has it
            print_config=None,  # jsonargparse's own does not know the short options
        )
        self.command = command

    def parse_args(self, args: Any = None, *others: Any, **more: Any) -> Any:
        """Parse words; exit where they ask for help or the version."""
        answer(self, self.command, args, SHORT_OPTIONS)
        return super().parse_args(_complete_flags(args, _list_flags(self)), *others, **more)

    def format_help(self, formatter: argparse.HelpFormatter | None = None) -> str:
        """Return the page that has every option."""
        return write_page(self, self.command, ALL, SHORT_OPTIONS)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise the message as a `ConfigError`; the command prints it."""
        raise ConfigError(explain_fault(message, Known(_list_options(self), self.command))) from ex


def build_parser(
    command: str,
    about: str = "Train a classifier of images or texts from a pretrained backbone, by default in "
    "two phases.",
    add_more: Callable[[Parser], None] | None = None,
) -> Parser:
    """Return the parser of every option of `TrainConfig`, without parsing anything yet.

    Args:
        command: The verb.
        about: What it does.
        add_more: Adds the options that the command has besides.
    """
    parser = Parser(command, about)
    parser.add_argument("--config", type=str, help="YAML file with settings; options override it.")
    parser.add_argument(
        "--print_config", type=bool, default=False, help="Print the settings as YAML and exit."
    )
    add_json(parser, "Print")
    add_open(parser, "Show")
    if command == "train":
        parser.add_argument(
            "--list_backbones", type=bool, default=False, help="Print the backbones and exit."
        )
    if add_more:
        add_more(parser)
    for short, fields in SHORT_OPTIONS.items():
        words = "Short for --" + " and --".join(fields) + "."
        if short == "epochs":
            words += f" {EPOCHS.get(command, EPOCHS_IN_ALL)}"
        kind = int | str if short == "epochs" else int
        parser.add_argument(f"--{short}", type=kind, help=words)
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
    options = parser.parse_args(arguments, defaults=False).as_dict()
    for name in ("list_backbones", "json", "open"):  # what the command does, not how it trains
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
    _refuse_other_completion()
    spare_unasked()
    code: int | str | None
    try:
        mend_streams()
        code = _call(command)
        check_output()
    except ConfigError as error:
        _print_error(" ".join(str(error).splitlines()))
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
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        _print_error(f"A path must be shorter. Received: {error.filename}.")
        code = 2
    with contextlib.suppress(OutputError, OSError):
        check_output()
    gc.freeze()
    raise SystemExit(code)


def _print_error(message: str) -> None:
    """Print an error; names that no one reads to their end are shortened."""
    text = LONG_WORD.sub(lambda found: shorten(found[0], VALUE), message)
    print_text(f"error: {text}", sys.stderr)


def _refuse_other_completion() -> None:
    """Answer neither argcomplete, which runs a program at each TAB, nor what debugs jsonargparse.

    Both write words to the terminal that are for developers. `--completion` is ours.
    """
    if "_ARGCOMPLETE" in os.environ:
        raise SystemExit(1)
    for name in [name for name in os.environ if name.startswith("JSONARGPARSE_")]:
        del os.environ[name]


def _call(command: Callable[[list[str]], int]) -> int | str | None:
    """Return the exit code of a command; of --help, too, whose text is yet to be written."""
    try:
        with stoppable():
            return command(sys.argv[1:])
    except SystemExit as ended:
        return ended.code


def _complete_flags(arguments: Sequence[str], flags: Sequence[str]) -> list[str]:
    """Write flags that stand alone as `--quiet=true`, and `-5,5` as the value that it is."""
    words: list[str] = []
    for word, follower in zip(arguments, [*arguments, "--"][1:], strict=True):
        if NEGATIVE.match(word) and words and words[-1].startswith("--"):
            words[-1] += f"={word}"
        else:
            words.append(f"{word}=true" if word in flags and follower.startswith("--") else word)
    return words


def _list_options(parser: argparse.ArgumentParser) -> list[str]:
    options = [each for each in describe_options(parser) if not each.is_positional]
    return [*(f"--{option.name}" for option in options), "--help", "--version"]


def _list_flags(parser: argparse.ArgumentParser) -> list[str]:
    """Return the options that may stand alone, or be followed by true or false."""
    bare = {
        action.dest for action in parser._actions if action.nargs == 0
    }  # these are always alone
    flags = [option.name for option in describe_options(parser) if option.is_flag]
    return [f"--{name}" for name in flags if name not in bare]
