import json
import os
import shutil
import socket
import subprocess
import sys
import time

import psutil
import pytest
from cache_entries import (
    LAYOUT,
    assert_equal,
    claim_as,
    draw_arrays,
    fill,
    list_names,
    use_at,
    write_entry,
)

from keras_transfer.system.errors import ConfigError
from keras_transfer.training.cache.cache_store import FileStore, open_store
from keras_transfer.training.cache.reuse_folder import (
    claim_scratch,
    empty_reuse,
    make_room,
    reuse_folder,
    sweep_scratch,
)


def make_run(output, name="run", *, finished=False):
    (output / name / "scratch").mkdir(parents=True)
    (output / name / "config.yaml").touch()
    (output / name / "scratch/train.npy").write_bytes(bytes(1000))
    if finished:
        (output / name / "metrics.json").touch()
    return output / name / "scratch"


def test_scratch_of_a_dead_process_is_removed(tmp_path, dead_pid):
    scratch = make_run(tmp_path)
    claim_as(scratch, pid=dead_pid)
    size = (scratch / "owner.json").stat().st_size
    assert sweep_scratch(tmp_path) == 1000 + size
    assert list_names(scratch.parent) == ["config.yaml"]


def test_scratch_of_a_process_that_nobody_waited_for_is_removed(tmp_path):
    scratch = make_run(tmp_path)
    process = subprocess.Popen([sys.executable, "-c", ""])
    until = time.monotonic() + 60
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.01)
    claim_as(scratch, pid=process.pid, started=psutil.Process(process.pid).create_time())
    assert sweep_scratch(tmp_path) > 1000
    process.wait()


def test_scratch_of_a_reused_process_number_is_removed(tmp_path):
    scratch = make_run(tmp_path)
    claim_as(scratch, started=psutil.Process().create_time() - 86_400)
    assert sweep_scratch(tmp_path) > 1000
    assert not scratch.exists()


def test_scratch_of_a_finished_run_is_removed_whoever_owns_it(tmp_path):
    claim_scratch(make_run(tmp_path, "mine", finished=True))
    claim_as(make_run(tmp_path, "theirs", finished=True), host="other")
    assert sweep_scratch(tmp_path) > 2000
    assert [list_names(run) for run in tmp_path.iterdir()] == [["config.yaml", "metrics.json"]] * 2


def test_scratch_that_no_run_of_ours_claimed_stays(tmp_path):
    """Other programs have folders with config.yaml, metrics.json and scratch/, too."""
    theirs = make_run(tmp_path, "bare", finished=True)
    owned = make_run(tmp_path, "owned", finished=True)
    (owned / "owner.json").write_text('{"owner": "somebody"}')
    assert sweep_scratch(tmp_path) == 0
    assert theirs.is_dir()
    assert owned.is_dir()


@pytest.mark.parametrize(
    "owner",
    [
        *("alive", "clock was corrected", "other host", "other container", "nobody", "garbage"),
        *("list", "other program", "deep"),
    ],
)
def test_scratch_that_may_be_in_use_stays(owner, tmp_path, dead_pid, monkeypatch):
    scratch = make_run(tmp_path)
    if owner == "alive":
        claim_scratch(scratch)
    if owner == "clock was corrected":
        claim_as(scratch, started=psutil.Process().create_time() + 30)
    if owner == "other host":
        claim_as(scratch, pid=dead_pid)
        monkeypatch.setattr(socket, "gethostname", lambda: "other")
    if owner == "other container":
        claim_as(scratch, pid=dead_pid)
        monkeypatch.setattr(os, "readlink", lambda _: "pid:[1]")
    if owner == "garbage":
        (scratch / "owner.json").write_text('{"pid": -7')
    if owner == "other program":
        claim_as(scratch, pid=dead_pid, program="another")
    if owner == "deep":
        (scratch / "owner.json").write_text("[" * 100_000)
    if owner == "list":
        (scratch / "owner.json").write_text("[]")
    before = list_names(scratch)
    assert sweep_scratch(tmp_path) == 0
    assert list_names(scratch) == before


def test_only_scratch_folders_of_runs_are_swept(tmp_path, dead_pid, caplog):
    (tmp_path / "notes.txt").touch()
    deeper = make_run(tmp_path / "group", finished=True)
    linked = make_run(tmp_path / "elsewhere")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/scratch").symlink_to(linked)
    claim_as(linked, pid=dead_pid)
    no_run = tmp_path / "no run/scratch"
    no_run.mkdir(parents=True)
    (no_run.parent / "metrics.json").touch()
    assert sweep_scratch(tmp_path) == 0
    assert deeper.is_dir()
    assert list_names(linked) == ["owner.json", "train.npy"]
    assert no_run.is_dir()
    assert sweep_scratch(tmp_path / "absent") == 0
    assert caplog.text == ""


def test_claiming_makes_the_folder_and_says_who(tmp_path):
    claim_scratch(tmp_path / "run/scratch")
    assert list_names(tmp_path / "run/scratch") == ["owner.json"]
    owner = json.loads((tmp_path / "run/scratch/owner.json").read_text())
    assert owner["pid"] == os.getpid()
    assert owner["host"].startswith(socket.gethostname())
    assert owner["started"] == psutil.Process().create_time()
    claim_scratch(tmp_path / "run/scratch")


def test_the_reuse_folder_is_in_the_cache_and_not_made(cache):
    assert reuse_folder() == cache
    assert not cache.parent.exists()


@pytest.fixture
def entries(cache):
    """Three entries of equal size; the middle one was used last."""
    for name, seconds in (("a", 1000), ("b", 3000), ("c", 2000)):
        write_entry(cache / name)
        use_at(cache / name, seconds)
    return cache


