import pytest

from keras_transfer.data.sources.class_names import group_spellings, order_class_names


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
