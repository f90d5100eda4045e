"""Pages of help: the short one, `--help all`, and one for a section or an option."""

import argparse
import re
import shutil
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from keras_transfer.config.help.described_options import Option, describe_options
from keras_transfer.config.help.shown_options import EXAMPLES, SEVERAL, SHOWN
from keras_transfer.config.lookup import suggest
from keras_transfer.system.errors import ConfigError

ALL = "all"  # the word behind --help that asks for everything
NARROWEST, WIDEST = 40, 110  # columns of a page
LONGEST = 30  # columns of an option beside its words; those of a longer one begin below it
ALWAYS = (
    Option(name="help", spelled="-h, --help", words="show this page", default=""),
    Option(name="version", spelled="--version", words="print the versions", default=""),
)

Groups = Mapping[str, Sequence[Option]]  # title -> options


def write_page(
    parser: argparse.ArgumentParser,
    command: str,
    topic: str = "",
    short: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Return a page of help, as wide as the terminal.

    Args:
        parser: That of the command.
        command: The verb.
        topic: "": the options most people set. all: every option. A section, or an option.
        short: The short options, and what each means.

    Raises:
        ConfigError: There is no such section and no such option.
    """
    options, titles = describe_options(parser), _list_titles(parser)
    if topic not in ("", ALL):
        return _join(_draw_groups(_group(_find(topic, options, titles), titles)))
    parts = [_write_head(parser, options), _write_examples(parser.prog, command)]
    if topic or command not in SHOWN:
        return _join([*parts, *_draw_groups(_group([*options, *ALWAYS], titles))])
    groups = _choose_shown(command, options, short or {})
    return _join([*parts, *_draw_groups(groups, whole=False), _write_foot(titles)])


def _list_titles(parser: argparse.ArgumentParser) -> dict[str, str]:
    """Return the sections, and what each is about."""
    return {
        action.dest.partition(".")[0]: str(group.title)
        for group in parser._action_groups
        for action in group._group_actions
        if "." in action.dest
    }


def _find(topic: str, options: Iterable[Option], titles: Iterable[str]) -> list[Option]:
    """Return the options of a section, or that are called so."""
    topic = topic.lstrip("-")
    inside = [option for option in options if option.section == topic]
    if found := inside or [o for o in options if topic in (o.name, o.name.rpartition(".")[2])]:
        return found
    hint = suggest(topic, [ALL, *titles])
    raise ConfigError(
        f"`help` must be followed by nothing, all, a section or an option. Received: {topic!r}. "
        f"{hint}"
    )


def _group(options: Iterable[Option], titles: Mapping[str, str]) -> Groups:
    """Return options by their sections; those of none come first."""
    groups: dict[str, list[Option]] = {}
    for option in options:
        title = "Options"
        if option.section:
            title = f"{option.section}: {titles[option.section]}"
        groups.setdefault("Arguments" if option.is_positional else title, []).append(option)
    return groups


def _choose_shown(
    command: str, options: Sequence[Option], short: Mapping[str, Sequence[str]]
) -> Groups:
    """Return the options of the short page; a short option says what the first it means says."""
    known = {option.name: option for option in options}
    for name, (first, *_) in short.items():
        if name in known and first in known:
            meant = known[first]
            known[name] = replace(known[name], words=meant.words, default=meant.default)
    several = [option.name for option in options if option.is_many]
    return {
        title: [known[name] for name in (several if SEVERAL in names else names)]
        for title, names in SHOWN[command].items()
    }


def _write_head(parser: argparse.ArgumentParser, options: Iterable[Option]) -> str:
    """Return what the command does, and what must be given to it."""
    about = re.sub(r": `[^`]*`\.?\Z", ".", " ".join((parser.description or "").split()))
    words = [option.name for option in options if option.is_positional]
    usage = f"\n\nusage: {' '.join([parser.prog, *words])} [options]" if words else ""
    return textwrap.fill(about, _width()) + usage


def _write_examples(prog: str, command: str) -> str:
    lines = [f"  {prog} {words}".rstrip() for words in EXAMPLES.get(command, ())]
    return "\n".join(["Examples", *lines]) if lines else ""


def _write_foot(titles: Iterable[str]) -> str:
    text = f"--help all shows every option, --help SECTION those of {', '.join(titles)}; "
    text += "--help OPTION has all words about one. [Defaults] stand in brackets."
    return textwrap.fill(text, _width())


def _draw_groups(groups: Groups, whole: bool = True) -> list[str]:
    """Return each group as lines: its title, and its options with their words beside them.

    Args:
        groups: What to draw.
        whole: Whether all words are drawn, rather than the first sentence.
    """
    options = [option for each in groups.values() for option in each]
    longest = max((len(option.spelled) for option in options), default=0)
    left = 2 + min(longest, LONGEST) + 2
    say = _say_whole if whole else _say_short
    parts = []
    for title, each in groups.items():
        lines = [title]
        for option in each:
            text = textwrap.wrap(say(option, _width() - left), _width() - left)
            head = f"  {option.spelled}"
            if len(head) + 2 > left:
                lines.append(head)
                head = ""
            lines += [f"{head:{left}}{text[0] if text else ''}".rstrip()]
            lines += [" " * left + line for line in text[1:]]
        parts.append("\n".join(lines))
    return parts


def _say_whole(option: Option, width: int) -> str:
    words = [option.words]
    if option.choices and not option.is_flag and option.choices[0] not in option.spelled:
        words.append(f"One of {', '.join(option.choices)}.")
    return " ".join(filter(None, [*words, option.default and f"[{option.default}]"]))


def _say_short(option: Option, width: int) -> str:
    """Return the first sentence, and the default if it fits into the line."""
    text = option.first_sentence.rstrip(".")
    full = f"{text} [{option.default}]"
    return full if option.default and len(full) <= width else text


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(filter(None, parts))


def _width() -> int:
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((80, 24)).columns - 1))
