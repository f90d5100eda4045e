"""What argparse and jsonargparse find wrong, said as every error of this program is said.

They tell one fault from another by the wording of a message only. So `FAULTS` has a row for each
wording that an option can bring about: the words of the parser, and the function that says it in
ours. The first row that fits is taken.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from keras_transfer.config.help.asked import name_program
from keras_transfer.config.help.foreign_words import suggest_option
from keras_transfer.config.help.shown_options import EXAMPLES
from keras_transfer.config.layers import explain_section
from keras_transfer.config.messages import VALUE, say_value
from keras_transfer.config.validation import KINDS
from keras_transfer.system.terminal.short_names import shorten
from keras_transfer.system.terminal.visible_text import quote_word

NAMES = {kind.__name__: words for kind, words in KINDS.items()}  # "int" -> "a whole number"


class Known(NamedTuple):
    """What a wrong word is compared with."""

    options: Sequence[str]
    """Of the command, such as `--seed`."""
    command: str = ""
    """The verb."""


def explain_fault(message: str, known: Known) -> str:
    """Return the message of a parser in our words and in one line.

    Args:
        message: What argparse or jsonargparse says, in any number of lines.
        known: The command and its options; the ones close to a wrong one are named.
    """
    text = " ".join(message.split())
    for wording, explain in FAULTS:
        if found := re.match(wording, text):
            return explain(found, known)
    # Others can be read as they are: "not allowed with argument --quiet".
    return re.sub(r'Parser key "([\w.]+)":', r"`\1`:", text)


def _explain_word(found: re.Match[str], known: Known) -> str:
    """Refuse a word that is no option, or follows one that has its value.

    unrecognized arguments: --seeed=3 photos
    -> Unknown option --seeed. Did you mean '--seed'?
    """
    option, is_assigned, _ = found["word"].partition("=")
    if option.startswith("-"):
        return f"Unknown option {shorten(option, VALUE)}. {suggest_option(option, *known)}"
    if is_assigned:  # epochs=5, as yolo and Hydra take it
        hint = suggest_option(f"--{option}", *known)
    elif "--dataset" in known.options and Path(option).exists():
        hint = f"Did you mean '--dataset {quote_word(option)}'?"
    else:
        hint = "See --help."
    return f"Every word must belong to an option. Received: {say_value(found['word'])}. {hint}"


def _explain_bare(found: re.Match[str], known: Known) -> str:
    """Refuse an option that another one follows, or nothing.

    argument -o/--output: expected one argument
    -> `output` must be followed by a value. Received: none.
    """
    return f"`{found['option']}` must be followed by a value. Received: none."


def _explain_alone(found: re.Match[str], known: Known) -> str:
    """Refuse a value for an option that has none.

    argument --json: ignored explicit argument 'true'
    -> `json` must stand alone. Received: 'true'. Write --json.
    """
    option = found["option"]
    return f"`{option}` must stand alone. Received: {found['value']}. Write --{option}."


def _explain_plain_value(found: re.Match[str], known: Known) -> str:
    """Refuse a value that argparse cannot read; the words of jsonargparse are others, see below.

    argument --tta: invalid int value: 'x'
    -> `tta` must be a whole number. Received: 'x'.
    """
    must = NAMES.get(found["type"], f"a {found['type']}")
    return f"`{found['option']}` must be {must}. Received: {shorten(found['value'], VALUE)}."


def _explain_setting(found: re.Match[str], known: Known) -> str:
    """Refuse a setting that a section lacks, where all of it is given: `--data '{size: 3}'`.

    Group 'data' does not accept option 'size'
    -> Unknown setting 'data.size'. Did you mean '--data.resize'?
    """
    setting = f"{found['section']}.{found['name']}"
    return f"Unknown setting {setting!r}. {suggest_option(f'--{setting}', *known)}"


def _explain_unknown(found: re.Match[str], known: Known) -> str:
    """Refuse a setting in the file of a command without sections.

    Option 'pictres' is not accepted -> Unknown setting 'pictres'. Did you mean '--pictures'?
    """
    return f"Unknown setting {found['name']!r}. {suggest_option('--' + found['name'], *known)}"


def _explain_value(found: re.Match[str], known: Known) -> str:
    """Refuse a value of another type than its setting; `None` goes without saying.

    Parser key "seeds" element 2: Expected a <class 'int'>. Got value: x
    -> `seeds` must be a whole number. Received: x.

    Parser key "head.hidden": Does not validate against any of the Union subtypes Subtypes:
    [<class 'int'>, <class 'NoneType'>] Errors: … Given value type: <class 'str'> Given value: x
    -> `head.hidden` must be a whole number. Received: x.
    """
    received = shorten(found["value"].strip() or "''", VALUE)
    return f"`{found['setting']}` must be {_say_types(found['types'])}. Received: {received}."


def _explain_section(found: re.Match[str], known: Known) -> str:
    """Refuse one value where a section is meant; after the dash stands why YAML holds no names.

    Parser key "data": Unable to load config '3' - Parser key "data": Unable to load config "3"
    -> `data` must be a section of settings such as data.image_size. Received: '3'. Did you mean
    '--dataset 3'?
    """
    return explain_section(found["section"], found["value"], dashes="--")


def _say_types(fault: str) -> str:
    """Say as a person would what a value may be: "Expected a <class 'int'>." as a whole number."""
    if choices := re.search(r"Literal\[(.*?)\]", fault):
        return "one of " + choices[1].replace("'", "")
    if "dict[str, float]" in fault:
        return "names with numbers, such as {head: 1e-3}"
    types = re.findall(r"<class '(\w+)'>", fault.partition("Errors:")[0])
    return " or ".join(words for name, words in NAMES.items() if name in types) or fault


def _explain_missing(found: re.Match[str], known: Known) -> str:
    """Refuse a command without the words that it needs.

    the following arguments are required: MODEL, IMAGES
    -> MODEL and IMAGES must be given. Received: nothing. Example: python -m keras_transfer.predict
    saved_models/RUN photo.jpg
    """
    example = next(iter(EXAMPLES.get(known.command, ())), "--help")
    needed = " and ".join(found["words"].split(", "))
    return f"{needed} must be given. Example: {name_program(known.command)} {example}"


FAULTS: Sequence[tuple[str, Callable[[re.Match[str], Known], str]]] = (
    (r"the following arguments are required: (?P<words>.*)", _explain_missing),
    (r"(?i:unrecognized arguments): (?P<word>\S+)", _explain_word),
    (
        r"argument (\S+/)?--(?P<option>\S+): expected (one|at least one) argument",
        _explain_bare,
    ),
    (
        r"argument (\S+/)?--(?P<option>\S+): ignored explicit argument (?P<value>.*)",
        _explain_alone,
    ),
    (
        r"argument (\S+/)?--(?P<option>\S+): invalid (?P<type>\w+) value: (?P<value>.*)",
        _explain_plain_value,
    ),
    (
        r".*?Group '(?P<section>\w+)' does not accept option '(?P<name>.+?)'",
        _explain_setting,
    ),
    (r".*?Option '(?P<name>.+?)' is not accepted", _explain_unknown),
    (
        # Greedy: the last key is the innermost, as in `--data '{batch_size: x}'`.
        r'.*Parser key "(?P<setting>[\w.]+)"( element \d+)?: '
        r"(?P<types>Expected an? .*?|Does not .*) (Got|Given) value:(?P<value>.*)",
        _explain_value,
    ),
    (
        r'Parser key "(?P<section>\w+)": Unable to load config (?P<quote>[\'"])'
        r"(?P<value>.*?)(?P=quote) - ",
        _explain_section,
    ),
)
