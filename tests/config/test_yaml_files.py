"""Files of settings that unfold without measure, never end, or say a thing twice."""

import pytest

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import read_yaml
from keras_transfer.system.errors import ConfigError

BILLION = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (BILLION, "line 4: it holds more than 2,000 values"),
        ("a: &a [*a]", r"line 1: \*a stands within &a"),
        ("a: " + "[" * 5000, "line 1: it is nested more than 20 deep"),
        ("- " * 5000, "line 1: it is nested more than 20 deep"),
        ("\n".join(f"k{number}: 1" for number in range(2000)), "more than 2,000 values"),
        ("#" * 100_001, "larger than 100,000 bytes"),
        ("seed: \0", "#x0000"),
        ("seed: " + "9" * 9999, "4300 digits"),
        ("seed: 1\ndata:\n  resize: pad\nseed: 2", r"line 4: 'seed' stands in line 1 already"),
        ("data: {resize: pad,\n  resize: crop}", "line 2: 'resize' stands in line 1 already"),
    ],
)
def test_what_unfolds_or_is_said_twice_is_refused_in_one_line(write_yaml, content, fault):
    with pytest.raises(ConfigError, match=fault) as error:
        read_yaml(write_yaml(content))
    assert len(str(error.value).splitlines()) == 1
    assert len(str(error.value)) < 500


def test_a_device_that_never_ends_is_refused():
    with pytest.raises(ConfigError, match="larger than"):
        read_yaml("/dev/zero")


def test_aliases_that_save_writing_are_read(write_yaml):
    content = "finetune: {rates: &r {head: 1.0}}\nregularize: *r\n"
    assert read_yaml(write_yaml(content))["regularize"] == {"head": 1.0}


@pytest.mark.parametrize("setting", ["dataset", "name", "weights", "output"])
def test_text_with_a_zero_byte_is_no_setting(setting):
    with pytest.raises(ConfigError, match=f"`{setting}` must be text without zero bytes"):
        TrainConfig(**{setting: "a\0b"})
