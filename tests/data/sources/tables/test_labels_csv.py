import dataclasses

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.divided_examples import divide_examples
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.modalities.table import choose_modality
from keras_transfer.system.errors import ConfigError


def test_columns_in_any_order_are_read(load):
    examples = load("split,label,path,group\nTrain,b,i/2.png,g\n,a,i/1.png,\nval,a,i/3.png,g\n")
    assert examples.source == "csv"
    assert examples.root == load.root
    assert examples.paths.tolist() == ["i/1.png", "i/2.png", "i/3.png"]
    assert examples.class_names == ("a", "b")
    assert examples.labels.tolist() == [0, 1, 0]
    assert examples.splits.tolist() == ["", "train", "validation"]
    assert examples.groups.tolist() == ["", "g", "g"]


def test_group_that_is_nothing_is_no_group(load):
    examples = load("path,label,group\ni/1.png,a,nan\ni/2.png,b,NaN\ni/3.png,b,g\n")
    assert examples.groups.tolist() == ["", "", "g"]


def test_lone_train_word_is_no_split(load):
    assert set(load("path,label,split\ni/1.png,a,train\ni/2.png,b,train\n").splits) == {""}


def test_output_i_is_label_i(tmp_path, make_tree):
    root = make_tree(*(f"{k}.png" for k in range(12)))
    rows = "".join(f"{k}.png,{k}\n" for k in reversed(range(12)))
    (root / "labels.csv").write_text(f"path,label\n{rows}")
    examples = read_examples(str(root / "labels.csv"), DataConfig())
    assert examples.class_names == tuple(map(str, range(12)))
    assert [f"{k}.png" for k in examples.labels] == examples.paths.tolist()


def test_missing_files_are_unusable_as_broken_ones_are(load):
    examples = load("path,label\ni/1.png,a\ni/2.png,b\ni/9.png,b\n")
    assert examples.paths.tolist() == ["i/1.png", "i/2.png", "i/9.png"]
    found = inspect_files(examples)
    assert found.usable.tolist() == [True, True, False]
    assert "No such file" in found.reasons[2]


@pytest.mark.parametrize("bad", ["9.png", "broken.png"])
def test_missing_and_broken_files_follow_one_rule(make_tree, caplog, bad):
    root = make_tree(*(f"{k}.png" for k in range(8)))
    (root / "broken.png").write_bytes(b"none")
    rows = "".join(f"{k}.png,{'ab'[k % 2]}\n" for k in range(8))
    (root / "labels.csv").write_text(f"path,label\n{rows}{bad},a\n")
    skip = TrainConfig(dataset=str(root / "labels.csv"))
    used = [path for path, *_ in divide_examples(skip, choose_modality(skip)).rows()]
    assert used == [f"{k}.png" for k in range(8)]
    assert f"1 unreadable file is left out: {bad}" in caplog.text
    stop = dataclasses.replace(skip, data=DataConfig(on_bad_file="error"))
    with pytest.raises(ConfigError, match=f"1 that are not: {bad}.*on_bad_file skip"):
        divide_examples(stop, choose_modality(stop))


def test_rows_without_a_label_are_left_out_and_counted(load, say):
    examples = load("path,label\ni/1.png,a\ni/2.png,b\ni/3.png,\ni/4.png,nan\n")
    assert examples.class_names == ("a", "b")
    assert examples.paths.tolist() == ["i/1.png", "i/2.png"]
    assert say() == ["labels.csv: 2 of 4 rows have no label and are left out: i/3.png, i/4.png"]


def test_rows_without_a_label_are_an_error_where_bad_files_are(load):
    with pytest.raises(ConfigError, match=r"1 of 3 without a label, such as i/3.png"):
        load("path,label\ni/1.png,a\ni/2.png,b\ni/3.png,NA\n", on_bad_file="error")


def test_equal_rows_count_once(load, say):
    examples = load("path,label\ni/1.png,a\ni\\1.png,a\ni/2.png,b\n")
    assert examples.paths.tolist() == ["i/1.png", "i/2.png"]
    assert say() == ["labels.csv: 1 row repeats another and is left out: i/1.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns path,label.*nothing"),
        ("path,label\n", "must have rows"),
        ("path,label\ni/8.png,a\ni/9.png,b\n", "none of 2 does, such as i/8.png"),
        ("path,label\n,a\ni/2.png,b\n", "must have a path.*'a'"),
        ("path,label\ni/1.png,\ni/2.png,\n", "2 of 2 without a label"),
        ("path,label\ni/1.png,a\ni/2.png,a\n", "at least two classes"),
        ("path,label\ni/1.png,a\ni/1.png,b\n", "'a' and 'b' for i/1.png.*multi-label"),
        ("path,label,split\ni/1.png,a,train\ni/1.png,a,val\n", "one split.*for i/1.png"),
        ("path,label,split\ni/1.png,a,val\ni/2.png,b,test\n", "train split.*test and validation"),
        ("path,label,split\ni/1.png,a,\ni/2.png,b,\ni/3.png,c,val\n", "in train.*: c"),
        (
            "path,label,xmin,ymin\ni/1.png,a,1,1\ni/1.png,a,2,2\ni/2.png,b,0,0\n",
            "several rows with boxes for i/1.png.*detection",
        ),
    ],
)
def test_unusable_tables_are_refused_in_words(load, text, message):
    with pytest.raises(ConfigError, match=message):
        load(text)


def test_boxes_of_one_object_an_image_are_told_of(load, say):
    load("path,label,xmin,ymin\ni/1.png,a,1,1\ni/2.png,b,0,0\n")
    assert "labels.csv: its boxes are not used: a class is that of the image" in say()
