"""The labels.csv of decisions is a data set that this program reads as it was meant."""

import os

import numpy as np
import pytest
from PIL import Image
from reviews import make_examples

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.images.modality import IMAGE
from keras_transfer.review.corrected_labels import write_labels_csv
from keras_transfer.review.decisions import Decisions
from keras_transfer.system.errors import ConfigError

NAMES = ("ants", "bees", "wasps")


@pytest.fixture
def photos(tmp_path):
    """Return a function that makes examples whose files are there."""

    def make(labels, names=NAMES, paths=None, **columns):
        examples = make_examples(labels, names, paths, root=tmp_path / "photos", **columns)
        for path in examples.paths.tolist():
            (examples.root / path).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (4, 4)).save(examples.root / path)
        return examples

    return make


def decide(labels, removed=()):
    removed = np.isin(np.arange(len(labels)), removed)
    return Decisions(labels=np.array(labels), removed=removed, undecided=0)


def read(file, *words):
    config = DataConfig(layout="classes") if words else DataConfig()
    found = read_examples(str(file), config)
    files = [os.path.realpath(found.root / path) for path in found.paths.tolist()]
    names = [found.class_names[label] for label in found.labels]
    return found, dict(zip(files, names, strict=True))


@pytest.mark.parametrize("place", ["found", ".", "photos"])
def test_it_is_read_with_the_new_labels_splits_and_groups(photos, tmp_path, place):
    examples = photos(
        [0, 0, 1, 1, 2],
        splits=["train", "test", "train", "validation", "train"],
        groups=["a", "", "b", "a", ""],
    )
    (tmp_path / place).mkdir(exist_ok=True)
    file = tmp_path / place / "labels.csv"
    assert write_labels_csv(examples, decide([0, 1, 1, 1, 0], [3]), file, IMAGE) == []
    found, names = read(file)
    assert found.class_names == ("ants", "bees")
    assert [*names.values()] == ["ants", "bees", "bees", "ants"]
    kept = [0, 1, 2, 4]
    assert [*names] == [os.path.realpath(examples.root / path) for path in examples.paths[kept]]
    assert found.splits.tolist() == examples.splits[kept].tolist()
    assert found.groups.tolist() == examples.groups[kept].tolist()


def test_folders_called_train_and_test_make_no_splits_where_there_were_none(photos, tmp_path):
    examples = photos([0, 1], ("train", "val"), ["train/1.png", "val/2.png"])
    words = write_labels_csv(examples, decide([0, 1]), tmp_path / "labels.csv", IMAGE)
    assert words == ["--data.layout", "classes"]  # labels that are split words are refused else
    found, names = read(tmp_path / "labels.csv", *words)
    assert found.splits.tolist() == ["", ""]
    assert [*names.values()] == ["train", "val"]


def test_the_order_of_the_classes_stays(photos, tmp_path):
    examples = photos([0, 1, 2], ("zebra", "cat", "dog"))
    write_labels_csv(examples, decide([0, 1, 2]), tmp_path / "labels.csv", IMAGE)
    assert read(tmp_path / "labels.csv")[0].class_names == ("zebra", "cat", "dog")


def test_what_a_table_cannot_say_is_an_option(photos, tmp_path):
    examples = photos(
        [0, 1], image_size=64, flips=False, fractions=(0.2, 0.2), value_range="0.0,1.0"
    )
    words = write_labels_csv(examples, decide([0, 1]), tmp_path / "labels.csv", IMAGE)
    said = "--image_size 64 --data.value_range 0.0,1.0 --augment.flip false "
    said += "--data.validation_fraction 0.2 --data.test_fraction 0.2"
    assert words == said.split()


@pytest.mark.parametrize("name", ["<img src=x onerror=…>", "a, b", "=1+1", "Ü", "\u202eabc"])
def test_odd_class_names_come_back(photos, tmp_path, name):
    examples = photos([0, 1], (name, "plain"), ["1.png", "2.png"])
    words = write_labels_csv(examples, decide([0, 1]), tmp_path / "labels.csv", IMAGE)
    assert {*read(tmp_path / "labels.csv", *words)[1].values()} == {name, "plain"}


def test_class_names_that_mean_nothing_in_a_table_are_refused(photos, tmp_path):
    examples = photos([0, 1, 1], ("NA", "plain"), ["1.png", "2.png", "3.png"])
    with pytest.raises(ConfigError, match=r"a labels.csv can hold. Received: .*rename"):
        write_labels_csv(examples, decide([0, 1, 1]), tmp_path / "labels.csv", IMAGE)
    assert not (tmp_path / "labels.csv").exists()


def test_a_folder_that_cannot_be_written_is_refused(photos, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"a folder that can be written"):
        write_labels_csv(photos([0, 1]), decide([0, 1]), tmp_path / "file/labels.csv", IMAGE)
