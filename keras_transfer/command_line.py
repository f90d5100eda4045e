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
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, NoReturn, get_type_hints

import jsonargparse
import yaml

from keras_transfer.config import KINDS, ConfigError, TrainConfig, suggest, to_dict

# What people type without knowing the sections -> the settings meant.
SHORT_OPTIONS = {
    "batch_size": ("data.batch_size",),
    "image_size": ("data.image_size",),
    "epochs": ("frozen.epochs", "finetune.epochs"),
}

SECTIONS: dict[str, type[Any]] = {
    name: kind
    for name, kind in get_type_hints(TrainConfig).items()
    if isinstance(kind, type) and is_dataclass(kind)
}

FLAGS = (
    "--quiet",
    "--calibrate",
    "--tensorboard",
    "--print_config",
    "--list_backbones",
)  # may stand alone

# How YAML 1.2 reads unquoted values. PyYAML follows YAML 1.1, to which 1e-4 is text, `on` is true
# and 2026-11-20 a date.
PLAIN_VALUES = [
    ("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z")),
    ("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")),
    ("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")),
    (
        "tag:yaml.org,2002:float",
        re.compile(
            r"(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z"
        ),
    ),
]

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


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {None: PLAIN_VALUES}  # noqa: RUF012


class _Dumper(yaml.SafeDumper):
    """Quotes what YAML 1.1 or YAML 1.2 would not read back as text."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        **yaml.SafeDumper.yaml_implicit_resolvers,
        None: PLAIN_VALUES,
    }


def build_parser(command: str) -> Parser:
    """Return the parser of every option of `TrainConfig`, without parsing anything yet."""
    parser = Parser(
        prog=f"python -m keras_transfer.{command}",
        description="Train an image classifier in two phases from a pretrained backbone.",
        allow_abbrev=False,
        print_config=None,  # jsonargparse's own does not know the short options
    )
    parser.add_argument("--config", type=str, help="YAML file with settings; options override it.")
    parser.add_argument(
        "--print_config", type=bool, default=False, help="Print the settings as YAML and exit."
    )
    parser.add_argument(
        "--list_backbones", type=bool, default=False, help="Print the backbones and exit."
    )
    for short, fields in SHORT_OPTIONS.items():
        parser.add_argument(
            f"--{short}",
            type=int | str if short == "epochs" else int,
            help="Short for --" + " and --".join(fields) + ".",
        )
    parser.add_class_arguments(TrainConfig, as_group=False)
    return parser


def parse_config(parser: Parser, arguments: Sequence[str]) -> TrainConfig:
    """Turn command-line words into settings.

    Raises:
        ConfigError: A word is no option, or a value does not fit.
    """
    options = parser.parse_args(_complete_flags(arguments), defaults=False).as_dict()
    options.pop("list_backbones", None)  # answered by the command before it comes here
    file, printed = options.pop("config", None), options.pop("print_config", False)
    config = _merge_layers({} if file is None else _read_yaml(file), options)
    if printed:
        print(dump_config(config), end="")
        raise SystemExit(0)
    return config


def load_config(path: str | Path | None = None, /, **overrides: Any) -> TrainConfig:
    """Read settings from a YAML file, with keyword arguments on top of it.

    Args:
        path: A YAML file that states what differs from the defaults, or None for the defaults.
        **overrides: Top-level fields, or sections as dicts: `finetune={"epochs": 3}`.

    Raises:
        ConfigError: The file cannot be read, or a setting does not fit.
    """
    return _merge_layers({} if path is None else _read_yaml(path), overrides)


def dump_config(config: TrainConfig) -> str:
    """Return the settings as YAML that `--config` reads back to the same settings."""
    return str(yaml.dump(to_dict(config), Dumper=_Dumper, sort_keys=False, allow_unicode=True))


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
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = 130
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


def _read_yaml(file: str | Path) -> Mapping[Any, Any]:
    """Return the settings that a YAML file states.

    Raises:
        ConfigError: It cannot be read, or holds something else.
    """
    try:
        content = yaml.load(Path(file).read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        fault = error.strerror or str(error)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        fault = f"line {line}: {error.problem}"
    except (yaml.YAMLError, ValueError) as error:  # bytes that are no text
        fault = str(error)
    else:
        if content is None:  # empty, or comments only
            return {}
        if isinstance(content, Mapping):
            return content
        fault = "it holds no `name: value` lines"
    raise ConfigError(
        f"`config` must be a YAML file of settings. Received: {file} ({' '.join(fault.split())})."
    )


def _merge_layers(*layers: Mapping[Any, Any]) -> TrainConfig:
    """Build the settings from layers of nested dicts; later ones win.

    Within a layer a setting wins over the short option that means it, too.
    """
    settings: dict[str, Any] = {}
    for layer in layers:
        stated = _flatten(layer)
        for short, fields in SHORT_OPTIONS.items():
            if short in stated:
                value = stated.pop(short)
                stated = dict.fromkeys(fields, value) | stated
        settings |= stated
    known = _flatten(to_dict(TrainConfig()))
    if unknown := [key for key in settings if key not in known]:
        hint = _closest(unknown[0], [*known, *SHORT_OPTIONS])
        raise ConfigError(f"Unknown setting {unknown[0]!r}. {hint}")
    values: dict[str, Any] = {section: {} for section in SECTIONS}
    for key, value in settings.items():
        section, _, name = key.rpartition(".")
        (values[section] if section else values)[name] = value
    return TrainConfig(**values | {name: kind(**values[name]) for name, kind in SECTIONS.items()})


def _flatten(layer: Mapping[Any, Any]) -> dict[str, Any]:
    """Return nested settings as {"data.batch_size": 32}."""
    flat: dict[str, Any] = {}
    for key, value in layer.items():
        if key not in SECTIONS:
            flat[str(key)] = value
            continue
        if isinstance(value, SECTIONS[key]):
            value = vars(value)
        if value is None:  # in YAML: every line below it is commented out
            continue
        if not isinstance(value, Mapping):
            raise ConfigError(_explain_section(key, value))
        flat |= {f"{key}.{name}": item for name, item in value.items()}
    return flat


def _explain_section(name: str, received: Any) -> str:
    first, *_ = SECTIONS[name].__dataclass_fields__
    return f"`{name}` must be a section of settings such as {name}.{first}. Received: {received!r}."


def _one_line(message: str, parser: Parser | PlainParser) -> str:
    """Fold jsonargparse's message into one line and add option names close to an unknown one."""
    text = re.sub(r"\s+", " ", message).strip()
    options = [option for action in parser._actions for option in action.option_strings]
    if found := re.match(r"unrecognized arguments: (\S+)", text, re.IGNORECASE):
        option = found[1].split("=")[0]
        if not option.startswith("-"):
            return f"Every word must belong to an option. Received: {option!r}. See --help."
        return f"Unknown option {option}. {_closest(option, options)}"
    if found := re.match(r"argument (?:\S+/)?--(\S+): expected one argument", text):
        return f"`{found[1]}` must be followed by a value. Received: none."
    if found := re.search(r"Group '(\w+)' does not accept option '(.+?)'", text):
        option = f"{found[1]}.{found[2]}"
        return f"Unknown setting {option!r}. {_closest(f'--{option}', options)}"
    if found := re.match(r"Option '(.+?)' is not accepted", text):  # in a file of settings
        return f"Unknown setting {found[1]!r}. {_closest(f'--{found[1]}', options)}"
    # Greedy: the last key is the innermost, as in `--data '{batch_size: x}'`.
    wrong = r'.*Parser key "([\w.]+)": (Expected an? .*?|Does not .*) (?:Got|Given) value:(.*)'
    if found := re.match(wrong, text):
        received = found[3].strip() or "''"
        return f"`{found[1]}` must be {_words(found[2])}. Received: {received}."
    if found := re.match(r"Parser key \"(\w+)\": Unable to load config '(.*?)' - ", text):
        return _explain_section(found[1], found[2])
    return re.sub(r'Parser key "([\w.]+)":', r"`\1`:", text)


def _words(fault: str) -> str:
    """Say the types in a message as a person would: "Expected a <class 'int'>." as a number."""
    if choices := re.search(r"Literal\[(.*?)\]", fault):
        return "one of " + choices[1].replace("'", "")
    names = dict.fromkeys(re.findall(r"<class '(\w+)'>", fault.partition("Errors:")[0]))
    return " or ".join(words for kind, words in KINDS.items() if kind.__name__ in names) or fault


def _closest(option: str, options: list[str]) -> str:
    hint = suggest(option, options)
    return hint if hint.startswith("Did") else "See --help for all of them."
