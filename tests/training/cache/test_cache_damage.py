import errno
import json
import os
import shutil
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from cache_entries import (
    LAYOUT,
    SIZE,
    assert_equal,
    claim_as,
    draw_arrays,
    fail_with,
    fill,
    list_names,
    write_entry,
)
from full_disk import full_after

from keras_transfer.system.errors import ConfigError
from keras_transfer.training.cache import cache_store
from keras_transfer.training.cache.cache_store import FileStore, open_store
from keras_transfer.training.cache.reuse_folder import claim_scratch


def cut_short(folder):
    os.truncate(folder / "train.npy", (folder / "train.npy").stat().st_size - 1)


def flip_bit(folder, name="train.npy", place=-1):
    content = bytearray((folder / name).read_bytes())
    content[place] ^= 1
    (folder / name).write_bytes(content)


def change_manifest(folder, **changes):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["arrays"]["train"] |= changes
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "damage",
    [
        cut_short,
        flip_bit,
        lambda folder: flip_bit(folder, "validation.npy", 129),
        lambda folder: flip_bit(folder, "train.npy", 30),  # of the header
        lambda folder: (folder / "train.npy").write_bytes(b""),
        lambda folder: (folder / "train.npy").unlink(),
        lambda folder: change_manifest(folder, shape=[5, 4, 3, 3, 4]),
        lambda folder: change_manifest(folder, dtype="int16"),
        lambda folder: (folder / "manifest.json").write_text('{"format": 1, "key": "key"'),
        lambda folder: (folder / "manifest.json").write_text("[]"),
        lambda folder: (folder / "manifest.json").write_bytes(b"\xff\xfe"),
    ],
)
def test_a_damaged_entry_is_not_opened_and_named(damage, folder, caplog):
    write_entry(folder)
    assert open_store(folder, "key") is not None
    damage(folder)
    assert open_store(folder, "key") is None
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert str(folder) in caplog.text


@pytest.mark.parametrize("reason", ["absent", "no manifest", "key", "format"])
def test_an_entry_of_something_else_is_not_opened(reason, folder, caplog, monkeypatch):
    caplog.set_level("DEBUG", logger="keras_transfer")
    if reason != "absent":
        write_entry(folder)
    if reason == "no manifest":
        (folder / "manifest.json").unlink()
    if reason == "format":
        monkeypatch.setattr(cache_store, "FORMAT", 2)
    caplog.clear()
    assert open_store(folder, "other" if reason == "key" else "key") is None
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


def test_a_damaged_entry_is_replaced(folder, caplog):
    write_entry(folder, seed=1)
    flip_bit(folder)
    assert_equal(write_entry(folder, seed=2), draw_arrays(seed=2))
    assert_equal(open_store(folder, "key"), draw_arrays(seed=2))
    assert list_names(folder.parent) == ["activations"]


@pytest.mark.parametrize("change", ["key", "layout"])
def test_an_entry_of_something_else_is_replaced(change, folder):
    key = "old" if change == "key" else "key"
    layout = {"train": LAYOUT["train"]} if change == "layout" else LAYOUT
    write_entry(folder, key, 1, layout)
    assert_equal(write_entry(folder, seed=2), draw_arrays(seed=2))


def test_of_two_writers_the_first_to_end_is_kept(folder):
    first, second = (FileStore(folder, LAYOUT, "key") for _ in range(2))
    fill(first, draw_arrays(seed=1))
    fill(second, draw_arrays(seed=2))
    assert_equal(second.finish(), draw_arrays(seed=2))
    assert_equal(first.finish(), draw_arrays(seed=2))
    assert list_names(folder.parent) == ["activations"]


def test_an_entry_that_appears_at_the_last_moment_is_kept(folder, monkeypatch):
    store = fill(FileStore(folder, LAYOUT, "key"), draw_arrays(seed=1))
    rename = os.rename

    def come_late(source, target):
        monkeypatch.setattr(os, "rename", rename)
        write_entry(folder, seed=2)
        rename(source, target)

    monkeypatch.setattr(os, "rename", come_late)
    assert_equal(store.finish(), draw_arrays(seed=2))
    assert list_names(folder.parent) == ["activations"]


def test_many_writers_at_once_leave_one_whole_entry(folder):
    """Threads stand for processes: stores share nothing but the disk."""
    found, start = [], threading.Barrier(4, timeout=30)

    def write(seed):
        store = fill(FileStore(folder, LAYOUT, "key"), draw_arrays(seed=7))
        start.wait()
        found.append(store.finish())

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(found) == 4
    for arrays in [*found, open_store(folder, "key")]:
        assert_equal(arrays, draw_arrays(seed=7))
    assert list_names(folder.parent) == ["activations"]


