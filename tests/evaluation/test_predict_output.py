"""Files of predictions, also on a disk that is full."""

import io
import os

import pytest
from full_disk import full_after

from keras_transfer.evaluation.predict_output import list_columns, open_table, write_csv
from keras_transfer.system.errors import ConfigError


def write_rows(file, count):
    with open_table(file, list_columns(1)) as write:
        for number in range(count):
            write([[f"{os.urandom(100).hex()}{number}.png", "cat", 0.5, ""]])


@pytest.mark.parametrize("count", [100, 5000])  # refused at the end, or in the middle
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_full_disk_is_one_line_and_leaves_no_file(tmp_path, suffix, count):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
        count //= 20  # a row group each
    file = tmp_path / f"found.{suffix}"
    with (
        full_after(2000),
        pytest.raises(ConfigError, match=rf"`output` .*found.{suffix} .*too large.*Free space"),
    ):
        write_rows(file, count)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_keeps_the_file_of_before(tmp_path):
    (tmp_path / "found.csv").write_text("before")
    with full_after(2000), pytest.raises(ConfigError):
        write_rows(tmp_path / "found.csv", 100)
    assert (tmp_path / "found.csv").read_text() == "before"
    assert os.listdir(tmp_path) == ["found.csv"]


def test_a_header_is_written_with_the_first_rows_and_once():
    stream = io.StringIO()
    write = write_csv(stream, ["path", "error"])
    assert stream.getvalue() == ""  # what is refused now leaves no half a table
    write([["a.png", ""]])
    write([["b.png", "broken"]])
    assert stream.getvalue() == "path,error\na.png,\nb.png,broken\n"
