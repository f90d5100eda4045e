"""Files of PyTorch give arrays, and nothing that they ask for is done."""

import os

import numpy as np
import pytest
from torch_writer import FloatStorage, Tensor, write_torch

from keras_transfer.models.weights.torch_files import read_tensors
from keras_transfer.system.errors import ConfigError

NUMBERS = np.arange(12, dtype=np.float32)
ARRAYS = {
    "conv.weight": np.arange(2 * 3 * 5 * 4, dtype=np.float32).reshape(2, 3, 5, 4),
    "bn.bias": np.float32([1.5, -2.0]),
    "bn.num_batches_tracked": np.array(7, np.int64),
}


def test_tensors_are_arrays_of_their_shape_in_the_order_of_the_file(tmp_path):
    found = read_tensors(write_torch(tmp_path / "a.pth", ARRAYS))
    assert list(found) == list(ARRAYS)
    for name, expected in ARRAYS.items():
        assert found[name].dtype == expected.dtype
        np.testing.assert_array_equal(found[name], expected)


def test_a_tensor_may_be_a_part_of_its_storage(tmp_path):
    part = Tensor(FloatStorage("0", NUMBERS), 2, (2, 3), (4, 1))
    found = read_tensors(write_torch(tmp_path / "a.pth", {"a": part}))
    np.testing.assert_array_equal(found["a"], [[2, 3, 4], [6, 7, 8]])


class Call:
    """What calls a function when it is unpickled."""

    def __init__(self, function, *words):
        self.function, self.words = function, words

    def __reduce__(self):
        return self.function, self.words


@pytest.mark.parametrize(
    ("function", "words"), [(os.mkdir, ["made"]), (eval, ["__import__('os').mkdir('made')"])]
)
def test_a_file_that_names_another_function_is_refused_and_nothing_is_called(
    tmp_path, monkeypatch, function, words
):
    monkeypatch.chdir(tmp_path)
    file = write_torch(tmp_path / "a.pth", {"a": ARRAYS["bn.bias"], "b": Call(function, *words)})
    with pytest.raises(ConfigError, match=rf"it asks for \w+\.{function.__name__}") as error:
        read_tensors(file)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (1, (12,), (1,)),
        (-1, (4,), (1,)),
        (0, (3, 4), (5, 1)),
        (0, (1 << 40, 4), (0, 1)),
        (11, (2,), (-1,)),
        (0, (-3, 4), (4, 1)),
    ],
)
def test_a_tensor_beyond_its_storage_is_refused(tmp_path, offset, shape, strides):
    beyond = Tensor(FloatStorage("0", NUMBERS), offset, shape, strides)
    file = write_torch(tmp_path / "a.pth", {"a": beyond})
    with pytest.raises(ConfigError, match="does not fit its storage of 12 numbers"):
        read_tensors(file)


def cut(content):
    return content[:-4]


def count_more(content):
    """Promise more numbers than there are, in the eight bytes before them."""
    place = content.rindex(NUMBERS.tobytes()) - 8
    return content[:place] + (1 << 60).to_bytes(8, "little") + content[place + 8 :]


@pytest.mark.parametrize("spoil", [cut, count_more])
def test_a_storage_of_another_length_is_refused(tmp_path, spoil):
    file = write_torch(tmp_path / "a.pth", {"a": NUMBERS})
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(ConfigError, match="its storage 0 does not have 12 numbers"):
        read_tensors(file)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"PK\x03\x04archive/data.pkl"])
def test_another_file_is_one_clear_line(tmp_path, content):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(ConfigError, match=r"must hold tensors by name.*Received: .*a\.pth,"):
        read_tensors(tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("content", "magic", "part"),
    [
        ({"a": NUMBERS}, {"magic": 5}, "it begins otherwise"),
        ({"a": NUMBERS, "b": [1]}, {}, "something that is no tensor"),
        ({"a": {"b": NUMBERS.tolist()}}, {}, "something that is no tensor"),
    ],
)
def test_what_is_no_tensor_is_refused(tmp_path, content, magic, part):
    file = write_torch(tmp_path / "a.pth", content, **magic)
    with pytest.raises(ConfigError, match=part):
        read_tensors(file)
