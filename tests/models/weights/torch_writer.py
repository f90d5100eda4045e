"""Files of weights as PyTorch wrote them before its version 1.6, made without it."""

import io
import pickle
import sys
from collections import OrderedDict
from types import ModuleType
from unittest import mock

import numpy as np

MAGIC = 119547037146038801333356  # of torch/serialization.py


class FloatStorage:
    def __init__(self, key, numbers):
        self.key, self.numbers = key, numbers


class LongStorage(FloatStorage):
    pass


def _rebuild_tensor_v2():
    pass


class Tensor:
    """What PyTorch says of a tensor; `about` has storage, offset, shape and strides."""

    def __init__(self, *about):
        self.about = about

    def __reduce__(self):
        return _rebuild_tensor_v2, (*self.about, False, OrderedDict())


class _Pickler(pickle.Pickler):
    def persistent_id(self, what):
        if isinstance(what, FloatStorage):
            return "storage", type(what), what.key, "cpu", len(what.numbers), None
        return None


TORCH, UTILS = ModuleType("torch"), ModuleType("torch._utils")
for module, parts in (TORCH, (FloatStorage, LongStorage)), (UTILS, (_rebuild_tensor_v2,)):
    for part in parts:
        part.__module__ = module.__name__
        setattr(module, part.__name__, part)


def store(array, key):
    """Return a tensor of an array whose axes stand the other way round in its storage."""
    numbers = np.array(array.T, order="C")
    kind = LongStorage if array.dtype == np.int64 else FloatStorage
    strides = tuple(stride // array.itemsize for stride in numbers.T.strides)
    return Tensor(kind(key, numbers.ravel()), 0, array.shape, strides)


def write_torch(file, content, magic=MAGIC):
    """Write a dictionary of arrays and of whatever else."""
    content = OrderedDict(
        (name, store(each, str(place)) if isinstance(each, np.ndarray) else each)
        for place, (name, each) in enumerate(content.items())
    )
    storages = [each.about[0] for each in content.values() if isinstance(each, Tensor)]
    stream = io.BytesIO()
    with mock.patch.dict(sys.modules, {"torch": TORCH, "torch._utils": UTILS}):
        for part in (magic, 1001, {"little_endian": True}, content, [s.key for s in storages]):
            _Pickler(stream, protocol=2).dump(part)
    for storage in storages:
        stream.write(len(storage.numbers).to_bytes(8, "little") + storage.numbers.tobytes())
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(stream.getvalue())
    return file