def entry_size(folder):
    return sum(file.stat().st_size for file in folder.iterdir())


def test_room_is_made_by_removing_what_was_used_longest_ago(entries):
    size = entry_size(entries / "a")
    assert make_room(entries, size, 4 * size)
    assert list_names(entries) == ["a", "b", "c"]
    assert make_room(entries, size, 4 * size - 1)
    assert list_names(entries) == ["b", "c"]
    assert make_room(entries, size, size)
    assert list_names(entries) == []


def test_the_entry_used_last_stays_longest(entries):
    size = entry_size(entries / "a")
    assert make_room(entries, size, 2 * size)
    assert list_names(entries) == ["b"]


def test_opening_counts_as_a_use_only_when_asked(entries):
    size = entry_size(entries / "a")
    assert open_store(entries / "c", "key") is not None
    assert (entries / "c/manifest.json").stat().st_mtime == 2000
    assert open_store(entries / "a", "wrong key", touch=True) is None
    assert (entries / "a/manifest.json").stat().st_mtime == 1000
    assert open_store(entries / "a", "key", touch=True) is not None
    assert make_room(entries, size, 2 * size)
    assert list_names(entries) == ["a"]


def test_a_damaged_entry_goes_first(entries):
    size = entry_size(entries / "a")
    (entries / "b/manifest.json").unlink()
    assert make_room(entries, size, 3 * size)
    assert list_names(entries) == ["a", "c"]


def test_what_never_fits_removes_nothing(entries):
    size = entry_size(entries / "a")
    assert not make_room(entries, 3 * size + 1, 3 * size)
    assert list_names(entries) == ["a", "b", "c"]


def test_what_another_process_writes_counts_and_stays(entries):
    size = entry_size(entries / "a")
    store = fill(FileStore(entries / "d", LAYOUT, "key"), draw_arrays())
    assert not make_room(entries, size, size + 500)
    assert len(list_names(entries)) == 4
    assert make_room(entries, size, 3 * size)
    assert_equal(store.finish(), draw_arrays())
    assert list_names(entries) == ["b", "d"]


def test_room_needs_no_folder(cache):
    assert make_room(cache, 1, 1)
    assert not make_room(cache, 2, 1)
    assert not cache.exists()


def test_making_room_removes_left_overs_only_of_dead_processes(cache, dead_pid):
    claim_as(cache / f".{dead_pid}-1-dead", pid=dead_pid)
    claim_as(cache / ".7-1-away", host="other")
    claim_scratch(cache / f".{os.getpid()}-1-alive")
    (cache / ".7-1-bare").mkdir()  # nothing says that it is ours
    claim_as(cache / ".7-1-foreign", pid=dead_pid, program="another")
    assert make_room(cache, 10, 10_000)
    alive = f".{os.getpid()}-1-alive"
    assert list_names(cache) == sorted([".7-1-away", ".7-1-bare", ".7-1-foreign", alive])


def test_an_entry_outlives_the_process_that_wrote_it(entries, dead_pid):
    claim_as(entries / "a", pid=dead_pid)
    write_entry(entries / "d")
    assert make_room(entries, 10, 10_000_000)
    assert list_names(entries) == ["a", "b", "c", "d"]


def test_nobody_opens_an_entry_that_is_being_removed(entries, monkeypatch):
    opened = []
    monkeypatch.setattr(
        shutil, "rmtree", lambda folder, **_: opened.append(open_store(folder, "key"))
    )
    make_room(entries, 10, 10)
    assert opened == [None] * 3


def test_entries_that_cannot_be_removed_leave_no_room(entries, monkeypatch, caplog):
    size = entry_size(entries / "a")
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    assert not make_room(entries, size, size)
    assert "Not all of" in caplog.text


def test_an_entry_that_is_removed_while_it_is_read_stays_readable(cache):
    arrays = write_entry(cache / "a")
    opened = open_store(cache / "a", "key")
    assert make_room(cache, 10, 10)
    assert list_names(cache) == []
    assert_equal(arrays, draw_arrays())
    assert_equal(opened, draw_arrays())


def test_emptying_removes_entries_and_says_how_much(entries, dead_pid):
    claim_as(entries / f".{dead_pid}-1-dead", pid=dead_pid)
    size = sum(entry_size(path) for path in entries.iterdir())
    assert empty_reuse() == (4, size)
    assert list_names(entries) == []
    assert empty_reuse() == (0, 0)


def test_emptying_spares_what_is_not_an_entry(entries, tmp_path):
    outside = tmp_path / "outside"
    write_entry(outside)
    (entries / "link").symlink_to(outside)
    (entries / "notes.txt").touch()
    (entries / "photos").mkdir()
    (entries / "photos/1.png").touch()
    (entries / "mydata").mkdir()
    (entries / "mydata/x.npy").touch()
    write_entry(entries.parent / "digits")
    store = fill(FileStore(entries / "d", LAYOUT, "key"), draw_arrays())
    assert empty_reuse()[0] == 3
    assert_equal(store.finish(), draw_arrays())
    assert list_names(entries) == ["d", "link", "mydata", "notes.txt", "photos"]
    assert_equal(open_store(outside, "key"), draw_arrays())
    assert_equal(open_store(entries.parent / "digits", "key"), draw_arrays())


def test_a_cache_that_cannot_be_emptied_is_an_error(entries, monkeypatch, caplog):
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(ConfigError, match=r"3 of 3 entries cannot be removed"):
        empty_reuse()
    assert "Not all of" in caplog.text


def test_what_a_file_manager_leaves_does_not_hide_an_entry(cache):
    write_entry(cache / "key")
    (cache / "key/.DS_Store").write_bytes(b"1")
    assert empty_reuse()[0] == 1
    assert not (cache / "key").exists()
