import hashlib
from pathlib import Path

import numpy as np
import pytest

from keras_transfer.data.examples import make_examples
from keras_transfer.data.same_files.file_states import GONE
from keras_transfer.texts.doctor.text_inspection import inspect_texts, say_lengths


def hold(*contents):
    """Return examples of these texts, or pairs of them, in this order."""
    contents = [text if isinstance(text, tuple) else (text,) for text in contents]
    rows = [(f"t.csv:{k:03}", "ab"[k % 2], "", "") for k in range(len(contents))]
    return make_examples("csv", Path("/there"), rows, contents=contents)


def test_texts_are_hashed_as_utf8_and_pairs_with_a_zero_between():
    found = inspect_texts(hold("é", "e"))
    assert found.sha256[0] == hashlib.sha256("é".encode()).hexdigest()
    assert inspect_texts(hold(("a", "b"))).sha256[0] == hashlib.sha256(b"a\0b").hexdigest()


def test_texts_without_anything_to_read_are_not_usable():
    found = inspect_texts(hold("", " \n\t\u3000", None, "x"))
    assert found.reasons.tolist() == ["empty", "only white space", "no text", ""]
    assert found.usable.tolist() == [False, False, False, True]
    assert found.sha256[2] == ""
    assert found.states.tolist() == [[0, 0], [0, 0], [GONE, GONE], [0, 0]]
    assert inspect_texts(hold(("a", ""), ("a", " "), ("a", "b"))).reasons.tolist() == [
        "empty",
        "only white space",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a <br />b", "HTML"),
        ('see <a href="x">this</a>', "HTML"),
        ("you &amp; me", "HTML"),
        ("cafÃ© au lait", "wrong encoding"),
        ("itâ€™s", "wrong encoding"),
        ("caf\ufffd", "wrong encoding"),
        ("12 !! 3", "no letters"),
        ("a\x07b", "control characters"),
        ("word " * 20_001, "very long"),
        ("a < b and c > d, R&D", ""),
        ("café, naïve â la SÃO", ""),
        ("日本語", ""),
    ],
)
def test_what_is_unusual_is_named(text, kind):
    assert inspect_texts(hold(text)).odd.tolist() == [kind]


def test_lengths_are_measured_of_usable_texts_and_said():
    found = inspect_texts(hold("one", "one two", "one two three", "", None))
    assert found.measure()["words"] == {
        "smallest": 1,
        "quarter": 1,
        "median": 2,
        "three_quarters": 2,
        "largest": 3,
    }
    assert say_lengths(found.measure()) == (
        "Words of a text: 1 to 3, half of them 1 to 2, median 2\n"
        "Characters of a text: 3 to 13, half of them 5 to 10, median 7"
    )
    assert say_lengths(inspect_texts(hold("", "")).measure()) == ""
    assert say_lengths(inspect_texts(hold("a b", "c d")).measure()).splitlines() == [
        "Words of every text: 2",
        "Characters of every text: 3",
    ]


def test_rows_are_taken_of_every_column():
    found = inspect_texts(hold("a", "", "c <br>")).take(np.array([2, 1]))
    assert found.odd.tolist() == ["HTML", ""]
    assert found.reasons.tolist() == ["", "empty"]
    assert found.lengths.tolist() == [[2, 6], [0, 0]]
