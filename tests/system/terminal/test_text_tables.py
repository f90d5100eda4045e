import builtins
import re

import numpy as np
import pytest

from keras_transfer.system.terminal.text_tables import draw_table


def test_numbers_are_aligned_right_and_text_left():
    lines = draw_table(("class", "images"), [("ants", 5), ("wasps", 12345)]).splitlines()
    cells = [line for line in lines if "ants" in line or "wasps" in line]
    assert [line.split() for line in cells] == [["ants", "5"], ["wasps", "12,345"]]
    assert cells[0].index("ants") == cells[1].index("wasps")
    assert len(cells[0]) == len(cells[1])  # both end with the last digit


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (0.5, "0.500"),
        (np.float32(0.25), "0.250"),
        (float("nan"), "nan"),
        (1234567, "1,234,567"),
        (np.int64(1234), "1,234"),
        (None, ""),
        (True, "True"),
        ("0.9151", "0.9151"),
    ],
)
def test_cells_are_said_as_a_person_would(cell, shown):
    row = draw_table(("a", "b"), [("x", cell)]).splitlines()[-1]
    assert row.split() == ["x", shown][: 1 + bool(shown)]


@pytest.mark.parametrize("text", ["[bold]ants[/bold]", "[/]", ":dog:", "a\\", "蜂 été"])
def test_text_is_shown_as_it_is(text):
    table = draw_table((text, "n"), [(text, 1)], title=text)
    assert table.count(text) == 3


def test_lines_have_no_trailing_blanks_and_no_colour():
    table = draw_table(("a", "b"), [("x", "y")], title="Title")
    lines = table.splitlines()
    assert lines[0] == "Title"
    assert [line for line in lines if line != line.rstrip()] == []
    assert "\x1b" not in table


def test_wide_tables_keep_their_numbers_and_a_width_of_120():
    rows = [("word " * 60, 0.123456, 1234567890)]
    table = draw_table(("a", "b", "c"), rows)
    assert max(map(len, table.splitlines())) <= 120
    assert "0.123" in table
    assert "1,234,567,890" in table


def test_long_names_take_several_lines_and_lose_nothing():
    name = "".join(f"x{number:03}" for number in range(90))
    table = draw_table(("path", "kind"), [(name, "PNG")])
    assert "".join(re.findall(r"[x\d]+", table)) == name


def test_a_table_may_have_no_rows():
    assert "images" in draw_table(("class", "images"), [])


def test_a_notebook_gets_the_same_text(monkeypatch):
    class ZMQInteractiveShell:  # what rich takes for a notebook
        pass

    plain = draw_table(("a",), [("x",)])
    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    assert draw_table(("a",), [("x",)]) == plain


def test_the_environment_does_not_change_the_text(monkeypatch):
    plain = draw_table(("a",), [("word " * 40,)])
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "40")):
        monkeypatch.setenv(name, value)
    assert draw_table(("a",), [("word " * 40,)]) == plain