@pytest.mark.parametrize("theirs", ["thesis.txt", "x.npy", "manifest.json"])
def test_a_folder_that_is_not_ours_makes_room_and_is_kept(folder, caplog, theirs):
    folder.mkdir(parents=True)
    (folder / theirs).write_text("{}")
    assert_equal(write_entry(folder), draw_arrays())
    (kept,) = folder.parent.glob("activations.former-*")
    assert list_names(kept) == [theirs]
    assert str(kept) in caplog.text


def test_a_link_is_replaced_and_what_it_leads_to_is_kept(folder, tmp_path):
    folder.parent.mkdir(parents=True)
    write_entry(tmp_path / "elsewhere", "other key")
    folder.symlink_to(tmp_path / "elsewhere")
    write_entry(folder)
    assert not folder.is_symlink()
    assert open_store(tmp_path / "elsewhere", "other key") is not None


@pytest.mark.parametrize("name", ["/elsewhere/train", "../train", "a/b", ""])
def test_names_that_lead_out_of_the_folder_are_not_written_or_read(folder, tmp_path, name):
    with pytest.raises(ValueError, match="must be named by letters"):
        FileStore(folder, {name: ((2, 3), "float32")}, "key")
    assert list_names(folder.parent) == []
    write_entry(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["arrays"][name] = manifest["arrays"].pop("train")
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert open_store(folder, "key") is None


def test_what_a_killed_writer_left_is_removed(folder, dead_pid):
    claim_as(folder.with_name(f".{dead_pid}-1234-activations"), pid=dead_pid)
    for name in ("train.npy", f".{dead_pid}-0123abcd-filled.json"):
        (folder.parent / f".{dead_pid}-1234-activations" / name).write_bytes(b"half")
    live = folder.with_name(f".{os.getpid()}-1234-activations")
    claim_scratch(live)
    write_entry(folder)
    assert list_names(folder.parent) == [live.name, "activations"]


def test_too_little_room_is_said_before_anything_is_written(folder, monkeypatch):
    usage = SimpleNamespace(free=SIZE - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(os, "posix_fallocate", lambda *_: pytest.fail("would fill the disk"))
    with pytest.raises(ConfigError) as error:
        FileStore(folder, LAYOUT, "key")
    assert str(error.value) == (
        f"The activation cache must be able to write 2.2 kB. Received: {folder.parent}, where "
        "2.2 kB are free (No space left on device). Free space there, lower --cache.views, or do "
        "without a file: --cache.disk_gb 0."
    )
    assert list_names(folder.parent) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("call", ["posix_fallocate", "fsync", "rename", "replace"])
def test_a_disk_that_refuses_is_one_clear_error(call, number, folder, monkeypatch):
    monkeypatch.setattr(os, call, fail_with(number))
    with pytest.raises(ConfigError, match=os.strerror(number)) as error:
        write_entry(folder)
    assert "2.2 kB" in str(error.value)
    assert "--cache.disk_gb 0" in str(error.value)
    assert "\n" not in str(error.value)
    assert list_names(folder.parent) == []


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_that_cannot_reserve_is_written_to(number, folder, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", fail_with(number))
    assert_equal(write_entry(folder), draw_arrays())
    monkeypatch.delattr(os, "posix_fallocate")
    assert_equal(write_entry(folder.with_name("other")), draw_arrays())


@pytest.mark.parametrize("reserving", [True, False])
def test_a_file_that_cannot_grow_leaves_nothing(reserving, folder, monkeypatch):
    """The system itself refuses: when the space is reserved, or in the middle of a write."""
    layout = {"train": ((64, 4096), "float32")}
    blocks = []

    def write():
        store = FileStore(folder, layout, "key")
        for _ in range(64):
            blocks.append(store.append("train", np.ones((1, 4096), "float32")))

    if not reserving:
        monkeypatch.delattr(os, "posix_fallocate")
    with full_after(500_000), pytest.raises(ConfigError, match=r"1 MB.*File too large"):
        write()
    assert bool(blocks) != reserving
    assert list_names(folder.parent) == []


def test_a_place_where_no_folder_can_be_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"Received: .*file/scratch, where"):
        FileStore(tmp_path / "file/scratch/activations", LAYOUT, "key")
    assert list_names(tmp_path) == ["file"]


def test_a_place_that_cannot_be_looked_at_is_named(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", fail_with(errno.EACCES))
    with pytest.raises(ConfigError, match=r"cannot even look \(Permission denied\)"):
        FileStore(folder, LAYOUT, "key")
    assert list_names(folder.parent) == []


def test_reserved_space_is_all_that_is_used(folder):
    store = FileStore(folder, LAYOUT, "key")
    [working] = folder.parent.iterdir()
    reserved = {file.name: file.stat().st_size for file in working.glob("*.npy")}
    assert sum(reserved.values()) > SIZE
    fill(store, draw_arrays()).finish()
    assert {file.name: file.stat().st_size for file in folder.glob("*.npy")} == reserved
