"""What --help shows, at the widths of common terminals."""

import re

import pytest

from keras_transfer.__main__ import VERBS, find_parser
from keras_transfer.config.help.help_pages import write_page
from keras_transfer.config.help.shown_options import EXAMPLES, SEVERAL, SHOWN
from keras_transfer.config.layers import SECTIONS, SHORT_OPTIONS
from keras_transfer.system.errors import ConfigError

PARSERS = {verb: find_parser(verb) for verb in VERBS}
INSIDES = re.compile(r"<class|Literal|typing|type: |default: |Union|==SUPPRESS==|CONFIG|\bNone\b")


@pytest.fixture(params=[80, 120])
def width(request, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def write(verb, topic=""):
    return write_page(PARSERS[verb], verb, topic, SHORT_OPTIONS)


def list_options(page):
    """Return the options that have a line of their own."""
    return re.findall(r"^  (?:-h, )?--([\w.]+)", page, re.MULTILINE)


@pytest.mark.parametrize("topic", ["", "all"])
@pytest.mark.parametrize("verb", VERBS)
def test_no_line_is_wider_than_the_terminal_or_shows_what_programs_read(verb, topic, width):
    page = write(verb, topic)
    assert max(map(len, page.splitlines())) <= width
    assert not INSIDES.search(" ".join(page.split()).replace("; None: the preset's", ""))


def test_the_short_page_of_train_fits_a_screen_with_a_line_for_each_option(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = write("train").splitlines()
    assert len(lines) <= 45
    body = lines[lines.index("Data") : -4]
    assert [line for line in body if line.startswith("   ")] == []  # nothing is wrapped


@pytest.mark.parametrize("verb", SHOWN)
def test_the_short_page_has_the_options_of_the_table_and_they_exist(verb):
    shown = list_options(write(verb))
    for names in SHOWN[verb].values():
        assert set(names) - {SEVERAL, "FOLDER", "DATASET", "RUN_OR_BACKBONE"} <= set(shown)


def test_lists_of_a_comparison_are_shown_whichever_there_are():
    shown = list_options(write("compare"))
    assert {"strategies", "backbones", "seeds"} <= set(shown)
    assert len(shown) == len(set(shown))


@pytest.mark.parametrize("verb", VERBS)
def test_the_whole_page_has_every_option_once(verb):
    options = [o for action in PARSERS[verb]._actions for o in action.option_strings]
    sections = {f"--{name}" for name in SECTIONS}
    wanted = {option[2:] for option in options if option not in sections | {"--print_shtab"}}
    shown = list_options(write(verb, "all"))
    assert sorted(shown) == sorted({*wanted, "help", "version"})


@pytest.mark.parametrize("verb", VERBS)
def test_every_page_begins_with_a_sentence_and_examples(verb):
    page = write(verb)
    assert re.match(r"[A-Z].*\.\n\n", page, re.DOTALL)
    assert len(EXAMPLES[verb]) >= (1 if verb == "clean" else 2)
    for words in EXAMPLES[verb]:
        assert f"  python -m keras_transfer.{verb} {words}".rstrip() in page.splitlines()


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_has_a_page_with_its_options_alone(section):
    page = write("train", section)
    fields = {f"{section}.{name}" for name in SECTIONS[section].__dataclass_fields__}
    assert set(list_options(page)) == fields
    assert page.startswith(f"{section}: ")


@pytest.mark.parametrize("topic", ["locked_layers", "finetune.locked_layers", "--head.dropout"])
def test_an_option_has_a_page(topic):
    (option,) = list_options(write("train", topic))
    assert option.endswith(topic.lstrip("-"))


def test_a_topic_that_is_none_is_answered_with_close_ones():
    with pytest.raises(ConfigError, match=r"Received: 'finetun'. Did you mean 'finetune'\?"):
        write("train", "finetun")
    with pytest.raises(ConfigError, match="Known: all, data, augment, head"):
        write("train", "xyzzy")


def test_defaults_stand_in_brackets_and_are_said_as_a_person_says_them():
    page = " ".join(write("train", "all").split())
    assert "Examples per step. Lower it when memory runs out. [32]" in page
    assert "[the source's, else the backbone's]" in page  # of None
    assert "warmup X" in page
    assert "has its own. [0.1]" in page
    assert "One of auto, float32, mixed_float16, mixed_bfloat16. [auto]" in page
