import shutil

import numpy as np
import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.image_sets import list_set
from keras_transfer.images.modality import IMAGE
from keras_transfer.system.errors import ConfigError


def list_images(word, split=None):
    return list_set(str(word), DataConfig(), IMAGE, split)


def test_a_data_set_keeps_its_splits_and_classes(stripes):
    found = list_images(stripes)
    assert len(found) == 128
    row = found.paths.tolist().index("test/level/000.png")
    assert found.sources[row] == str(stripes / "test/level/000.png")
    assert (found.splits[row], found.name_classes()[row]) == ("test", "level")
    assert {*list_images(stripes, "test").paths} == {
        path for path in found.paths if path.startswith("test")
    }


def test_a_folder_a_file_and_a_pattern_are_images_without_labels(stripes, caplog):
    flat = stripes / "test/level"
    caplog.set_level("INFO")
    assert len(list_images(flat)) == len(list_images(flat / "*.png")) == 12
    assert "is taken as images without labels. As a data set: " in caplog.text
    found = list_images(flat / "000.png")
    assert found.paths.tolist() == found.sources.tolist() == [str(flat / "000.png")]
    assert (found.labels.tolist(), found.class_names) == ([-1], ())
    assert found.name_classes().tolist() == [""]


def test_rows_are_taken_in_all_columns(stripes):
    found = list_images(stripes)
    rows = np.array([5, 100])
    part = found.take(rows)
    assert part.paths.tolist() == found.paths[rows].tolist()
    assert part.name_classes().tolist() == found.name_classes()[rows].tolist()


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("nowhere", "no such path"),
        ("empty", "`dataset` must hold images"),
        ("labels.csv", "labels.csv"),
        ("none/*.png", "no such path"),
    ],
)
def test_what_names_no_images_is_refused_as_a_data_set(word, said, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    (tmp_path / "labels.csv").write_text("nothing\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        list_images(word)
    assert said in str(caught.value)


def test_a_split_that_is_not_there_is_named_with_those_that_are(stripes):
    with pytest.raises(ConfigError, match=r"splits of .*: test, train, validation\. Received: dev"):
        list_images(stripes, "dev")
    with pytest.raises(ConfigError, match="none"):
        list_images(stripes / "test/level", "train")


def test_a_folder_of_one_class_keeps_its_name(stripes, tmp_path):
    shutil.copytree(stripes / "test/level", tmp_path / "set/level")
    assert {*list_images(tmp_path / "set").name_classes()} == {"level"}
