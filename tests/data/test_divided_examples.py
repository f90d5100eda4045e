"""A data set is divided the same way again, whatever the seed, where a split.csv says how."""

import csv
import dataclasses
import shutil

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.divided_examples import divide_examples
from keras_transfer.images.modality import IMAGE
from keras_transfer.run.contents.split_table import SPLIT_COLUMNS


@pytest.mark.parametrize(
    "folders", [("",), ("train", "val"), ("train", "test"), ("train", "val", "test")]
)
def test_a_pinned_division_is_the_same_whatever_the_seed(make_tree, tmp_path, folders):
    root = make_tree(
        *(
            f"{folder}/{name}/{index}.png".lstrip("/")
            for folder in folders
            for name in "ab"
            for index in range(12)
        )
    )
    for twin in folders[1:]:  # in two splits: it leaves train
        shutil.copy(root / folders[0] / "a/0.png", root / twin / "a/twin.png")
    config = TrainConfig(dataset=str(root))
    divided = divide_examples(config, IMAGE)
    assert len(list(divided.rows())) >= 20
    file = tmp_path / "split.csv"
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([SPLIT_COLUMNS, *divided.rows()])
    data = DataConfig(split_file=file)
    again = divide_examples(dataclasses.replace(config, seed=7, data=data), IMAGE)
    assert list(again.rows()) == list(divided.rows())
