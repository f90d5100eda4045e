import numpy as np
import pytest

from keras_transfer.data.sources.in_memory.name_data_set import name_data_set
from keras_transfer.images.pixel_files import ImageFiles
from keras_transfer.system.errors import ConfigError


def test_words_and_paths_stay_as_they_are(tmp_path):
    assert name_data_set("tfds:mnist", ImageFiles) == "tfds:mnist"
    assert name_data_set(tmp_path, ImageFiles) == str(tmp_path)


def test_splits_that_are_given_are_kept(name, arrays):
    images, labels = arrays
    parts = [(images[:6], labels[:6]), (images[6:9], labels[6:9]), (images[9:], labels[9:])]
    assert name((parts[0], parts[1])).count() == {"train": 6, "validation": 3}
    assert name(parts[:2]).count() == {"train": 6, "validation": 3}
    assert name(tuple(parts)).count() == {"train": 6, "validation": 3, "test": 3}
    assert name({"train": parts[0], "Test": parts[2]}).count() == {"train": 6, "test": 3}


def test_splits_of_files_are_one_table(name, files):
    paths, labels = files
    named = name(((paths[::2], labels[::2]), (paths[1::2], labels[1::2])))
    assert named.count() == {"train": 3, "validation": 3}
    assert named.classes() == dict(zip(paths, labels, strict=True))


def test_two_images_and_their_labels_are_no_splits(name, arrays):
    images, _ = arrays
    for labels in ([0, 1], [[1, 0], [0, 1]], np.eye(2)):
        assert name(([images[0], images[1]], labels)).count() == {"": 2}


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (5, "Received: int"),
        (("a", "b"), "Received: tuple"),
        ({"a": 1}, "Received: dict. Give .images, labels., or a dict whose keys are splits"),
        (("a", "b", "c", "d"), "Received: tuple. Give two pairs"),
        (["a.jpg", "b.jpg"], "Received: list. Labels are missing"),
    ],
)
def test_what_is_of_no_kind_is_refused(name, dataset, message):
    with pytest.raises(ConfigError, match=f"a tf.data.Dataset or PyDataset.*{message}"):
        name(dataset)


def test_splits_of_several_kinds_are_refused(name, arrays, files):
    with pytest.raises(ConfigError, match="all be files or all be images"):
        name((arrays, files))
