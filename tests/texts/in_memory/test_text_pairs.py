import pytest
from given_reviews import LABELS, TEXTS, classes

from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.in_memory.write_texts import holds_texts

tf = pytest.importorskip("tensorflow")


@pytest.fixture
def stream():
    return tf.data.Dataset.from_tensor_slices((TEXTS, [1, 0, 1, 0]))


def test_a_stream_is_read_whether_it_is_batched_or_not(name, stream):
    expected = dict(zip(TEXTS, "1010", strict=True))
    columns = tf.data.Dataset.from_tensor_slices({"sentence": TEXTS, "label": [1, 0, 1, 0]})
    for given in (stream, stream.batch(3), columns, columns.batch(2)):
        assert classes(name(given)) == expected
    batched = stream.batch(2)
    batched.class_names = ["z", "a"]  # as text_dataset_from_directory leaves them
    found = name(batched)
    assert found.class_names == ("z", "a")
    assert classes(found) == dict(zip(TEXTS, "azaz", strict=True))


def test_a_stream_may_give_pairs_and_one_hot_labels(name):
    labels = tf.one_hot([1, 0, 1, 0], 2)
    pairs = tf.data.Dataset.from_tensor_slices(((TEXTS, TEXTS[::-1]), labels))
    named = tf.data.Dataset.from_tensor_slices(
        ({"premise": TEXTS, "hypothesis": TEXTS[::-1]}, labels)
    )
    for given in (pairs, pairs.batch(3), named.batch(2)):
        found = name(given)
        assert found.contents.tolist() == [list(p) for p in zip(TEXTS, TEXTS[::-1], strict=True)]
        assert found.labels.tolist() == [1, 0, 1, 0]


def test_a_stream_without_an_end_or_labels_is_refused(name, stream):
    with pytest.raises(ConfigError, match="must end"):
        name(stream.repeat())
    alone = tf.data.Dataset.from_tensor_slices(TEXTS)
    with pytest.raises(ConfigError, match=r"must give \(text, label\)"):
        name(alone, "text")
    numbers = tf.data.Dataset.from_tensor_slices(([1, 2], [0, 1]))
    with pytest.raises(ConfigError, match=r"must give \(text, label\)"):
        name(numbers, "text")
    assert not holds_texts(numbers)


def test_columns_of_a_stream_that_are_no_texts_are_none():
    rows = [{"image": "a b.jpg", "label": "c d"}] * 3
    assert not holds_texts(Rows(rows))


class Rows:
    """What PyTorch has for a data set."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, row):
        return self.rows[row]


def test_whatever_gives_pairs_in_a_loop_is_read(name):
    rows = list(zip(TEXTS, LABELS, strict=True))
    assert classes(name(Rows(rows))) == dict(rows)
