"""Data sets whose splits are told by each class: cats/train/, cats_train/."""

import logging

from folder_readings import TEST, TRAIN, VALID, read


def test_splits_within_each_class_are_splits(lay, caplog):
    caplog.set_level(logging.INFO)
    assert read(lay("{a,b}/{train,val,Test set}/1")) == {
        TRAIN: {name: [f"{name}/train/1"] for name in "ab"},
        VALID: {name: [f"{name}/val/1"] for name in "ab"},
        TEST: {name: [f"{name}/Test set/1"] for name in "ab"},
    }
    assert caplog.messages == ["Splits are the folders in each class: Test set/, train/, val/."]


def test_splits_within_classes_that_are_called_train_are_splits(lay):
    assert read(lay("{train,car}/{train,test}/1")) == {
        TRAIN: {"car": ["car/train/1"], "train": ["train/train/1"]},
        TEST: {"car": ["car/test/1"], "train": ["train/test/1"]},
    }


def test_class_and_split_in_one_name_are_told_apart(lay):
    assert read(lay("{Cats,dogs,Wild Boar}_{train,test}/1")) == {
        TRAIN: {
            "Cats": ["Cats_train/1"],
            "Wild Boar": ["Wild Boar_train/1"],
            "dogs": ["dogs_train/1"],
        },
        TEST: {"Cats": ["Cats_test/1"], "Wild Boar": ["Wild Boar_test/1"], "dogs": ["dogs_test/1"]},
    }


def test_class_and_split_may_be_told_apart_by_a_capital(lay):
    assert read(lay("{cats,dogs}{Train,Test}/1")) == {
        TRAIN: {"cats": ["catsTrain/1"], "dogs": ["dogsTrain/1"]},
        TEST: {"cats": ["catsTest/1"], "dogs": ["dogsTest/1"]},
    }


def test_splits_within_each_class_may_lie_in_a_folder_that_wraps_them(lay):
    assert read(lay("{a,b}/images/{train,test}/1")) == {
        TRAIN: {name: [f"{name}/images/train/1"] for name in "ab"},
        TEST: {name: [f"{name}/images/test/1"] for name in "ab"},
    }
