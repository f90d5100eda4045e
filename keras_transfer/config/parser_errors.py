"""What argparse and jsonargparse find wrong, said as every error of this program is said.

They tell one fault from another by the wording of a message only. So `FAULTS` has a row for each
wording that an option can bring about: the words of the parser, and the function that says it in
ours. The first row that fits is taken.
"""

import re
from collections.abc import Callable, Sequence

from keras_transfer.config.layers import explain_section, suggest_option
from keras_transfer.config.validation import KINDS

NAMES = {kind.__name__: words for kind, words in KINDS.items()}  # "int" -> "a whole number"


def explain_fault(message: str, options: list[str]) -> str:
    """Return the message of a parser in our words and in one line.

    Args:
        message: What argparse or jsonargparse says, in any number of lines.
        options: Those of the command, such as `--seed`; the ones close to a wrong one are named.
    """
    text = " ".join(message.split())
    for wording, explain in FAULTS:
        if found := re.match(wording, text):
            return explain(found, options)
    # Others can be read as they are: "the following arguments are required: run".
    return re.sub(r'Parser key "([\w.]+)":', r"`\1`:", text)


def _explain_word(found: re.Match[str], options: list[str]) -> str:
    """Refuse a word that is no option, or follows one that has its value.

    unrecognized arguments: --seeed=3 photos
    -> Unknown option --seeed. Did you mean '--seed'?
    """
    option = found["word"].split("=")[0]
    if not option.startswith("-"):
        return f"Every word must belong to an option. Received: {option!r}. See --help."
    return f"Unknown option {option}. {suggest_option(option, options)}"


def _explain_bare(found: re.Match[str], options: list[str]) -> str:
    """Refuse an option that another one follows, or nothing.

    argument -o/--output: expected one argument
    -> `output` must be followed by a value. Received: none.
    """
    return f"`{found['option']}` must be followed by a value. Received: none."


def _explain_plain_value(found: re.Match[str], options: list[str]) -> str:
    """Refuse a value that argparse cannot read; the words of jsonargparse are others, see below.

    argument --tta: invalid int value: 'x'
    -> `tta` must be a whole number. Received: 'x'.
    """
    must = NAMES.get(found["type"], f"a {found['type']}")
    return f"`{found['option']}` must be {must}. Received: {found['value']}."


def _explain_setting(found: re.Match[str], options: list[str]) -> str:
    """Refuse a setting that a section lacks, where all of it is given: `--data '{size: 3}'`.

    Group 'data' does not accept option 'size'
    -> Unknown setting 'data.size'. Did you mean '--data.resize'?
    """
    setting = f"{found['section']}.{found['name']}"
    return f"Unknown setting {setting!r}. {suggest_option(f'--{setting}', options)}"


def _explain_unknown(found: re.Match[str], options: list[str]) -> str:
    """Refuse a setting in the file of a command without sections.

    Option 'pictres' is not accepted -> Unknown setting 'pictres'. Did you mean '--pictures'?
    """
    return f"Unknown setting {found['name']!r}. {suggest_option('--' + found['name'], options)}"


def _explain_value(found: re.Match[str], options: list[str]) -> str:
    """Refuse a value of another type than its setting; `None` goes without saying.

    Parser key "seeds" element 2: Expected a <class 'int'>. Got value: x
    -> `seeds` must be a whole number. Received: x.

    Parser key "head.hidden": Does not validate against any of the Union subtypes Subtypes:
    [<class 'int'>, <class 'NoneType'>] Errors: … Given value type: <class 'str'> Given value: x
    -> `head.hidden` must be a whole number. Received: x.
    """
    received = found["value"].strip() or "''"
    return f"`{found['setting']}` must be {_say_types(found['types'])}. Received: {received}."


def _explain_section(found: re.Match[str], options: list[str]) -> str:
    """Refuse one value where a section is meant; after the dash stands why YAML holds no names.

    Parser key "data": Unable to load config '3' - Parser key "data": Unable to load config "3"
    -> `data` must be a section of settings such as data.image_size. Received: '3'.
    """
    return explain_section(found["section"], found["value"])


def _say_types(fault: str) -> str:
    """Say as a person would what a value may be: "Expected a <class 'int'>." as a whole number."""
    if choices := re.search(r"Literal\[(.*?)\]", fault):
        return "one of " + choices[1].replace("'", "")
    if "dict[str, float]" in fault:
        return "names with numbers, such as {head: 1e-3}"
    types = re.findall(r"<class '(\w+)'>", fault.partition("Errors:")[0])
    return " or ".join(words for name, words in NAMES.items() if name in types) or fault


FAULTS: Sequence[tuple[str, Callable[[re.Match[str], list[str]], str]]] = (
    (r"(?i:unrecognized arguments): (?P<word>\S+)", _explain_word),
    (
        r"argument (\S+/)?--(?P<option>\S+): expected (one|at least one) argument",
        _explain_bare,
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
