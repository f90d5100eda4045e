import pytest
from labelled import load_examples

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def load(make_tree):
    """Return a function that writes a table beside four images and loads it."""
    root = make_tree("i/1.png", "i/2.png", "i/3.png", "i/4.png")

    def load(text, name="labels.csv", encoding="utf-8"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding=encoding)
        return load_examples(str(root / name), DataConfig())

    load.root = root
    return load


def test_columns_in_any_order_are_read(load):
    examples = load("split,label,path,group\nTrain,b,i/2.png,g\n,a,i/1.png,\nval,a,i/3.png,g\n")
    assert examples.source == "csv"
    assert examples.root == load.root
    assert examples.paths.tolist() == ["i/1.png", "i/2.png", "i/3.png"]
    assert examples.class_names == ("a", "b")
    assert examples.labels.tolist() == [0, 1, 0]
    assert examples.splits.tolist() == ["", "train", "validation"]
    assert examples.groups.tolist() == ["", "g", "g"]


def test_byte_order_mark_blanks_and_backslashes_are_tolerated(load):
    examples = load("Path, Label\ni\\1.png , a\n\n./i/2.png,b\n", encoding="utf-8-sig")
    assert examples.paths.tolist() == ["i/1.png", "i/2.png"]
    assert examples.class_names == ("a", "b")


def test_absolute_paths_below_the_table_stay_relative_to_it(load):
    examples = load(f"path,label\n{load.root}/i/1.png,a\ni/2.png,b\n")
    assert (examples.root, examples.paths.tolist()) == (load.root, ["i/1.png", "i/2.png"])


def test_images_outside_the_folder_of_the_table_move_the_root(load):
    examples = load("path,label\n../i/1.png,a\n../i/2.png,b\n", name="tables/t.csv")
    assert (examples.root, examples.paths.tolist()) == (load.root / "i", ["1.png", "2.png"])


def test_lone_train_word_is_no_split(load):
    assert set(load("path,label,split\ni/1.png,a,train\ni/2.png,b,train\n").splits) == {""}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "columns path,label.*nothing"),
        ("file,class\ni/1.png,a\n", "columns path,label.*file,class"),
        ("path;label\ni/1.png;a\n", "columns path,label.*path;label"),
        ("path,label\n", "must have rows"),
        ("path,label\ni/1.png,a\ni/9.png,b\ni/8.png,b\n", "2 of 3 do not, such as .*i/9.png"),
        ("path,label\ni,a\ni/1.png,b\n", "1 of 2 do not"),
        ("path,label\ni/1.png,\ni/2.png,b\n", "path and a label.*'i/1.png' with ''"),
        ("path,label\ni/1.png,a,b\n", "2 cells.*i/1.png,a,b"),
        ("path,label,split\ni/1.png,a,dev\ni/2.png,b,\n", "split must be one of .*'dev'"),
        ("path,label,split\ni/1.png,a,val\ni/2.png,b,test\n", "train split.*test and validation"),
        ("path,label,split\ni/1.png,a,\ni/2.png,b,\ni/3.png,c,val\n", "in train.*: c"),
        ("path,label\ni/1.png,a\n./i/1.png,a\n", "i/1.png twice"),
        ("path,label\ni/1.png,a\ni/2.png,a\n", "at least two classes"),
        ("path,label\ni/1.png,cat;dog\ni/2.png,cat\n", "cat;dog.*multi-label"),
        ("path,label\ni/1.png,a\ni/1.png,b\n", "'a' and 'b' for i/1.png.*multi-label"),
        (
            "path,cat,dog\ni/1.png,1,0\ni/2.png,1,1\n",
            "0/1 column for each of cat, dog.*multi-label",
        ),
        ("path,cat,dog\ni/1.png,x,y\n", "columns path,label.*path,cat,dog"),
    ],
)
def test_unusable_tables_are_refused_in_words(load, text, message):
    with pytest.raises(ConfigError, match=message):
        load(text)


def test_other_encodings_are_refused_in_words(load):
    with pytest.raises(ConfigError, match="UTF-8"):
        load("path,label\ni/1.png,käse\n", encoding="latin-1")
