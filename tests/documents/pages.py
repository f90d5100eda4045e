"""The pages that people read, and the commands in them."""

import re
import shlex
from pathlib import Path

from keras_transfer.config.help.shown_options import EXAMPLES

ROOT = Path(__file__).resolve().parents[2]
README, NUMBERS = ROOT / "README.md", ROOT / "benchmarks/README.md"
GUIDES = sorted((ROOT / "docs").glob("*.md"))
PAGES = [README, *GUIDES, NUMBERS]

BLOCK = r"```{}\n(.*?)```"
VERB = r"(?:\w+=\$\()?(?:\.venv/bin/)?python -m keras_transfer\.(\w+)"
REST = r"\)$| [|>].*"  # of a command in a shell: what is done with its output


def read(page):
    return page.read_text(encoding="utf-8")


def name_page(page):
    return str(page.relative_to(ROOT))


def read_blocks(page, language):
    return re.findall(BLOCK.format(language), read(page), re.DOTALL)


def read_prose(page):
    """Return the page without its code blocks."""
    return re.sub(BLOCK.format(r"\w*"), "", read(page), flags=re.DOTALL)


def list_commands():
    """Return each line of each bash block, of all pages, and each example of `--help`, once."""
    blocks = [block for page in PAGES for block in read_blocks(page, "bash")]
    lines = (
        "\n".join(blocks).replace("\\\n", " ").replace('"$RUN"', "saved_models/RUN").splitlines()
    )
    lines += [
        f"python -m keras_transfer.{verb} {words}"
        for verb, examples in EXAMPLES.items()
        for words in examples
    ]
    commands = [" ".join(line.split()) for line in lines if not re.match(r"\s*(#|$)", line)]
    return list(dict.fromkeys(commands))


def find_verb(command):
    """Return the verb of keras_transfer that a command calls, or None."""
    found = re.match(VERB + r"\b", command)
    return found and found[1]


def list_words(verb):
    """Return what stands after the verb, in each command that calls it."""
    return [
        shlex.split(re.sub(rf"{VERB}|{REST}", "", command), comments=True)
        for command in list_commands()
        if find_verb(command) == verb
    ]
