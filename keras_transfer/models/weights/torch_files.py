"""Files of weights that PyTorch wrote before its version 1.6, read without it: tensors only.

Such a file is a row of pickles, and a pickle can name any function to be called. Here it gets the
four names below and no other, so a file can build dictionaries of arrays and do nothing else.

References:
    How the file is laid out: `_legacy_save` and `_legacy_load` in torch/serialization.py
"""

import io
import math
import pickle
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_transfer.system.errors import ConfigError

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001  # what the first two pickles hold
MOST = 1 << 30  # bytes of a file that is held in memory


class _Storage(NamedTuple):
    """Numbers that stand behind the pickles, and how many."""

    key: str
    dtype: np.dtype
    size: int


class _Tensor(NamedTuple):
    """A view of a storage; sizes in numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


NAMES: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
    ("torch", "FloatStorage"): np.dtype("<f4"),
    ("torch", "LongStorage"): np.dtype("<i8"),
}


class _Unpickler(pickle.Unpickler):
    """Builds nothing but what `NAMES` has."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in NAMES:
            raise ValueError(f"it asks for {module}.{name}")
        return NAMES[module, name]

    def persistent_load(self, about: Any) -> _Storage:
        kind, dtype, key, _, count, view = about
        if kind != "storage" or view is not None or not isinstance(dtype, np.dtype):
            raise ValueError("it refers to something that is no storage")
        return _Storage(str(key), dtype, int(count))


def read_tensors(file: Path) -> dict[str, np.ndarray]:
    """Return the tensors of a file by name, in its order.

    Args:
        file: A dictionary of float32 and int64 tensors.

    Raises:
        ConfigError: It is not such a file, or it is damaged.
    """
    try:
        if file.stat().st_size > MOST:
            raise ValueError(f"it has more than {MOST} bytes")
        return _read(io.BytesIO(file.read_bytes()))
    except Exception as error:  # pickles raise anything
        raise ConfigError(
            "A file of PyTorch must hold tensors by name and nothing else, as versions before 1.6 "
            f"wrote them. Received: {file}, {str(error) or type(error).__name__}."
        ) from error


def _read(stream: io.BytesIO) -> dict[str, np.ndarray]:
    magic, version, system = (_Unpickler(stream).load() for _ in range(3))
    if (magic, version, system.get("little_endian")) != (MAGIC, VERSION, True):
        raise ValueError("it begins otherwise")
    tensors, keys = _Unpickler(stream).load(), _Unpickler(stream).load()
    if not all(isinstance(tensor, _Tensor) for tensor in tensors.values()):
        raise ValueError("it holds something that is no tensor")
    numbers = _read_storages(stream, keys, [tensor.storage for tensor in tensors.values()])
    return {str(name): _cut(each, numbers[each.storage.key]) for name, each in tensors.items()}


def _read_storages(
    stream: io.BytesIO, keys: Sequence[str], storages: Sequence[_Storage]
) -> dict[str, np.ndarray]:
    """Read what follows the pickles: of each key how many numbers there are, and the numbers."""
    wanted = {storage.key: storage for storage in storages}
    found = {}
    for key in keys:
        storage = wanted[key]
        count = int.from_bytes(stream.read(8), "little", signed=True)
        length = storage.size * storage.dtype.itemsize
        content = stream.read(length) if count == storage.size >= 0 else b""
        if count != storage.size or len(content) != length:
            raise ValueError(f"its storage {key} does not have {storage.size} numbers")
        found[key] = np.frombuffer(content, storage.dtype)
    return found


def _cut(tensor: _Tensor, numbers: np.ndarray) -> np.ndarray:
    """Return a tensor as an array of its shape; the file says in which order its numbers stand."""
    _, offset, shape, strides = tensor
    steps = list(zip(shape, strides, strict=True))
    last = offset + sum((size - 1) * stride for size, stride in steps)
    inside = all(size > 0 and stride >= 0 for size, stride in steps) and offset >= 0
    if not inside or last >= len(numbers) or math.prod(shape) > len(numbers):
        raise ValueError(f"a tensor of {shape} does not fit its storage of {len(numbers)} numbers")
    jumps = tuple(stride * numbers.itemsize for stride in strides)
    return np.lib.stride_tricks.as_strided(numbers[offset:], shape, jumps, writeable=False)
