import numpy as np
import pandas as pd
import pytest
from given_reviews import LABELS, TEXTS, classes

from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.in_memory.write_texts import holds_texts


def test_columns_are_found_as_in_a_table_on_disk(name):
    frame = pd.DataFrame({"review": TEXTS, "sentiment": LABELS, "is_valid": [0, 1, 0, 0]})
    found = name(frame.set_index(pd.Index([9, 8, 7, 6])))
    assert classes(found) == dict(zip(TEXTS, LABELS, strict=True))
    assert found.splits.tolist() == ["train", "validation", "train", "train"]
    pairs = pd.DataFrame({"premise": TEXTS, "hypothesis": TEXTS, "label": LABELS, "group": "gghh"})
    pairs["group"] = list("gghh")
    assert name(pairs).contents.shape == (4, 2)
    assert name(pairs).groups.tolist() == list("gghh")


def test_what_is_missing_is_left_to_the_doctor(name):
    frame = pd.DataFrame({"text": ["a b", None, np.nan, pd.NA], "label": LABELS})
    assert [row[0] for row in name(frame).contents] == ["a b", "", "", ""]
    numbers = pd.DataFrame({"text": TEXTS, "label": [1, 0, None, 1]})
    assert classes(name(numbers)) == {"a good film": "1", "a bad film": "0", "so dull here": "1"}


def test_a_frame_with_a_column_of_files_is_one_of_images():
    frame = pd.DataFrame({"text": TEXTS, "label": LABELS})
    assert holds_texts(frame)
    assert holds_texts({"text": TEXTS, "label": LABELS})
    assert not holds_texts(frame.assign(image="a.jpg"))
    assert not holds_texts(frame.rename(columns={"text": "file"}))


@pytest.fixture
def part():
    datasets = pytest.importorskip("datasets", reason="needs the extra [hf]")
    kinds = {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["neg", "pos"])}
    rows = {"text": TEXTS, "label": [1, 0, 1, -1]}
    return datasets.Dataset.from_dict(rows, features=datasets.Features(kinds))


def test_sets_of_hugging_face_have_names_and_splits(name, part):
    import datasets

    found = name(part)
    assert found.class_names == ("neg", "pos")
    assert classes(found) == {"a good film": "pos", "a bad film": "neg", "such fun": "pos"}
    several = datasets.DatasetDict({"train": part, "test": part, "unsupervised": part})
    assert name(several).splits.tolist() == ["train"] * 3 + ["test"] * 3
    with pytest.raises(ConfigError, match="without streaming=True"):
        name(part.to_iterable_dataset())
    with pytest.raises(ConfigError, match=r"Received: the Dataset of text \(Value\)"):
        name(part.remove_columns("label"), "text")
