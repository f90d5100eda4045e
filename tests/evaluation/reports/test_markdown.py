import re

import pytest

from keras_transfer.evaluation.reports.markdown import draw_rows, escape, quote_code

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "x](http://example.com) [y](z) ![w](v)",
    "a|b",
    "`code` ``two``",
    "*a* _b_ **c** __d__ ~~e~~ $f$ &lt; # g",
    "line\n\n# heading\n| cell |",
    "https://example.com www.example.com name@example.com",
    "\x1b[31m \u202e",
    "\\",
]
MARKS = "`*[]<>|#&~$@"


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_text_begins_something(text):
    found = escape(text)
    assert "\n" not in found
    assert found.isprintable()
    rest = re.sub(r"\\[\\`*_\[\]<>|#&~$@:.]", "", found)  # what Markdown shows as it is
    assert not set(rest) & set(MARKS + "\\")
    assert not re.search(r"(^|\W)_|_(\W|$)|://|www\.", rest)


@pytest.mark.parametrize("text", ["cats", "two_phase-20261120", "model.float16.tflite", "猫 (2)"])
def test_plain_names_stay_as_they_are(text):
    assert escape(text) == text


@pytest.mark.parametrize("text", [*HOSTILE, "`", "a`", "C:\\data"])
def test_code_ends_where_the_text_ends(text):
    found = quote_code(text)
    fence = re.match("`+", found)[0]
    inner = found[len(fence) : -len(fence)]
    assert found == fence + inner + fence
    assert fence not in re.findall("`+", inner)
    assert inner.isprintable()
    assert inner[:1] != "`"
    assert inner[-1:] != "`"


def test_a_cell_holds_no_other_cells():
    header, rule, row = draw_rows(("a", "b"), [("x|y\n| z |", 3)])
    assert (header, rule) == ("| a | b |", "|---|---|")
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
