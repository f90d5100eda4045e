"""Fill a `TrainConfig` from a YAML file and from `--options`; jsonargparse reads the options.

Each is a layer of settings: options win over the file, the file wins over the defaults.
"""

import argparse
import gc
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import jsonargparse

from keras_transfer.config.layers import (
    SHORT_OPTIONS,
    explain_section,
    suggest_option,
)
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.validation import KINDS
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.signals import Stopped

FLAGS = (
    "--quiet",
    "--calibrate",
    "--tensorboard",
    "--print_config",
    "--list_backbones",
)  # may stand alone

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
        raise ConfigError(_one_line(message, self))


class Parser(jsonargparse.ArgumentParser):
    """A parser of settings whose errors are one line: what came, and what comes close to it."""

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Raise the message as a `ConfigError`; the command prints it."""
        raise ConfigError(_one_line(message, self)) from ex


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
    parser.add_class_arguments(TrainConfig, as_group=False)
    return parser


def read_words(
    parser: Parser, arguments: Sequence[str]
) -> tuple[Mapping[Any, Any], dict[str, Any], bool]:
    """Return what the file of `--config` states, the options, and whether to print settings only.

    Raises:
        ConfigError: A word is no option, or a value does not fit.
    """
    options = parser.parse_args(_complete_flags(arguments), defaults=False).as_dict()
    options.pop("list_backbones", None)  # answered by the command before it comes here
    file, printed = options.pop("config", None), options.pop("print_config", False)
    return {} if file is None else read_yaml(file), options, printed


def run_command(command: Callable[[list[str]], int]) -> NoReturn:
    """Run a command's `main` and exit: 2 and one `error: …` line for what the user can mend."""
    # Networks and their graphs are a million objects that live to the end. Looking through them
    # for garbage again and again took 2 of 20 seconds, and once more at the exit one second.
    gc.set_threshold(100_000, 50, 50)
    # Pillow's words on odd files; the data doctor names them.
    warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
    if isinstance(sys.stdout, io.TextIOWrapper):  # not every terminal can draw lines
        sys.stdout.reconfigure(errors="replace")
    try:
        code = command(sys.argv[1:])
    except ConfigError as error:
        print("error:", " ".join(str(error).splitlines()), file=sys.stderr)
        code = 2
    except KeyboardInterrupt as error:
        print("interrupted", file=sys.stderr)
        code = error.code if isinstance(error, Stopped) else 130
    except BrokenPipeError:  # whoever read our output (`| head`) has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    gc.freeze()
    raise SystemExit(code)


def _complete_flags(arguments: Sequence[str]) -> list[str]:
    """Write flags that stand alone as `--quiet=true`."""
    followers = [*arguments, "--"][1:]
    return [
        f"{word}=true" if word in FLAGS and follower.startswith("--") else word
        for word, follower in zip(arguments, followers, strict=True)
    ]


def _one_line(message: str, parser: Parser | PlainParser) -> str:
    """Fold jsonargparse's message into one line and add option names close to an unknown one."""
    text = re.sub(r"\s+", " ", message).strip()
    options = [option for action in parser._actions for option in action.option_strings]
    if found := re.match(r"unrecognized arguments: (\S+)", text, re.IGNORECASE):
        option = found[1].split("=")[0]
        if not option.startswith("-"):
            return f"Every word must belong to an option. Received: {option!r}. See --help."
        return f"Unknown option {option}. {suggest_option(option, options)}"
    if found := re.match(
        r"argument (?:\S+/)?--(\S+): expected (?:one|at least one) argument", text
    ):
        return f"`{found[1]}` must be followed by a value. Received: none."
    if found := re.match(r"argument (?:\S+/)?--(\S+): invalid (\w+) value: (.*)", text):
        kinds = {kind.__name__: words for kind, words in KINDS.items()}
        must = kinds.get(found[2], f"a {found[2]}")
        return f"`{found[1]}` must be {must}. Received: {found[3]}."
    if found := re.search(r"Group '(\w+)' does not accept option '(.+?)'", text):
        option = f"{found[1]}.{found[2]}"
        return f"Unknown setting {option!r}. {suggest_option(f'--{option}', options)}"
    if found := re.match(r"Option '(.+?)' is not accepted", text):  # in a file of settings
        return f"Unknown setting {found[1]!r}. {suggest_option(f'--{found[1]}', options)}"
    # Greedy: the last key is the innermost, as in `--data '{batch_size: x}'`.
    wrong = (
        r'.*Parser key "([\w.]+)"(?: element \d+)?: (Expected an? .*?|Does not .*)'
        r" (?:Got|Given) value:(.*)"
    )
    if found := re.match(wrong, text):
        received = found[3].strip() or "''"
        return f"`{found[1]}` must be {_words(found[2])}. Received: {received}."
    if found := re.match(r"Parser key \"(\w+)\": Unable to load config '(.*?)' - ", text):
        return explain_section(found[1], found[2])
    return re.sub(r'Parser key "([\w.]+)":', r"`\1`:", text)


def _words(fault: str) -> str:
    """Say the types in a message as a person would: "Expected a <class 'int'>." as a number."""
    if choices := re.search(r"Literal\[(.*?)\]", fault):
        return "one of " + choices[1].replace("'", "")
    if "dict[str, float]" in fault:
        return "names with numbers, such as {head: 1e-3}"
    names = dict.fromkeys(re.findall(r"<class '(\w+)'>", fault.partition("Errors:")[0]))
    return " or ".join(words for kind, words in KINDS.items() if kind.__name__ in names) or fault
