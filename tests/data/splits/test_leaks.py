import re

import numpy as np
import pytest
from columns import make_examples, make_hashes

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.splits.leaks import settle_leaks
from keras_transfer.system.errors import ConfigError

WORDS = ["train", "train", "validation", "validation", "test", "test", "train", "test"]
CONTENTS = [0, 1, 2, 0, 3, 1, 4, 5]  # 0 and 3 are equal, so are 1 and 5
NEAR = np.array([[6, 7], [2, 4]])


def settle(**options):
    splits = np.array(WORDS)
    examples = make_examples([0, 1] * 4, splits=WORDS)
    settle_leaks(examples, make_hashes(CONTENTS), NEAR, splits, DataConfig(**options))
    return splits.tolist()


def test_equal_files_leave_the_earlier_split_and_near_duplicates_stay(caplog):
    assert settle() == ["", "", "validation", "validation", "test", "test", "train", "test"]
    assert caplog.messages == [
        "Dropped: 2 images that are in a later split as well: 00000.png (train) and 00003.png "
        "(validation); 00001.png (train) and 00005.png (test)",
        "Left in their splits: 2 images that are much like one in a later split: 00002.png "
        "(validation) and 00004.png (test); 00006.png (train) and 00007.png (test)",
    ]


def test_near_duplicates_leave_on_request():
    kept = settle(near_duplicates="drop")
    assert kept == ["", "", "", "validation", "test", "test", "", "test"]


def test_equal_files_are_kept_on_request(caplog):
    assert settle(on_leak="keep") == WORDS
    assert caplog.messages[0].startswith("Left in their splits: 2 images that are in a later split")
    assert "00000.png (train) and 00003.png (validation)" in caplog.messages[0]


def test_equal_files_are_refused_on_request():
    names = "00000.png (train) and 00003.png (validation); 00001.png (train) and 00005.png (test)"
    with pytest.raises(ConfigError, match=rf"two splits\. Received: {re.escape(names)}\. Remove"):
        settle(on_leak="error")


def test_a_copy_of_a_near_duplicate_leaks_too():
    # 0 and 1 are equal, both in train; 0 looks like 2, which is in test.
    splits = np.array(["train", "train", "test", "train"])
    examples = make_examples([0, 1, 0, 1], splits=splits)
    config = DataConfig(near_duplicates="drop")
    settle_leaks(examples, make_hashes([0, 0, 1, 2]), np.array([[0, 2]]), splits, config)
    assert splits.tolist() == ["", "", "test", "train"]


def test_equal_files_that_are_kept_may_still_look_like_one_in_a_later_split():
    splits = np.array(["train", "validation", "test", "train"])
    examples = make_examples([0, 1, 0, 1], splits=splits)
    config = DataConfig(on_leak="keep", near_duplicates="drop")
    settle_leaks(examples, make_hashes([0, 0, 1, 2]), np.array([[0, 2]]), splits, config)
    assert splits.tolist() == ["", "", "test", "train"]


def test_of_several_twins_the_one_in_the_last_split_is_named(caplog):
    splits = np.array(["train", "test", "validation"])
    examples = make_examples([0, 1, 0], splits=splits)
    near = np.array([[0, 1], [0, 2]])
    settle_leaks(examples, make_hashes(range(3)), near, splits, DataConfig())
    assert "00000.png (train) and 00001.png (test)" in caplog.text
    assert "00002.png (validation) and 00001.png (test)" in caplog.text


def test_what_looks_alike_through_others_leaks_too():
    splits = np.array(["train", "train", "test", "validation"])
    examples = make_examples([0, 1, 0, 1], splits=splits)
    near = np.array([[0, 1], [1, 2]])
    settle_leaks(examples, make_hashes(range(4)), near, splits, DataConfig(near_duplicates="drop"))
    assert splits.tolist() == ["", "", "test", "validation"]


def test_images_that_are_not_used_do_not_leak(caplog):
    splits = np.array(["", "test", "train", ""])
    examples = make_examples([0, 1, 0, 1], splits=["train", "test", "train", "test"])
    near = np.array([[0, 1], [2, 3]])
    hashes = make_hashes(range(4))
    hashes[[0, 3]] = ""
    settle_leaks(examples, hashes, near, splits, DataConfig(near_duplicates="drop"))
    assert splits.tolist() == ["", "test", "train", ""]
    assert caplog.records == []
