"""Class names that look the same are not two classes without a word."""

import numpy as np
import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.data.sources.class_names import group_spellings, order_class_names
from keras_transfer.system.errors import ConfigError

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def read(root, *folders):
    for folder in folders:
        try:
            (root / folder).mkdir(parents=True)
        except FileExistsError:
            pytest.skip("this file system takes these names for one")
        (root / folder / "1.png").touch()
    return read_examples(str(root), DataConfig())


def test_names_that_are_encoded_in_two_ways_are_one_class(tmp_path, caplog):
    examples = read(tmp_path, COMPOSED, DECOMPOSED, "bar", "zoo")
    assert examples.class_names == ("bar", COMPOSED, "zoo")
    assert np.bincount(examples.labels).tolist() == [1, 2, 1]
    assert caplog.messages == [
        f"One class each, though their names are encoded in two ways: {COMPOSED}"
    ]


def test_splits_whose_names_are_encoded_in_two_ways_have_the_same_classes(tmp_path):
    words = (f"train/{COMPOSED}", "train/bar", f"val/{DECOMPOSED}", "val/bar")
    examples = read(tmp_path, *words)
    assert examples.class_names == ("bar", COMPOSED)
    split = "training set"
    examples = read(tmp_path / "other", *(w.replace("train", split) for w in words))
    assert set(examples.splits) == {"train", "validation"}


def test_a_name_that_is_alone_stays_as_it_is(tmp_path):
    assert read(tmp_path, DECOMPOSED, "bar").class_names == ("bar", DECOMPOSED)


@pytest.mark.parametrize(
    "name", ["cat\u200b", "\ufeffcat", "cat ", "c\u00adat", "cat\u2060", "cat\ufe0f"]
)
def test_names_that_differ_in_what_cannot_be_seen_are_refused(tmp_path, name):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "cat", name, "dog")
    assert str(caught.value).isascii()
    assert ascii(name) in str(caught.value)


def test_numbers_with_zeros_before_them_are_pointed_out(tmp_path, caplog):
    assert read(tmp_path, "01", "1", "2").class_names == ("01", "1", "2")
    assert caplog.messages == ["Classes whose names may be spellings of one: 01 and 1"]


def test_blanks_of_two_kinds_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"'hot\\xa0dog'"):
        read(tmp_path, "hot dog", "hot\u00a0dog")


def test_names_that_differ_in_case_are_pointed_out(tmp_path, caplog):
    assert read(tmp_path, "Cat", "cat", "dog", "Dog").class_names == ("Cat", "Dog", "cat", "dog")
    assert caplog.messages == [
        "Classes whose names may be spellings of one: Cat and cat, Dog and dog"
    ]


def test_letters_of_handwriting_are_not_pointed_out(tmp_path, caplog):
    assert read(tmp_path, "A", "a", "b").class_names == ("A", "a", "b")
    assert not caplog.messages


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (["0", "1", "10", "11", "2"], ["0", "1", "2", "10", "11"]),
        (["1.0", "10.0", "2.0"], ["1.0", "2.0", "10.0"]),
        (["-1", "0", "1"], ["-1", "0", "1"]),
        (["001", "010", "002"], ["001", "002", "010"]),
        (["1", "10", "2", "a"], ["1", "10", "2", "a"]),
        (["²", "10", "9"], ["10", "9", "²"]),
        (["b", "a", "B"], ["B", "a", "b"]),
        ([], []),
    ],
)
def test_whole_numbers_are_in_order_of_value_and_others_sorted(names, order):
    assert order_class_names(names) == order


def test_spellings_of_one_name_are_found_the_most_frequent_first():
    counts = {"cat": 2, "Cat": 9, "dog": 1, "1": 3, "1.0": 3, "a": 1, "A": 1, "a_b": 1, "a b": 2}
    assert group_spellings(counts) == [["Cat", "cat"], ["1", "1.0"], ["a b", "a_b"]]
