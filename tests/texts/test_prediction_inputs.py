"""Texts without labels: what words of a command line and objects of Python code name."""

import io
import json
import sys

import numpy as np
import pandas as pd
import pytest

from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.prediction_inputs import list_texts, list_words, stream_texts


def read(sources, batch_size=2):
    """Return all texts and reasons."""
    batches = list(stream_texts(sources, batch_size))
    return [row for texts, _ in batches for row in texts.tolist()], [
        reason for _, reasons in batches for reason in reasons
    ]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_rows_of_a_table_need_no_label_and_are_named_by_their_number(here, suffix):
    texts = [f"number {number}" for number in range(1, 11)]
    table, frame = here / f"reviews{suffix}", pd.DataFrame({"id": range(10), "text": texts})
    if suffix == ".parquet":
        frame.to_parquet(table)
    elif suffix == ".jsonl":
        frame.to_json(table, orient="records", lines=True)
    else:
        frame.to_csv(table, index=False, sep="," if suffix == ".csv" else "\t")
    names, sources = list_words([table.name])
    assert names == [f"reviews{suffix}:{number:02}" for number in range(1, 11)]
    assert read(sources) == ([[text] for text in texts], [""] * 10)


def test_a_table_may_hold_pairs_and_other_columns(here):
    (here / "pairs.csv").write_text('id,text,text_2,label\n1,"a, b",c,x\n2,d,,y\n')
    names, sources = list_words(["pairs.csv"])
    assert names == ["pairs.csv:1", "pairs.csv:2"]
    assert read(sources) == ([["a, b", "c"], ["d", ""]], ["", ""])


def test_a_table_without_a_column_of_texts_is_refused_with_its_columns(here):
    (here / "t.csv").write_text("label,size\na,1\nb,2\n")
    with pytest.raises(ConfigError, match=r"must have a column text.*label, size in t\.csv"):
        list_words(["t.csv"])


