"""Parquet files of paths and labels are read as the table of the same rows."""

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import choose_source, read_examples
from keras_transfer.data.sources.tables.parquet_table import read_parquet_table
from keras_transfer.data.sources.tables.read_table import read_columns, require_text
from keras_transfer.data.splits.split_file import read_split_file
from keras_transfer.system.errors import ConfigError

pyarrow = pytest.importorskip("pyarrow", reason="needs the extra parquet")
parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra parquet")

COLUMNS = {
    "Path": [" i/2.png", "i/1.png", "i/3.png"],
    "label": [1, 0, 1],
    "split": ["train", None, "val"],
    "group": ["g", None, "g"],
}


@pytest.fixture
def table(tmp_path, make_tree):
    root = make_tree("i/1.png", "i/2.png", "i/3.png")
    parquet.write_table(pyarrow.table(COLUMNS), root / "files.parquet")
    return root / "files.parquet"


def test_paths_and_labels_in_parquet_are_those_of_the_csv(table):
    rows = "i/2.png,1,train,g\ni/1.png,0,,\ni/3.png,1,val,g\n"
    text = table.with_name("files.csv")
    text.write_text(f"path,label,split,group\n{rows}")
    assert choose_source(str(table)) == "csv"
    found, expected = (read_examples(str(file), DataConfig()) for file in (table, text))
    assert found.paths.tolist() == ["i/1.png", "i/2.png", "i/3.png"]
    for name in ("root", "class_names", "value_range"):
        assert getattr(found, name) == getattr(expected, name)
    for name in ("paths", "labels", "splits", "groups"):
        assert getattr(found, name).tolist() == getattr(expected, name).tolist()


def test_a_split_file_may_be_parquet(table):
    assert read_split_file(table)["split"] == ["train", "", "validation"]


def test_parquet_need_not_be_text(table):
    require_text(table)
    assert read_columns(table)["path"] == ["i/2.png", "i/1.png", "i/3.png"]


def test_columns_of_encoded_images_make_it_no_list_of_paths(table):
    cells = pyarrow.table({**COLUMNS, "image": [b"a", b"b", b"c"]})
    parquet.write_table(cells, table)
    assert choose_source(str(table)) == "parquet"


def test_a_damaged_table_is_named(table):
    table.write_bytes(table.read_bytes()[:-9])
    with pytest.raises(ConfigError, match=r"whole Parquet file.*files\.parquet"):
        read_parquet_table(table)
