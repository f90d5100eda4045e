"""What the tests of zeroshot share."""

import csv

import pytest

from keras_transfer import zeroshot
from keras_transfer.system.errors import ConfigError


def refusal(*words):
    with pytest.raises(ConfigError) as error:
        zeroshot.main([*map(str, words)])
    assert "\n" not in str(error.value)
    return str(error.value)


def read_rows(file):
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
