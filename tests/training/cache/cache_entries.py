"""Small entries of the activation cache, written and spoilt by its tests."""

import json
import os

import numpy as np

from keras_transfer.training.cache.cache_store import FileStore
from keras_transfer.training.cache.reuse_folder import claim_scratch

LAYOUT = {"train": ((10, 2, 3, 3, 4), "float16"), "validation": ((5, 3, 3, 4), "float32")}
SIZE = 10 * 2 * 3 * 3 * 4 * 2 + 5 * 3 * 3 * 4 * 4


def draw_arrays(layout=LAYOUT, seed=0):
    random = np.random.default_rng(seed)
    return {name: random.normal(0, 1, shape).astype(kind) for name, (shape, kind) in layout.items()}


def fill(store, arrays):
    """Append both arrays in turns, in blocks that do not divide their lengths."""
    for start in range(0, 12, 3):
        for name, array in arrays.items():
            if len(array) > start:
                store.append(name, array[start : start + 3])
    return store


def write_entry(folder, key="key", seed=0, layout=LAYOUT):
    return fill(FileStore(folder, layout, key), draw_arrays(layout, seed)).finish()


def assert_equal(found, expected):
    assert list(found) == list(expected)
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def list_names(folder):
    return sorted(path.name for path in folder.iterdir())


def use_at(folder, seconds):
    os.utime(folder / "manifest.json", (seconds, seconds))


def claim_as(folder, **changes):
    """Write owner.json as another process would have."""
    claim_scratch(folder)
    owner = json.loads((folder / "owner.json").read_text())
    (folder / "owner.json").write_text(json.dumps(owner | changes))


def fail_with(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail
