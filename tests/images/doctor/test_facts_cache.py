"""What is remembered of files, and what is not."""

import os
import sqlite3
import time

import numpy as np
import pytest
from labelled import load_examples
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.images.doctor import file_facts
from keras_transfer.images.doctor import inspection as doctor
from keras_transfer.images.doctor.facts_cache import NAME
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.system.files.user_folders import cache_roots


def inspect(root):
    return inspect_files(load_examples(str(root), DataConfig()))


def make_older(root):
    """Change the times of all files: those of the last two seconds are not trusted."""
    for file in root.glob("*/*"):
        os.utime(file, ns=(time.time_ns(), time.time_ns() - 10**10))


def count_inspected(root, monkeypatch):
    seen = []
    true = file_facts.inspect_file
    with monkeypatch.context() as patch:
        patch.setattr(doctor, "inspect_file", lambda file: seen.append(file) or true(file))
        inspection = inspect(root)
    return len(seen), inspection


def test_files_are_inspected_again_only_where_size_or_time_changed(make_tree, monkeypatch):
    root = make_tree("a/1.png", "a/2.jpg", "b/1.png")
    Image.new("CMYK", (300, 200)).save(root / "b/2.jpg")
    (root / "b/empty.jpg").touch()
    make_older(root)
    count, first = count_inspected(root, monkeypatch)
    assert count == 5
    count, again = count_inspected(root, monkeypatch)
    assert count == 0
    for name in ("sha256", "reasons", "plain", "odd", "sizes", "kinds", "spans", "looks"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        assert getattr(first, name).dtype == getattr(again, name).dtype
    (root / "a/1.png").write_bytes((root / "a/1.png").read_bytes() + b"x")
    make_older(root)
    os.utime(root / "b/1.png", ns=(0, 10**9))
    count, changed = count_inspected(root, monkeypatch)
    assert count == 5  # of all, the time is another now
    assert (changed.sha256 != first.sha256).tolist() == [True, False, False, False, False]


def test_a_file_that_may_still_be_written_is_inspected_again(make_tree, monkeypatch):
    root = make_tree("a/1.png", "b/1.png")
    count_inspected(root, monkeypatch)
    assert count_inspected(root, monkeypatch)[0] == 2


def test_an_interrupted_inspection_goes_on(make_tree, monkeypatch):
    root = make_tree(*(f"{name}/{k:02}.png" for name in "ab" for k in range(20)))
    make_older(root)
    monkeypatch.setattr(doctor, "BLOCK", 1)
    true = file_facts.inspect_file

    def stop(file):
        if file.endswith("b/10.png"):
            raise KeyboardInterrupt
        return true(file)

    with monkeypatch.context() as patch:
        patch.setattr(doctor, "inspect_file", stop)
        with pytest.raises(KeyboardInterrupt):
            inspect(root)
    count, inspection = count_inspected(root, monkeypatch)
    assert count == 10
    assert len(set(inspection.sha256)) == 40


def test_what_failed_for_lack_of_memory_is_tried_again(make_tree, monkeypatch):
    root = make_tree("a/1.png", "b/1.gif")
    make_older(root)

    def fail(image):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(file_facts, "show_image", fail)
        reasons = inspect(root).reasons.tolist()
    assert reasons == ["there is not enough memory to load it"] * 2
    assert inspect(root).usable.all()


def test_another_limit_of_pillow_is_another_inspection(make_tree, monkeypatch):
    root = make_tree("a/1.png", "b/1.png")
    make_older(root)
    assert inspect(root).usable.all()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    assert not inspect(root).usable.any()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert inspect(root).usable.all()


def test_times_and_names_that_no_database_takes_do_no_harm(make_tree, monkeypatch):
    root = make_tree("a/1.png", "b/1.png")
    make_older(root)
    os.utime(root / "a/1.png", (2**34, 2**34))  # the year 2514
    inspect(root)
    assert count_inspected(root, monkeypatch)[0] == 1  # the others are remembered
    strange = os.fsdecode(os.fsencode(root.parent) + b"/caf\xe9")
    root.rename(strange)
    assert inspect(strange).usable.all()


@pytest.mark.parametrize("damage", ["no database", "another table", "folder", "locked"])
def test_without_a_cache_everything_is_inspected(make_tree, monkeypatch, tmp_path, caplog, damage):
    root, cache = make_tree("a/1.png", "b/1.png"), tmp_path / "cache"
    make_older(root)
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(cache))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.setattr("keras_transfer.images.doctor.facts_cache.BUSY", 0.1)
    (tmp_path / "keras_transfer").touch()  # nor is there a second place
    cache.mkdir()
    file = cache / "inspected.sqlite"
    lock = None
    if damage == "no database":
        file.write_bytes(b"x" * 5000)
    elif damage == "folder":
        file.mkdir()
    else:
        lock = sqlite3.connect(file)
        lock.execute("CREATE TABLE files_2 (other)")
        lock.commit()
        if damage == "locked":
            lock.execute("BEGIN EXCLUSIVE")
    for _ in range(2):
        count, inspection = count_inspected(root, monkeypatch)
        assert count == 2
        assert inspection.usable.all()
    said = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert len(said) == (2 if damage == "locked" else 0)  # once an inspection
    assert all("not remembered this time" in line and str(file) in line for line in said)
    if lock:
        lock.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sha256", None),
        ("sha256", "x"),
        ("sha256", 7),
        ("reason", None),
        ("reason", b"\xff"),
        ("plain", "yes"),
        ("odd", None),
        ("width", None),
        ("width", "wide"),
        ("width", 2**40),
        ("height", -1),
        ("look", None),
        ("look", "alike"),
        ("look", 1.5),
    ],
)
def test_what_nobody_found_is_not_remembered(make_tree, monkeypatch, column, value):
    root = make_tree("a/1.png", "b/1.png")
    make_older(root)
    _, first = count_inspected(root, monkeypatch)
    with sqlite3.connect(cache_roots()[0] / NAME) as database:
        database.execute(f"UPDATE files_2 SET {column} = ? WHERE root = ?", (value, str(root)))
    database.close()
    count, again = count_inspected(root, monkeypatch)
    assert count == 2
    np.testing.assert_array_equal(first.sha256, again.sha256)
    np.testing.assert_array_equal(first.sizes, again.sizes)
