import pytest

from keras_transfer.data.sources.encoded_images.given_splits import (
    choose_splits,
    find_shard_splits,
)
from keras_transfer.system.errors import ConfigError


def test_splits_that_a_set_names_are_used_in_our_words(caplog):
    caplog.set_level("INFO")
    assert choose_splits("x", ["train", "valid", "extra"]) == {
        "train": "train",
        "valid": "validation",
    }
    assert "Splits of x that are not used: extra." in caplog.text
    assert choose_splits("x", ["test"]) == {"test": ""}
    with pytest.raises(ConfigError, match=r"must hold a train split. Received: x with test, extra"):
        choose_splits("x", ["test", "extra"])


def test_names_of_shards_and_folders_say_the_split(caplog):
    caplog.set_level("INFO")
    shards = ["train-00000-of-00002.parquet", "data/valid/0.tar", "eval-0.tar", "my_test.0.tar"]
    words = ["train", "validation", "validation", "test"]
    assert find_shard_splits("x", shards) == dict(zip(shards, words, strict=True))
    assert find_shard_splits("x", ["train.tar", "eval.tar"])["eval.tar"] == "test"
    assert find_shard_splits("x", ["0.tar", "photos-1.tar"]) == {"0.tar": "", "photos-1.tar": ""}
    assert find_shard_splits("x", ["train.tar", "more.tar"]) == {"train.tar": "train"}
    assert "not used: more.tar" in caplog.text