def test_files_folders_and_patterns_hold_one_text_a_file(here):
    for name in ("b/2.txt", "b/1.txt", "b/deep/3.txt", "b/.hidden.txt", "b/notes.md", "c.txt"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(f"in {name}\n")
    names, sources = list_words(["b", "*.txt"])
    assert names == ["b/1.txt", "b/2.txt", "b/deep/3.txt", "c.txt"]
    assert read(sources)[0][2] == ["in b/deep/3.txt\n"]
    (here / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"must hold \.txt files"):
        list_words(["empty"])


def test_a_word_that_is_no_file_is_a_text_if_it_holds_a_blank(here):
    for sentence in ("Is this good?", "a film " * 500, "what [is] this*"):
        names, sources = list_words([sentence])
        assert names == [sentence]
        assert read(sources) == ([[sentence]], [""])
    with pytest.raises(ConfigError, match=r"Received: good, which is not there"):
        list_words(["good"])


def give(monkeypatch, content):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_standard_input_holds_a_text_a_line(monkeypatch):
    give(monkeypatch, "first\r\n\r\nthird é\r\n".encode())
    names, sources = list_words(["-"])
    assert names == ["-:1", "-:2", "-:3"]
    assert read(sources) == ([["first"], [""], ["third é"]], ["", "it is empty", ""])
    for content in (b"", b"\n \n", b"a\0b"):
        give(monkeypatch, content)
        with pytest.raises(ConfigError, match="Standard input must hold texts"):
            list_words(["-"])


def test_what_cannot_be_used_gets_a_reason(here):
    (here / "empty.txt").write_text(" \n\t")
    (here / "binary.txt").write_bytes(b"PK\0\0")
    (here / "latin.txt").write_bytes("caf\u00e9".encode("cp1252"))
    _, sources = list_texts([None, "", "good", *sorted(here.iterdir())])
    texts, reasons = read(sources)
    assert reasons[:3] == ["it is empty", "it is empty", ""]
    assert [bool(reason) for reason in reasons[3:]] == [True, True, False]  # by name
    assert "zero bytes" in reasons[3]
    assert texts[-1] == ["caf\u00e9"]


def test_python_gives_texts_pairs_series_and_frames():
    frame = pd.DataFrame({"text": ["a", None], "text_2": ["b", "c"]})
    array = np.array(["x", "y"])
    for given, wanted in (
        ("good", [["good"]]),
        (["good", "very bad"], [["good"], ["very bad"]]),
        (("first", "second"), [["first", "second"]]),
        ([("a", "b"), ("c", "d")], [["a", "b"], ["c", "d"]]),
        (pd.Series(["x", "y"]), [["x"], ["y"]]),
        (array, [["x"], ["y"]]),
        (frame, [["a", "b"], [None, "c"]]),
        (frame[["text"]], [["a"], [None]]),
        ((each for each in ("p", "q")), [["p"], ["q"]]),
    ):
        names, sources = list_texts(given)
        assert names == [f"text {number}" for number in range(len(wanted))]
        assert read(sources)[0] == wanted


def test_other_things_are_refused():
    for wrong in ([3], [("a", "b", "c")]):
        with pytest.raises(ConfigError, match="A text must be a str"):
            list_texts(wrong)
    with pytest.raises(ConfigError, match="Received: both"):
        list_texts(["one", ("a", "pair")])
    with pytest.raises(ConfigError, match="at least one text"):
        list_texts([])
    with pytest.raises(ConfigError, match="Received: size"):
        list_texts(pd.DataFrame({"size": [1]}))


def test_a_line_of_json_keeps_its_number_where_others_are_blank(here):
    lines = [json.dumps({"text": text}) for text in ("a", "b")]
    (here / "t.jsonl").write_text("\n".join(["", lines[0], "", lines[1]]))
    assert list_words(["t.jsonl"])[0] == ["t.jsonl:2", "t.jsonl:4"]


@pytest.mark.parametrize(
    ("word", "content"),
    [
        ("csv:-", b'id,text\n1,"a, b"\n2,"c\nd"\n'),
        ("tsv:-", b'text\tlabel\na, b\tx\n"c\nd"\ty\n'),
        ("jsonl:-", b'{"text": "a, b"}\n{"id": 2, "text": "c\\nd"}\n'),
    ],
)
def test_standard_input_is_a_table_where_the_word_says_so(monkeypatch, word, content):
    give(monkeypatch, content)
    names, sources = list_words([word])
    assert names == ["-:1", "-:2"]
    assert read(sources)[0] == [["a, b"], ["c\nd"]]


@pytest.mark.parametrize(
    ("word", "content", "message"),
    [
        ("csv:-", b" \n", "must hold a table of texts. Received: nothing"),
        ("csv:-", b"label,size\na,1\n", r"label, size in standard input\. Name"),
        ("jsonl:-", b"no object\n", "must have a column text"),
    ],
)
def test_standard_input_that_is_no_such_table_is_refused(monkeypatch, word, content, message):
    give(monkeypatch, content)
    with pytest.raises(ConfigError, match=message):
        list_words([word])


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("text,label", "csv:-"),
        ('"id"\t"text"', "tsv:-"),
        ('{"text": "a"}', "jsonl:-"),
        ("A text, which has a comma", ""),
        ("text", ""),
        ("{'text'}", ""),
    ],
)
def test_lines_stay_lines_though_they_look_like_a_table(monkeypatch, caplog, line, word):
    give(monkeypatch, f"{line}\nmore\n".encode())
    assert read(list_words(["-"])[1])[0] == [[line], ["more"]]
    assert ("reads a table" in caplog.text) == bool(word)
    assert word in caplog.text


def test_columns_streams_and_arrays_of_python_are_texts(here):
    import datasets
    import tensorflow as tf

    texts = ["a b", "c"]
    given = [
        {"id": [1, 2], "text": texts},
        datasets.Dataset.from_dict({"label": [0, 1], "text": texts}),
        tf.data.Dataset.from_tensor_slices(texts).batch(2),
        np.array(texts),
        np.array([["a b"], ["c"]]),
        pd.Series(texts, index=[5, 1]),
        pd.DataFrame({"review": texts}),
        [b"a b", "c"],
    ]
    for each in given:
        assert read(list_texts(each)[1]) == ([["a b"], ["c"]], ["", ""]), each
    assert read(list_texts(pd.Series(["a", pd.NA, None]))[1])[0] == [["a"], [None], [None]]
