import numpy as np
import pytest
from given_reviews import LABELS, TEXTS, classes

from keras_transfer.modalities.table import name_dataset, name_datasets
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.in_memory.write_texts import holds_texts


def test_a_data_set_is_written_once_whatever_holds_it(name, tmp_path):
    import pandas as pd

    for given in (
        (TEXTS, LABELS),
        (np.array(TEXTS), np.array(LABELS)),
        (pd.Series(TEXTS, index=[4, 3, 2, 1]), pd.Series(LABELS)),
        (pd.DataFrame({"anything": TEXTS}), LABELS),
        (np.array(TEXTS)[:, None], LABELS),
        list(zip(TEXTS, LABELS, strict=True)),
    ):
        assert classes(name(given)) == dict(zip(TEXTS, LABELS, strict=True))
    assert len(list((tmp_path / "cache/in_memory").iterdir())) == 1


def test_rows_keep_their_order_and_every_letter(name):
    texts = ["a\r\nb c", "nul \0 byte", 'a "quote", x', " \u2028 blank "]
    found = name((texts, LABELS))
    assert [row[0] for row in found.contents] == texts
    assert found.paths.tolist() == [f"texts.jsonl:{row}" for row in (1, 2, 3, 4)]


def test_splits_that_are_given_are_kept(name):
    part, other = (TEXTS, LABELS), (TEXTS[:2], LABELS[:2])
    for given in ((part, other), [part, other], {"train": part, "valid": other}):
        assert name(given).splits.tolist() == ["train"] * 4 + ["validation"] * 2
    assert name((part, other, other)).splits.tolist()[4:] == ["validation"] * 2 + ["test"] * 2


def test_pairs_of_texts_are_pairs(name):
    pairs = list(zip(TEXTS, TEXTS[::-1], strict=True))
    assert name((pairs, LABELS)).contents.tolist() == [list(pair) for pair in pairs]
    assert name(list(zip(pairs, LABELS, strict=True))).contents.shape == (4, 2)
    with pytest.raises(ConfigError, match="single ones, or all of them pairs"):
        name(([*pairs, "alone here"], [*LABELS, "pos"]), "text")


def test_two_examples_in_a_list_are_no_columns(name):
    assert classes(name([("good film", "pos"), ("bad film", "neg")])) == {
        "good film": "pos",
        "bad film": "neg",
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((TEXTS, LABELS[:3]), "Every text must have one label. Received: 4 texts and 3 labels"),
        (([*TEXTS, 5], [*LABELS, "pos"]), "A text must be a str.*Received: 5 in place 4"),
        ((TEXTS, [0.5, 1, 0, 1]), "numbers with fractions"),
        (TEXTS, r"Received: list\. Labels are missing: give \(texts, labels\)"),
        (([], []), "Received: tuple"),
        (iter([("a b", 0)]), "only once: make it a list"),
        ({"text": TEXTS, "label": LABELS[:2]}, "one length. Received: text of 4, label of 2"),
        ({"words": TEXTS, "label": LABELS}, "must have the columns text and label.*words, label"),
        ({"text": TEXTS}, "must have the columns text and label.*Received: text"),
        ({"text": TEXTS, "label": "pos"}, "Columns must be lists. Received: label"),
        ({"text": [], "label": []}, "must hold texts. Received: none"),
        ({"text": ["a", 3], "label": [0, 1]}, "Received: 3 in row 1 of the column text"),
    ],
)
def test_what_is_no_data_set_of_texts_is_refused(name, given, message):
    with pytest.raises(ConfigError, match=message):
        name(given, "text")


def test_strings_are_texts_where_they_have_blanks_and_are_no_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = [f"my photo {number}.jpg" for number in range(4)]
    assert holds_texts((TEXTS, LABELS))
    assert not holds_texts((files, LABELS))
    assert not holds_texts((["one", "two", "three", "four"], LABELS))
    (tmp_path / TEXTS[0]).write_text("")
    assert not holds_texts((TEXTS, LABELS))
    assert not holds_texts((np.zeros((4, 8, 8, 3)), LABELS))


def test_the_setting_says_that_words_are_texts(name):
    words = ["good", "bad", "fine", "dull"]
    with pytest.raises(ConfigError, match=r"of texts set `data\.modality` to text"):
        name_dataset((words, LABELS))
    expected = name_dataset((words, LABELS), "text")
    for settings, base in (
        ({"data": {"modality": "text"}}, {}),
        ({"data.modality": "text"}, {}),
        ({}, {"data": {"modality": "text"}}),
    ):
        assert name_datasets({"dataset": (words, LABELS)} | settings, base)["dataset"] == expected
