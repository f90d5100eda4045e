import os
import subprocess
import sys

import numpy as np
import pytest
from cache_entries import (
    LAYOUT,
    SIZE,
    assert_equal,
    draw_arrays,
    fill,
    list_names,
    write_entry,
)

from keras_transfer.config.messages import say_bytes
from keras_transfer.system.signals import Stopped
from keras_transfer.training.cache import cache_store
from keras_transfer.training.cache.cache_store import FileStore, open_store
from keras_transfer.training.cache.memory_store import MemoryStore, count_bytes


def test_bytes_are_those_of_the_arrays():
    assert count_bytes(LAYOUT) == SIZE
    assert count_bytes({"empty": ((0, 7), "float32")}) == 0


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (4_230_000_000, "4.2 GB"),
        (412_300_000, "412 MB"),
        (25 * 10**12, "25 TB"),
    ],
)
def test_bytes_are_said_as_a_person_would(count, words):
    assert say_bytes(count) == words


def test_memory_gives_back_what_it_was_given():
    arrays = draw_arrays()
    found = fill(MemoryStore(LAYOUT), arrays).finish()
    assert_equal(found, arrays)
    with pytest.raises(ValueError, match="read-only"):
        found["train"][0] = 0


def test_files_give_back_what_they_were_given(folder):
    arrays = draw_arrays()
    found = fill(FileStore(folder, LAYOUT, "key"), arrays).finish()
    assert_equal(found, arrays)
    assert_equal(open_store(folder, "key"), arrays)
    for array in found.values():
        assert isinstance(array, np.memmap)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert_equal({name: np.load(folder / f"{name}.npy") for name in arrays}, arrays)
    assert list_names(folder.parent) == ["activations"]


def test_an_array_without_rows_can_be_kept(folder):
    layout = {"train": ((3, 2), "float32"), "validation": ((0, 2), "float32")}
    arrays = draw_arrays(layout)
    assert_equal(write_entry(folder, layout=layout), arrays)
    assert_equal(open_store(folder, "key"), arrays)


def test_rows_that_are_no_block_of_memory_are_written_in_order(folder):
    array = np.arange(24, dtype="float32").reshape(4, 6).T
    store = FileStore(folder, {"a": ((6, 4), "float32")}, "key")
    store.append("a", array)
    assert_equal(store.finish(), {"a": np.ascontiguousarray(array)})


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_a_missing_row_is_an_error(place, folder):
    store = MemoryStore(LAYOUT) if place == "memory" else FileStore(folder, LAYOUT, "key")
    arrays = draw_arrays()
    fill(store, {"train": arrays["train"], "validation": arrays["validation"][:-1]})
    with pytest.raises(ValueError, match=r"`validation` must get 5 rows\. Received: 4"):
        store.finish()
    assert place == "memory" or list_names(folder.parent) == []


@pytest.mark.parametrize("place", ["memory", "disk"])
@pytest.mark.parametrize("wrong", ["too many", "shape", "dtype"])
def test_rows_that_do_not_fit_are_an_error(place, wrong, folder):
    store = MemoryStore(LAYOUT) if place == "memory" else FileStore(folder, LAYOUT, "key")
    rows = draw_arrays()["validation"]
    store.append("validation", rows[:4])
    bad = {"too many": rows[:2], "shape": rows[:1, :2], "dtype": rows[:1].astype("float16")}
    with pytest.raises(ValueError, match="`validation` must get 5 rows"):
        store.append("validation", bad[wrong])
    assert place == "memory" or list_names(folder.parent) == []


def test_nothing_stays_of_what_nobody_can_go_on_with(folder, monkeypatch):
    store = fill(FileStore(folder, LAYOUT, "key"), draw_arrays())
    store.leave()
    assert list_names(folder.parent) == []
    monkeypatch.setattr(cache_store, "reserve_room", interrupt)
    with pytest.raises(Stopped):
        FileStore(folder, LAYOUT, "key")
    assert list_names(folder.parent) == []


def interrupt(*_):
    raise Stopped(143)


def test_nothing_is_seen_before_it_is_whole(folder, monkeypatch):
    store = fill(FileStore(folder, LAYOUT, "key"), draw_arrays())
    assert open_store(folder, "key") is None
    assert not folder.exists()
    written = []
    rename = os.rename

    def watch(source, target):
        written.extend(list_names(source))
        rename(source, target)

    monkeypatch.setattr(os, "rename", watch)
    store.finish()
    assert written == ["manifest.json", "owner.json", "train.npy", "validation.npy"]


def test_all_is_on_the_disk_before_it_is_seen(folder, monkeypatch):
    saved = {}

    def save(descriptor):
        status = os.fstat(descriptor)
        saved[status.st_ino] = [
            file.read_bytes()
            for file in folder.parent.glob("*/*")
            if file.stat().st_ino == status.st_ino
        ]

    monkeypatch.setattr(os, "fsync", save)
    write_entry(folder)
    for file in folder.iterdir():
        assert saved[file.stat().st_ino] == [file.read_bytes()]


def test_discarding_removes_everything(folder):
    store = fill(FileStore(folder, LAYOUT, "key"), draw_arrays())
    assert list_names(folder.parent) != []
    store.discard()
    assert list_names(folder.parent) == []
    store.discard()


def test_discarding_after_the_end_removes_nothing(folder):
    store = fill(FileStore(folder, LAYOUT, "key"), draw_arrays())
    store.finish()
    store.discard()
    assert_equal(open_store(folder, "key"), draw_arrays())


@pytest.mark.parametrize("moment", ["make", "append", "finish"])
def test_an_interruption_leaves_nothing(moment, folder, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    if moment == "make":
        monkeypatch.setattr(os, "posix_fallocate", interrupt)
        with pytest.raises(KeyboardInterrupt):
            FileStore(folder, LAYOUT, "key")
    else:
        store = FileStore(folder, LAYOUT, "key")
        if moment == "append":
            monkeypatch.setattr(cache_store, "count_rows", interrupt)
        monkeypatch.setattr(os, "rename", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fill(store, draw_arrays()).finish()
    assert list_names(folder.parent) == []


def test_importing_the_store_loads_no_tensorflow():
    script = (
        "import sys, keras_transfer.training.cache.cache_store, keras_transfer.clean\n"
        "print({'keras', 'tensorflow', 'sklearn', 'matplotlib'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
