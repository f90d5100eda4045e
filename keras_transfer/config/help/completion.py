"""Scripts that complete commands, options and values at TAB, in bash, zsh and fish.

A script is written once and holds all words, so that no TAB starts a program. Its frame is the file
`completion.SHELL` beside this one.
"""

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from keras_transfer.config.help.described_options import Option, describe_options
from keras_transfer.config.help.help_pages import ALL, ALWAYS
from keras_transfer.config.lookup import lookup

SHELLS = ("bash", "zsh", "fish")

Values = Mapping[str, Sequence[str]]  # option, or setting -> what its value may be


def write_completion(
    shell: str,
    verbs: Mapping[str, str],
    parsers: Mapping[str, argparse.ArgumentParser],
    named: Values,
) -> str:
    """Return the script for a shell.

    Args:
        shell: One of `SHELLS`.
        verbs: Verb and what it does.
        parsers: Verb and its parser.
        named: Values of options whose type is any text, such as the backbones.

    Raises:
        ConfigError: There is no such shell.
    """
    lookup(dict.fromkeys(SHELLS), "shell", shell)
    options = {
        verb: [each for each in _list_options(parser) if not each.is_positional]
        for verb, parser in parsers.items()
    }
    parts = {
        "VERBS": " ".join(verbs),
        "MODULES": " ".join(f"keras_transfer.{verb}" for verb in verbs),
        "SEVERAL": " ".join(
            f"{verb} --{each.name}" for verb in options for each in options[verb] if each.is_many
        ),
        "VALUES": _write_cases(options, named),
        "OPTIONS": _write_options(options),
        "DESCRIBED": "\n".join(
            f"        {shlex.quote(f'{verb}:{meaning}')}" for verb, meaning in verbs.items()
        ),
        "FISH": _write_fish(verbs, options, named),
    }
    text = Path(__file__).with_name(f"completion.{shell}").read_text("utf-8")
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text.rstrip()


def _list_options(parser: argparse.ArgumentParser) -> list[Option]:
    """Return the options of a command; behind --help may stand the sections that it has."""
    options = describe_options(parser)
    sections = tuple(dict.fromkeys(option.section for option in options if option.section))
    topics = (ALL, *sections) if sections else ()
    always = [replace(each, choices=topics) if each.name == "help" else each for each in ALWAYS]
    return [*options, *always]


def _list_values(option: Option, named: Values) -> Sequence[str]:
    return () if option.is_flag else named.get(option.name) or option.choices


def _write_cases(options: Mapping[str, Sequence[Option]], named: Values) -> str:
    """Return what each option takes, as cases of bash and zsh: `'train --seed') echo …;;`."""
    lines = []
    for verb, each in options.items():
        lines.append(f"        {verb}) echo '{' '.join(f'--{option.name}' for option in each)}';;")
        for option in each:
            if values := _list_values(option, named):
                words = shlex.quote(" ".join(values))
                lines.append(f"        '{verb} --{option.name}') echo {words};;")
    return "\n".join(lines)


def _write_options(options: Mapping[str, Sequence[Option]]) -> str:
    """Return the options with what they do, as cases of zsh that fill an array."""
    lines = []
    for verb, each in options.items():
        lines.append(f"        {verb}) options=(")
        lines += [
            f"            {shlex.quote(f'--{option.name}:{_say(option)}')}" for option in each
        ]
        lines.append("        );;")
    return "\n".join(lines)


def _write_fish(
    verbs: Mapping[str, str], options: Mapping[str, Sequence[Option]], named: Values
) -> str:
    lines = []
    for verb, meaning in verbs.items():
        said = shlex.quote(meaning)
        lines.append(f"complete -c keras-transfer -n __fish_use_subcommand -f -a {verb} -d {said}")
        for option in options[verb]:
            values = _list_values(option, named)
            takes = "" if option.is_flag or option in ALWAYS else " -r"
            takes = f" -x -a {shlex.quote(' '.join(values))}" if values else takes
            line = f"-l {option.name}{takes} -d {shlex.quote(_say(option))}"
            lines.append(f"__keras_transfer_complete {verb} {line}")
    return "\n".join(lines)


def _say(option: Option) -> str:
    """Return what an option does, in a few words."""
    return option.first_sentence.rstrip(".")
