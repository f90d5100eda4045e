import csv
import json

import numpy as np
import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.sources.choose_text_source import looks_like_text, read_texts

PLAIN = "text,label\na good film,pos\na bad one,neg\n"


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a file and reads it as texts."""

    def read(content, name="t.csv", **settings):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(content)
        return read_texts(str(tmp_path / name), DataConfig(**settings))

    return read


def texts_of(examples):
    return [text for (text,) in examples.contents]


def named_labels(examples):
    return [examples.class_names[label] for label in examples.labels]


def test_a_table_is_its_texts_with_classes_splits_and_groups(read, tmp_path):
    found = read("text,label,split,group\n one ,b,train,x\ntwo,a,dev,\nthree,b,test,y\n")
    assert found.source == "csv"
    assert found.root == tmp_path
    assert found.paths.tolist() == ["t.csv:1", "t.csv:2", "t.csv:3"]
    assert texts_of(found) == [" one ", "two", "three"]  # blanks are for the doctor to judge
    assert found.class_names == ("a", "b")
    assert named_labels(found) == ["b", "a", "b"]
    assert found.splits.tolist() == ["train", "validation", "test"]
    assert found.groups.tolist() == ["x", "", "y"]


def test_the_order_of_paths_is_that_of_the_table(read):
    found = read("text,label\n" + "".join(f"text {k},{k % 2}\n" for k in range(120)))
    assert found.paths[[0, 99]].tolist() == ["t.csv:001", "t.csv:100"]
    assert texts_of(found) == [f"text {k}" for k in range(120)]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("review,sentiment", "t.csv: the texts are in the column review"),
        ("Tweet,target", "t.csv: the texts are in the column Tweet"),
        ("message,y", "t.csv: the classes are in the column y"),
    ],
)
def test_usual_names_of_columns_are_understood_and_said(read, caplog, header, said):
    caplog.set_level("INFO")
    found = read(f"{header}\ngood,1\nbad,0\n")
    assert named_labels(found) == ["1", "0"]
    assert said in caplog.text


@pytest.mark.parametrize(
    "header", ["text,text_2,label", "label,sentence1,sentence2", "premise,hypothesis,label"]
)
def test_pairs_are_two_texts_of_one_example(read, header):
    cells = {"label": "yes", "text": "a", "premise": "a", "sentence1": "a"}
    row = ",".join(cells.get(name, "b") for name in header.split(","))
    found = read(f"{header}\n{row}\n{row.replace('yes', 'no')}\n")
    assert found.contents.tolist() == [["a", "b"], ["a", "b"]]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_a_table_of_two_columns_needs_no_header(read, order):
    rows = [("1", "a good film"), ("0", '" bad " it is'), ("1", "so, so"), ("0", "no\u2028way")]
    found = read("".join("\t".join(row[order]) + "\n" for row in rows), "t.tsv")
    assert texts_of(found) == [text for _, text in rows]
    assert named_labels(found) == ["1", "0", "1", "0"]


def test_names_of_columns_that_are_not_known_are_no_record(read):
    with pytest.raises(ConfigError, match=r"columns text,label .* Received: phrase2, mark"):
        read("phrase2,mark\na good film,1\na bad one,0\n")


def test_a_folder_of_tables_is_one_data_set_with_their_splits(tmp_path):
    for name, words in (("train", "ab"), ("dev", "cd"), ("test", "ef")):
        rows = [f"{k % 2}\t{word} is a text\n" for k, word in enumerate(words * 2)]
        (tmp_path / f"{name}.tsv").write_text("".join(rows))
    (tmp_path / "notes.txt").write_text("nothing of it")
    assert looks_like_text(str(tmp_path))
    found = read_texts(str(tmp_path), DataConfig())
    assert dict(zip(found.paths.tolist(), found.splits.tolist(), strict=True)) == {
        **{f"dev.tsv:{k}": "validation" for k in range(1, 5)},
        **{f"test.tsv:{k}": "test" for k in range(1, 5)},
        **{f"train.tsv:{k}": "train" for k in range(1, 5)},
    }


def test_rows_without_a_label_are_left_out_and_named(read, caplog):
    content = PLAIN + "who knows,\n"
    assert len(read(content).paths) == 2
    assert "1 of 3 rows have no label and are left out: t.csv:3" in caplog.text
    with pytest.raises(ConfigError, match=r"1 of 3 without one, such as t\.csv:3"):
        read(content, on_bad_file="error")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("text,label\na,x;y\nb,x\n", "multi-label"),
        ("text,label\na,0.5\nb,0.25\n", "fractions.*measurements"),
        ("text,label\n", "only a header"),
        ("", "columns text,label"),
        ("text,label\na,x\nb,c,y\n", "Every row must have 2 cells.*b,c,y in line 3"),
        ('label,text\nx,a\ny,"b\nx,c\n', "a quote opens in its last rows"),
        ("text,label,split\na,x,train\nb,y,elsewhere\n", "A split must be.*elsewhere"),
        (b"text,label\na\0b,x\n", "zero bytes"),
        ("text,score_of\na,x\nb,y\n", "columns text,label"),
    ],
)
def test_what_is_no_table_of_texts_is_refused(read, content, match):
    with pytest.raises(ConfigError, match=match):
        read(content)


def test_cells_of_several_lines_and_windows_ends_are_read(read):
    found = read('text,label\r\n"one\r\ntwo, ""three""",x\r\nfour,y\r\n')
    assert texts_of(found) == ['one\r\ntwo, "three"', "four"]


