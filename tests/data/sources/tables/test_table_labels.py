import pytest

from keras_transfer.data.sources.tables.table_labels import is_filled, judge_labels
from keras_transfer.system.errors import ConfigError


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["cat;dog", "cat"], "cat;dog.*multi-label"),
        (["cat|dog", "bird"], r"cat\|dog.*multi-label"),
        (["cat dog", "cat", "dog"], "lists of labels"),
        (["cat, dog", "cat", "dog"], "multi-label"),
        (["cat and dog", "cat", "dog"], "lists of labels"),
        (["cat/dog", "cat", "dog"], "lists of labels"),
        (['["cat"]', '["dog"]'], "lists of labels"),
        (["['cat', 'dog']", "['cat']"], "list"),
        ([f"{a} {b}" for a in "abcdefgh" for b in "abcdefgh"], "lists of labels"),
        ([str(k / 7) for k in range(16)], "fractions.*measurements"),
        (["1.5", "2", "3"], "fractions such as 1.5"),
        (["1,5", "2,5"], "fractions such as 1,5, 2,5"),
        (["1", "1.0", "2"], r"'1' \(1\) and '1.0'"),
        (["01", "1", "2"], "'01'.*'1'"),
        (["cat", "cat", "Cat", "dog"], r"'cat' \(2\) and 'Cat' \(1\)"),
        (["big cat", "big  cat", "big_cat"], "blanks"),
        (["\u00e9", "e\u0301"], r"e\\u0301.*\\xe9"),
        (["cat", "cat\u200b"], r"\\u200b"),
        (["train", "Test", "train"], "are splits"),
    ],
)
def test_labels_that_are_no_classes_are_refused_in_words(tmp_path, labels, message):
    with pytest.raises(ConfigError, match=message):
        judge_labels(tmp_path / "t.csv", labels)


def test_who_says_that_labels_are_classes_gets_classes(load):
    text = "path,label\ni/1.png,1.5\ni/2.png,2.5\ni/3.png,ice\ni/4.png,Ice\n"
    assert load(text, layout="classes").class_names == ("1.5", "2.5", "Ice", "ice")
    with pytest.raises(ConfigError, match=r"add --data\.layout classes"):
        load(text)


@pytest.mark.parametrize(
    "labels",
    [
        ["golden retriever", "labrador retriever", "german shepherd"],
        ["a", "A", "b"],  # handwriting
        ["0", "1", "10", "-1.0"],
        ["1.0", "2.0"],
        ["v1.5", "v2.5"],
        ["rock and roll", "jazz"],
        ["test", "exam"],
    ],
)
def test_classes_of_all_kinds_are_taken(tmp_path, labels):
    judge_labels(tmp_path / "t.csv", labels)


@pytest.mark.parametrize("word", ["", "nan", "NaN", "NA", "<NA>", "null"])
def test_words_for_nothing_are_no_labels(word):
    assert not is_filled(word)


def test_words_that_may_mean_nothing_are_told_of(tmp_path, say):
    judge_labels(tmp_path / "t.csv", ["None", "scratch", "None"])
    (line,) = say()
    assert line.startswith("t.csv: 'None' is a class of 2 examples; leave the cell empty")


def test_numbers_that_mostly_occur_once_are_told_of(tmp_path, say):
    judge_labels(tmp_path / "t.csv", [str(7 * k) for k in range(16)])
    assert say() == ["t.csv: 16 of 16 labels are numbers of one example: are these measurements?"]
