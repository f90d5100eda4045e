from pathlib import Path

import pytest

from keras_transfer.data.sources.tables.table_splits import find_folder_splits, find_splits
from keras_transfer.system.errors import ConfigError

TABLE = Path("t.csv")


def find(**columns):
    cells = {name: words.split(",") for name, words in columns.items()}
    return find_splits(TABLE, cells, set())


@pytest.mark.parametrize("name", ["dataset", "set", "fold", "subset", "Phase", "usage", "any"])
def test_a_column_of_split_words_is_used_and_said(name, say):
    found = find(**{"age": "1,2,3,4", name: "Training,val,test,"})
    assert found == (["train", "validation", "test", ""], [name])
    assert say() == [f"t.csv: the splits are in the column {name}"]


@pytest.mark.parametrize(
    ("columns", "splits"),
    [
        ({"is_valid": "True,False,,1"}, "validation,train,train,validation"),
        ({"is_valid": "1.0,0.0,0,no"}, "validation,train,train,train"),
        ({"is_test": "1,0,0,0", "isValid": "0,1,0,0"}, "test,validation,train,train"),
        ({"is_training_img": "1,0,0,1"}, "train,test,test,train"),
        ({"is_train": "1,0,0,0", "is_val": "0,1,0,0"}, "train,validation,train,train"),
    ],
)
def test_columns_of_yes_and_no_are_used(columns, splits):
    assert find(**columns) == (splits.split(","), list(columns))


def test_column_split_wins_and_may_be_empty():
    assert find(split="val,,nan", is_valid="0,1,0")[0] == ["validation", "", ""]


def test_equal_columns_are_no_contradiction():
    assert find(set="train,val", is_valid="0,1")[0] == ["train", "validation"]


def test_folds_are_told_of(say):
    assert find(fold="0,1,2") == ([""] * 3, [])
    assert say() == [
        "t.csv: fold gives no splits (0, 1, 2); a column split of train, val, test would"
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"split": "dev,train"}, "split must be one of .*'dev'.*column split"),
        ({"usage": "Training,PublicTest"}, "'PublicTest'.*column usage"),
        ({"set": "train,val", "phase": "val,train"}, "set, phase.*disagree"),
        ({"is_valid": "1,0", "is_test": "1,0"}, "1 row .*several of is_valid, is_test"),
        ({"is_valid": "1,maybe"}, "is_valid must hold.*maybe"),
    ],
)
def test_columns_that_contradict_are_refused_in_words(columns, message):
    with pytest.raises(ConfigError, match=message):
        find(**columns)


@pytest.mark.parametrize(
    ("paths", "splits"),
    [
        (["train/a/1", "Val/a/1", "test/2"], ["train", "validation", "test"]),
        (["x/train/1", "x/test/1"], ["train", "test"]),
        (["train/1", "train/2"], ["", ""]),
        (["train/1", "other/2", "test/3"], ["", "", ""]),
        (["train", "test"], ["", ""]),
        (["1", "train/2"], ["", ""]),
    ],
)
def test_folders_that_are_splits_for_all_images_are_used(paths, splits):
    assert find_folder_splits(TABLE, paths) == splits


def test_empty_column_split_has_splits_made_whatever_the_folders(make_tree, load):
    make_tree("train/1.png", "val/1.png")
    rows = "train/1.png,a,\nval/1.png,b,\n"
    assert set(load(f"path,label,split\n{rows}").splits) == {""}
    assert set(load("path,label\ntrain/1.png,a\ni/1.png,b\n").splits) == {""}
