import builtins

import numpy as np
import pytest

from keras_transfer.system.terminal.short_names import (
    keep_end,
    keep_start,
    shorten,
    shorten_all,
)
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import count_cells


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


WIDTHS = [40, 60, 80, 120]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_longer_than_the_terminal(width):
    rows = [("word " * 60, 0.123456, 1234567890), ("猫" * 90, 0.5, 1)]
    lines = draw_table(("a", "b", "c"), rows, width=width).splitlines()
    assert max(map(count_cells, lines)) <= width
    assert len(lines) == 5  # a blank one, the heading, the rule, and each row in one
    assert lines[-2].endswith(" 0.123  1,234,567,890")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("cut", [shorten, keep_end])
def test_names_that_differ_never_become_equal(cut, width):
    names = [f"{'a' * 50}{middle}{'b' * 50}" for middle in ("1", "2", "31", "32")]
    names += [name + "c" for name in names] + ["x", "猫" * 70 + "1", "猫" * 70 + "2"]
    rows = [(name, 1) for name in names]
    text = draw_table(("name", "n"), rows, cut={"name": cut}, width=width)
    drawn = text.splitlines()[-len(rows) :]
    assert len(set(drawn)) == len(rows)
    assert max(map(count_cells, drawn)) <= width


@pytest.mark.parametrize("cut", [shorten, keep_end])
def test_what_tells_names_apart_is_seen(cut):
    names = [f"{'a' * 50}{letter}{'b' * 50}" for letter in "xyz"]
    shown = shorten_all(names, 20, cut)
    assert [set(text) - set("ab…") for text in shown] == [{"x"}, {"y"}, {"z"}]


def test_paths_keep_their_ends_and_sentences_their_beginnings():
    row = ("/a/long/way/down/to/images/of/ants/1.jpg", "OSError: image file is truncated (8 bytes)")
    cut = {"path": keep_end, "error": keep_start}
    line = draw_table(("path", "error"), [row], cut=cut, width=60).splitlines()[-1]
    path, error = line.split("  ")[1:]
    assert row[0].endswith(path.removeprefix("…"))
    assert row[1].startswith(error.removesuffix("…"))
    assert len(path) > len(error)  # sentences are shortened first


def test_columns_come_closer_before_anything_is_shortened():
    rows = [("block", "y" * 20, 1, 2)]
    apart = draw_table(("a", "b", "c", "d"), rows, width=40).splitlines()
    close = draw_table(("a", "b", "c", "d"), rows, width=38).splitlines()
    assert "block   " in apart[-1]
    assert "block  y" in close[-1]
    assert "y" * 20 in close[-1]


def test_columns_are_left_out_by_rank_and_the_text_says_where_they_are():
    columns = ("name", "most", "more", "less", "least")
    rows = [("n" * 20, *["number is 9"] * 4)]
    words = {"whole": ["name"], "drop": ["least", "less"], "where": "in all.csv"}
    found = [draw_table(columns, rows, **words, width=width) for width in (90, 70, 55)]
    assert [sum(name in text.split() for name in columns) for text in found] == [5, 4, 3]
    assert "…" not in found[0]
    assert found[1].splitlines()[-1] == "  … least: in all.csv"
    assert found[2].splitlines()[-1] == "  … least, less: in all.csv"
    assert all("n" * 20 in text for text in found)


def test_a_table_may_have_no_rows():
    assert "images" in draw_table(("class", "images"), [])


def test_a_notebook_gets_the_same_text(monkeypatch):
    class ZMQInteractiveShell:  # what rich takes for a notebook
        pass

    plain = draw_table(("a",), [("x",)])
    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    assert draw_table(("a",), [("x",)]) == plain


def test_a_table_fits_a_notebook_cell_of_600_pixels(monkeypatch):
    """JupyterLab's font is 13 pixels high: 75 of its letters are 587 pixels, 5 are left empty."""
    monkeypatch.setattr("keras_transfer.system.terminal.text_tables.is_notebook", lambda: True)
    columns = "split", "images", "accuracy", "95 % interval", "macro F1", "calibration error"
    row = ("validation", 100, 0.77, "0.678 - 0.842", 0.769, 0.243)
    lines = draw_table(columns, [row], drop=("calibration error",)).splitlines()
    assert max(map(len, lines)) == 75
    assert lines[-1].endswith("0.769              0.243")


def test_the_environment_does_not_change_the_text(monkeypatch):
    plain = draw_table(("a",), [("word " * 40,)])
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "dumb"), ("COLUMNS", "40")):
        monkeypatch.setenv(name, value)
    assert draw_table(("a",), [("word " * 40,)]) == plain
