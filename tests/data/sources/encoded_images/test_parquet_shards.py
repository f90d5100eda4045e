import json
import os
import resource
import sys

import pytest
from labelled import load_examples

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import choose_source, read_examples
from keras_transfer.system.errors import ConfigError

pyarrow = pytest.importorskip("pyarrow", reason="needs the extra parquet")
parquet = pytest.importorskip("pyarrow.parquet", reason="needs the extra parquet")

CLASSES = {"_type": "ClassLabel", "names": ["square", "oval"]}
FEATURES = {"image": {"_type": "Image"}, "label": CLASSES}


@pytest.fixture
def write(tmp_path, draw):
    """Return a function that writes four images to a Parquet file, as Hugging Face does or not."""

    def write(name, first=0, features=FEATURES, labels=(0, 1, 0, 1), **columns):
        files = [draw(first + k) for k in range(len(labels))]
        cells = [{"bytes": file, "path": f"p{k}.png"} for k, file in enumerate(files)]
        table = {"image": cells if features else files, "label": list(labels)} | columns
        table = pyarrow.table({key: cells for key, cells in table.items() if cells})
        if features:
            said = json.dumps({"info": {"features": features}})
            table = table.replace_schema_metadata({"huggingface": said})
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, tmp_path / "set" / name)
        return tmp_path / "set"

    return write


def load(dataset):
    return load_examples(str(dataset), DataConfig())


def test_shards_of_the_hub_give_splits_names_and_order_of_classes(write, draw, list_rows, cache):
    write("data/train-00000-of-00002.parquet")
    write("data/train-00001-of-00002.parquet", first=4)
    root = write("data/validation-00000-of-00001.parquet", first=8)
    examples = load(root)
    assert examples.source == "parquet"
    assert examples.class_names == ("square", "oval")
    assert list_rows(examples) == {
        draw(first + k): (("square", "oval")[k % 2], split)
        for first, split in ((0, "train"), (4, "train"), (8, "validation"))
        for k in range(4)
    }
    assert examples.paths[0] == "train/oval/000001-p1.png"
    assert examples.root.parent == cache / "parquet"


def test_plain_bytes_with_names_or_numbers_are_read(write, draw, list_rows):
    root = write("a.parquet", features=None, labels=("cat", "dog", "cat", "dog"))
    assert list_rows(load(root / "a.parquet"))[draw(1)] == ("dog", "")
    write("b.parquet", features=None, labels=(10, 9, 10, 9))
    assert load(root / "b.parquet").class_names == ("9", "10")
    (root / "classes.txt").write_text("zebra\nant\n")
    write("c.parquet", features=None)
    assert load(root / "c.parquet").class_names == ("zebra", "ant")


def test_column_of_splits_is_read(write, draw, list_rows):
    root = write("a.parquet", split=["train", "train", "valid", "test"])
    rows = list_rows(load(root / "a.parquet"))
    assert [rows[draw(k)][1] for k in range(4)] == ["train", "train", "validation", "test"]
    with pytest.raises(ConfigError, match=r"Received: 'dev' in .*b.parquet"):
        load(write("b.parquet", split=["train", "dev", "test", "test"]) / "b.parquet")


def test_patterns_name_files(write):
    write("train-0.parquet")
    root = write("test-0.parquet", first=4)
    assert len(load(f"{root}/*-0.parquet").paths) == 8
    assert len(load(f"{root}/{{train,test}}-0.parquet").paths) == 8
    with pytest.raises(ConfigError, match=r"of which 1 are missing or none: .*train-1.parquet"):
        load(f"{root}/train-{{0..1}}.parquet")


def test_changed_file_is_copied_anew(write):
    root = write("a.parquet")
    first = load(root)
    assert load(root).root == first.root
    write("a.parquet", first=4)
    os.utime(root / "a.parquet", ns=(1, 1))
    assert load(root).root != first.root


def test_path_without_bytes_is_a_file_beside_the_table(write, draw, tmp_path):
    cells = [{"bytes": None, "path": name} for name in ("here.png", "gone.png", "pipe.png")]
    root = write("a.parquet", labels=(0, 1, 1), image=cells)
    (root / "here.png").write_bytes(draw(9))
    os.mkfifo(root / "pipe.png")
    examples = load(root / "a.parquet")
    assert [(examples.root / path).stat().st_size > 0 for path in sorted(examples.paths)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"label": [0.5, 1.0, 2.0, 3.0]}, r"label \(double\)"),
        ({"label": [[0], [1], [0], [1]]}, "multi-label"),
        ({"image": ["a.png", "b.png", "c.png", "d.png"]}, r"image \(string\).*one file"),
        ({"label": None, "klass": [0, 1, 0, 1]}, r"klass \(int64\)\. Rename"),
    ],
)
def test_columns_that_cannot_be_told_are_named(write, columns, message):
    root = write("a.parquet", features=None, **columns)
    with pytest.raises(ConfigError, match=message):
        load(root)


def test_number_beyond_the_names_is_refused(write):
    with pytest.raises(ConfigError, match=r"one of the 2 classes, from 0 on. Received: 2 in"):
        load(write("a.parquet", labels=(0, 2)))


def test_files_of_different_classes_are_refused(write):
    write("a.parquet")
    other = FEATURES | {"label": CLASSES | {"names": ["oval", "square"]}}
    with pytest.raises(ConfigError, match=r"same columns and classes.*b.parquet"):
        load(write("b.parquet", features=other))


def test_damaged_file_is_refused_in_a_line(write, cache):
    root = write("a.parquet", labels=(0, 1) * 100)
    content = bytearray((root / "a.parquet").read_bytes())
    content[100:3000] = bytes(2900)
    (root / "a.parquet").write_bytes(content)
    with pytest.raises(ConfigError, match=r"must be readable as a whole. Received: .*set"):
        load(root)
    (root / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match=r"must be readable as a whole. Received: .*a.parquet"):
        load(root)
    assert os.listdir(cache / "parquet") == []


def test_folder_with_an_image_beside_a_table_is_a_folder(write, tmp_path):
    root = write("a.parquet")
    assert choose_source(str(root)) == "parquet"
    (root / "cats").mkdir()
    (root / "cats/1.png").touch()
    assert choose_source(str(root)) == "folder"


@pytest.mark.slow
def test_one_group_of_rows_of_300_megabytes_is_read_in_pieces(write):
    big = [os.urandom(3 * 10**6) for _ in range(100)]
    root = write("a.parquet", features=None, labels=(0, 1) * 50, image=big)
    del big
    if os.fork() == 0:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        read_examples(str(root), DataConfig())
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        os._exit(grown > 200_000)
    assert os.wait()[1] == 0
    assert sys.platform == "linux"
