import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from keras_transfer.python_api.notebook_html import (
    LARGEST,
    ROWS,
    draw_html_table,
    draw_line,
    draw_link,
    draw_path,
    draw_thumbnail,
)

HOSTILE = "<script>alert(1)</script>\x1b[31m&\"'"


def test_names_from_outside_stay_text():
    for shown in (draw_line(HOSTILE), draw_path(HOSTILE), draw_html_table([HOSTILE], [[HOSTILE]])):
        assert "<script" not in shown
        assert "\x1b" not in shown
        assert "&lt;script&gt;" in shown


def test_a_table_says_how_many_rows_it_leaves_out():
    shown = draw_html_table(["number"], [[index] for index in range(1000)])
    assert shown.count("<tr>") == ROWS + 1
    assert f"{1000 - ROWS:,} more" in shown


def test_a_heading_stands_above_its_numbers():
    shown = draw_html_table(["class", "F1"], [["ants", 0.5]])
    assert re.findall(r"text-align:(\w+)", shown) == ["left", "right"] * 2


def test_numbers_have_three_decimals_and_none_is_empty():
    shown = draw_html_table(["a", "b", "c"], [[0.12345, 1234, None]])
    assert re.findall(r"<td[^>]*>(.*?)</td>", shown) == ["0.123", "1,234", ""]


def test_a_figure_is_shown_small(tmp_path):
    Image.new("RGB", (2000, 1000), "white").save(tmp_path / "a.png")
    shown = draw_thumbnail(tmp_path / "a.png", '"said')
    assert 'alt="&quot;said"' in shown
    picture = Image.open(io.BytesIO(base64.b64decode(shown.split("base64,")[1].rstrip('">'))))
    assert picture.size == (640, 320)


@pytest.mark.parametrize("content", [None, b"", b"no picture", b"GIF89a"])
def test_a_figure_that_cannot_be_read_is_left_out(content, tmp_path):
    if content is not None:
        (tmp_path / "a.png").write_bytes(content)
    assert draw_thumbnail(tmp_path / "a.png", "curves") == ""


def test_a_figure_that_is_large_even_when_small_is_left_out(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (700, 700, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    shown = draw_thumbnail(tmp_path / "a.png", "noise")
    assert len(shown) < 1.4 * LARGEST
    assert shown == ""


def test_a_file_below_the_notebook_is_a_link_and_another_one_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    link = draw_link(tmp_path / 'runs/a "b" <c>/report.html')
    assert 'href="runs/a%20%22b%22%20%3Cc%3E/report.html"' in link
    assert ">report.html</a>" in link
    assert "<a" not in draw_link(tmp_path.parent / "report.html")