def test_a_cell_of_any_length_is_read(read):
    limit = csv.field_size_limit()
    found = read(f"text,label\n{'word ' * 60_000},x\nshort,y\n")
    assert [len(text) for text in texts_of(found)] == [300_000, 5]
    assert csv.field_size_limit() == limit


@pytest.mark.thorough
def test_a_cell_of_fifty_megabytes_is_read(read):
    found = read(f"text,label\n{'word ' * 10_000_000},x\nshort,y\n")
    assert [len(text) for text in texts_of(found)] == [50_000_000, 5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_unicode_are_told_apart(read, caplog, encoding):
    found = read("text,label\ncafé 日本,x\ntea,y\n".encode(encoding))
    assert texts_of(found) == ["café 日本", "tea"]
    assert "t.csv" not in caplog.text


def test_other_encodings_are_read_as_windows_writes_them_and_named(read, caplog):
    found = read("text,label\ncafé “x”,x\ntea,y\n".encode("cp1252"))
    assert texts_of(found) == ["café “x”", "tea"]
    assert "t.csv: read as cp1252, since it is no UTF-8" in caplog.text


def test_one_broken_letter_leaves_the_others_as_they_are(read, caplog):
    content = "text,label\ncafé à côté é,x\nt?a,y\n".encode().replace(b"?", b"\xff")
    assert texts_of(read(content)) == ["café à côté é", "t\ufffda"]
    assert "1 place is no UTF-8" in caplog.text


def test_json_lines_of_any_values_are_read(read):
    lines = [{"text": "a", "label": 1}, {"label": 0, "text": None}, {"text": 3.5, "label": 1}]
    found = read("\n\n".join(map(json.dumps, lines)), "t.jsonl")
    assert found.source == "jsonl"
    assert texts_of(found) == ["a", "", "3.5"]
    assert named_labels(found) == ["1", "0", "1"]
    assert found.paths.tolist() == ["t.jsonl:1", "t.jsonl:3", "t.jsonl:5"]


def test_broken_json_lines_are_named_by_number(read, caplog):
    content = '{"text": "a", "label": "x"}\n{"text": \n[1]\n{"text": "b", "label": "y"}\n'
    assert len(read(content, "t.jsonl").paths) == 2
    assert "2 lines (2, 3)" in caplog.text
    with pytest.raises(ConfigError, match=r"2 lines \(2, 3\)"):
        read(content, "t.jsonl", on_bad_file="error")


def test_lists_of_labels_in_json_are_refused(read):
    line = '{"text": "a", "label": ["x", "y"]}\n'
    with pytest.raises(ConfigError, match="exactly one class"):
        read(line * 2, "t.jsonl")


def test_parquet_is_read_with_its_names_of_classes(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    feature = {"label": {"_type": "ClassLabel", "names": ["pos", "neg"]}}
    notes = {"huggingface": json.dumps({"info": {"features": feature}})}
    table = pyarrow.table({"text": ["a", None, "c", "d"], "label": [1, 0, 0, -1]})
    parquet.write_table(table.replace_schema_metadata(notes), tmp_path / "t.parquet")
    assert looks_like_text(str(tmp_path / "t.parquet"))
    found = read_texts(str(tmp_path / "t.parquet"), DataConfig())
    assert found.source == "parquet"
    assert texts_of(found) == ["a", "", "c"]
    assert found.class_names == ("pos", "neg")
    assert np.array_equal(found.labels, [1, 0, 0])


def test_a_damaged_parquet_file_is_refused(read):
    pytest.importorskip("pyarrow")
    with pytest.raises(ConfigError, match="whole Parquet file"):
        read("PAR1 and no more", "t.parquet")
