import csv
import dataclasses
import shutil

import numpy as np
import pytest
from cache_starts import write_split

from keras_transfer.config.sections.adapt_settings import AdaptConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.sources.perhaps_labelled import UNKNOWN, read_perhaps_labelled
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.training.adaptation.target_images import read_target

NAMES = ("level", "upright")


@pytest.fixture
def read(make_data, make_config, tmp_path):
    """Return a function that reads a target for a data set of two classes, and its run."""

    def make(target, run=None):
        run = run or Run(tmp_path / f"run-{len(list(tmp_path.iterdir()))}")
        run.path.mkdir(exist_ok=True)
        data = dataclasses.replace(DataConfig(), image_size=32, value_range="full")
        adapt = AdaptConfig(target=str(target))
        config = dataclasses.replace(make_config("tiny"), adapt=adapt, data=data)
        source = dataclasses.replace(make_data(), class_names=NAMES)
        write_split(run, source)
        return read_target(config, run, source), run

    return make


def write_csv(file, rows):
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return file


def test_order_and_contents_do_not_depend_on_labels_or_names(
    read, other_stripes, unlabelled_stripes
):
    labelled, _ = read(other_stripes)
    unlabelled, _ = read(unlabelled_stripes)
    assert labelled.sha256.tolist() == unlabelled.sha256.tolist() == sorted(labelled.sha256)
    assert unlabelled.measured is None
    pairs = zip(
        labelled.data.clean_batches("train"),
        unlabelled.data.clean_batches("train"),
        strict=True,
    )
    for (images, labels), (others, _) in pairs:
        np.testing.assert_array_equal(images, others)
        assert not labels.numpy().any()  # none is told


def test_labels_of_the_classes_are_measured(read, other_stripes):
    found, run = read(other_stripes)
    labels = found.measured.splits["target"].labels
    assert len(found) == 24
    assert np.bincount(labels).tolist() == [12, 12]
    table = read_table(run.target_file)
    assert {*table["class"]} == {*NAMES}
    assert {*table["adapted"], *table["measured"]} == {"yes"}


def test_a_test_split_is_set_apart(read, stripes):
    found, run = read(stripes)
    assert len(found) == 80
    assert len(found.measured.splits["target"]) == 24
    pairs = zip(
        *(read_table(run.target_file)[name] for name in ("adapted", "measured")), strict=True
    )
    assert {*pairs} == {("yes", "no"), ("no", "yes")}


def test_other_classes_are_adapted_to_and_not_measured(read, other_stripes, tmp_path):
    root = shutil.copytree(other_stripes, tmp_path / "renamed")
    (root / "level").rename(root / "wavy")
    found, _ = read(root)
    assert len(found) == 24
    assert found.measured.splits["target"].labels.tolist() == [1] * 12


def test_tables_need_no_column_of_labels_and_may_have_some(read, other_stripes):
    paths = sorted(str(file.relative_to(other_stripes)) for file in other_stripes.rglob("*.png"))
    bare = write_csv(other_stripes / "bare.csv", [["path"], *([path] for path in paths)])
    some = [[path, "level" if path.startswith("level") else ""] for path in paths]
    some = write_csv(other_stripes / "some.csv", [["path", "label"], *some])
    try:
        unlabelled, _ = read(bare)
        partly, _ = read(some)
    finally:
        bare.unlink()
        some.unlink()
    assert len(unlabelled) == len(partly) == 24
    assert unlabelled.measured is None
    assert partly.measured.splits["target"].labels.tolist() == [0] * 12


def test_folders_of_splits_without_classes_are_splits(unlabelled_stripes, tmp_path):
    root = tmp_path / "divided"
    for index, file in enumerate(sorted(unlabelled_stripes.iterdir())):
        split = root / ("train" if index % 2 else "test")
        split.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, split)
    modality = choose_modality(TrainConfig())
    found = read_perhaps_labelled(str(root), DataConfig(), modality, NAMES)
    assert {*found.labels.tolist()} <= {UNKNOWN}
    assert np.unique(found.splits, return_counts=True)[1].tolist() == [12, 12]


def test_an_interrupted_run_goes_on_with_the_same_images_alone(read, unlabelled_stripes):
    found, run = read(unlabelled_stripes)
    again, _ = read(unlabelled_stripes, run)
    assert again.sha256.tolist() == found.sha256.tolist()
    next(unlabelled_stripes.iterdir()).unlink()
    with pytest.raises(ConfigError, match="must be those that the run began with"):
        read(unlabelled_stripes, run)


def test_a_broken_file_is_named_and_left_out(read, unlabelled_stripes, caplog):
    (unlabelled_stripes / "broken.png").write_bytes(b"no image")
    found, _ = read(unlabelled_stripes)
    assert len(found) == 24
    assert "broken.png" in caplog.text


def test_one_image_is_too_few(read, unlabelled_stripes, tmp_path):
    root = tmp_path / "one"
    root.mkdir()
    shutil.copy(next(unlabelled_stripes.iterdir()), root)
    with pytest.raises(ConfigError, match="2 or more readable images"):
        read(root)


def test_a_table_without_splits_takes_those_of_its_folders(read, stripes):
    paths = sorted(str(file.relative_to(stripes)) for file in stripes.rglob("*.png"))
    rows = [["path"], ["# as the camera left them"], *([path] for path in paths)]
    file = write_csv(stripes / "all.csv", rows)
    try:
        found, _ = read(file)
    finally:
        file.unlink()
    assert len(found) == 80  # those of test and val are set apart, also without labels
