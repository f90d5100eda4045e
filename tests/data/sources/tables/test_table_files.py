import pytest

from keras_transfer.data.sources.tables.table_files import locate_files
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def find(make_tree):
    """Return a function that draws files and returns which ones cells of a table mean."""

    def find(files, cells, table="labels.csv"):
        root = make_tree(*files)
        found = locate_files(root / table, cells)
        return [file.removeprefix(f"{root}/") for file in found]

    return find


@pytest.mark.parametrize(
    "cells",
    [
        ["a/1.png", "b/2.png"],
        ["./a/1.png", "a/../b/2.png"],
        ["a\\1.png", "b\\2.png"],
        ["a/1", "b/2"],
        ["1", "2"],
        ["1.PNG", "B/2.png"],
        ["/kaggle/input/a/1.png", "/kaggle/input/b/2.png"],
        ["C:\\Users\\me\\a\\1.png", "C:\\Users\\me\\b\\2.png"],
    ],
)
def test_cells_find_their_files(find, cells):
    files = ["a/1.png", "b/2.png", "b/3.png", "a/12.png"]
    assert find(files, cells) == ["a/1.png", "b/2.png"]


def test_files_in_several_parts_of_one_pile_are_found_and_told_of(find, say):
    files = ["images_1/x1.png", "images_2/x2.png"]
    assert find(files, ["x1", "x2"]) == files
    assert say() == ["labels.csv: found 2 files by their ends: x1 is images_1/x1.png"]


def test_paths_may_begin_above_or_where_we_are(find, tmp_path, monkeypatch, say):
    (tmp_path / "set/tables").mkdir(parents=True)
    assert find(["a/1.png"], ["a/1.png"], "tables/t.csv") == ["a/1.png"]
    monkeypatch.chdir(tmp_path)
    assert find([], ["set/a/1.png"], "tables/t.csv") == ["a/1.png"]
    assert say()[0] == f"t.csv: its paths begin at {tmp_path}/set"


def test_names_in_two_codes_are_one(find):
    files = ["e\u0301/1.png"]
    assert find(files, ["\u00e9/1.png"]) == files


def test_copies_elsewhere_do_not_stand_for_what_is_missing(find):
    files = ["1.png", "old/2.png"]
    assert find(files, ["1.png", "2.png"]) == ["1.png", "2.png"]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1"], "one file.*1 in .*fits (a/1.png, b/1.png|b/1.png, a/1.png)"),
        (["c/1.png"], "none of 1 does, such as c/1.png.*start at"),
        (["x/2.png", "x/3.png"], "none of 2"),
        (["https://x.org/9.png"], "addresses: download"),
        (["9\0.png"], "none of 1"),
        (["a"], "none of 1"),
    ],
)
def test_cells_that_name_no_file_or_several_are_refused_in_words(find, cells, message):
    with pytest.raises(ConfigError, match=message):
        find(["a/1.png", "b/1.png"], cells)


def test_absolute_paths_below_the_table_stay_relative_to_it(load):
    examples = load(f"path,label\n{load.root}/i/1.png,a\ni/2.png,b\n")
    assert (examples.root, examples.paths.tolist()) == (load.root, ["i/1.png", "i/2.png"])


def test_images_outside_the_folder_of_the_table_move_the_root(load):
    examples = load("path,label\n../i/1.png,a\n../i/2.png,b\n", name="tables/t.csv")
    assert (examples.root, examples.paths.tolist()) == (load.root / "i", ["1.png", "2.png"])


def test_rows_that_are_commented_out_are_skipped_with_a_word(load, say):
    (load.root / "i/4.png").rename(load.root / "#4.png")
    examples = load("path,label\n#i/1.png,b\n#4.png,a\ni/2.png,b\n")
    assert examples.paths.tolist() == ["#4.png", "i/2.png"]
    assert say() == ["labels.csv: skipped rows that begin with #: 1, such as #i/1.png"]
