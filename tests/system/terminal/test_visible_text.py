import logging
import os
import subprocess

import pytest

from keras_transfer.config.messages import name_some
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.logs import logging_to
from keras_transfer.system.terminal.short_names import keep_end, shorten
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import (
    count_cells,
    quote_word,
    show,
    show_name,
)

RED, TURN, CAT, FAMILY = "\x1b[31mred", "\u202egnp.exe", "猫", "👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cats", "cats"),
        ("été 猫 고양이 قطة बिल्ली แมว", "été 猫 고양이 قطة बिल्ली แมว"),
        (RED, r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),  # the same escape in one letter
        ("a\tb\nc\rd\x07", r"a\tb\nc\rd\x07"),
        (TURN, r"\u202egnp.exe"),
        ("c\u200bat", r"c\u200bat"),
        ("c\u200dat\ufe0f", r"c\u200dat\ufe0f"),
        ("\u202e\u200d", r"\u202e\u200d"),
        ("می\u200cخرم", "می\u200cخرم"),  # a Persian word has it
        (FAMILY, FAMILY),
        ("☀\ufe0f", "☀\ufe0f"),
        ("\u3164", r"\u3164"),  # a letter, and blank
        ("caf\udce9.jpg", r"caf\xe9.jpg"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text, shown):
    assert show(text) == shown
    assert show(show(text)) == shown


@pytest.mark.parametrize("path", ["runs/a b", RED, "it's\n\\", "caf\udce9/猫", "$x"])
def test_a_command_names_a_path_as_a_shell_reads_it(path):
    word = quote_word(path)
    assert word.isprintable()
    read = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert read.stdout == os.fsencode(path)


@pytest.mark.parametrize(
    ("name", "shown"), [(" cat", r"\x20cat"), ("cat ", r"cat\x20"), ("  ", r"\x20\x20"), ("", "")]
)
def test_blanks_around_a_name_are_written_out(name, shown):
    assert show_name(name) == shown


def test_lists_of_names_hold_nothing_that_acts():
    assert name_some([RED, "a\nb", "c"], most=2) == r"\x1b[31mred, a\nb and 1 more"


@pytest.mark.parametrize("cut", [shorten, keep_end])
@pytest.mark.parametrize("text", ["猫" * 40, "cat" * 40, RED * 20, "बिल्ली" * 20, "a" + "é" * 99])
@pytest.mark.parametrize("length", [7, 20, 21])
def test_long_names_are_cut_to_columns_of_a_terminal(cut, text, length):
    found = cut(text, length)
    assert length - 3 <= count_cells(found) <= length
    assert found.count("…") == 1
    assert found[-1] == text[-1]


def test_a_cut_does_not_leave_a_mark_on_the_dots():
    for length in range(4, 12):
        after = shorten("बिल्ली" * 4, length).partition("…")[2]
        assert after[:1].isalpha() or after == "", (length, after)


def test_columns_stay_straight_beside_chinese_names():
    table = draw_table(("class", "n"), [("猫", 1), ("cats", 2), (RED, 3), ("a\nb", 4)])
    rows = table.splitlines()[-4:]
    assert [row.split()[-1] for row in rows] == ["1", "2", "3", "4"]
    assert len({count_cells(row) for row in rows}) == 1
    assert "\x1b" not in table


def test_errors_show_what_stands_in_names():
    assert str(ConfigError(f"Received: {RED}{TURN}.")) == r"Received: \x1b[31mred\u202egnp.exe."


def test_log_lines_show_what_stands_in_names(tmp_path, capsys):
    logger = logging.getLogger("keras_transfer.test")
    with logging_to(tmp_path / "train.log", quiet=False):
        logger.warning("Not used: %d files such as %s.", 2, tmp_path / f"{RED}\nINFO: all is well")
        logger.info("%s", f"a table\nof lines with {TURN}")
    text = (tmp_path / "train.log").read_text(encoding="utf-8")
    assert capsys.readouterr().out == text
    first, *others = text.splitlines()
    assert first.endswith(r"\x1b[31mred\nINFO: all is well.")
    assert others == ["a table", r"of lines with \u202egnp.exe"]


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("bee.jpg", "bee.jpg"),
        ("0123456789", "0123456789"),
        ("0123456789X", "0123…6789X"),
        ("a\nb\udcff", r"a\nb\xff"),
    ],
)
def test_long_names_are_shortened_in_the_middle(text, short):
    assert shorten(text, 10) == short
