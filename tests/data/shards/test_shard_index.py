"""The index of a shard is made once, and again when the shard has changed."""

import os

import numpy as np
import pytest
from tar_writer import write_shard

from keras_transfer.data.shards import shard_index
from keras_transfer.data.shards.member_files import open_index, read_file
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def listed(monkeypatch):
    """The shards that were listed, in order."""
    names, list_images = [], shard_index.list_images
    monkeypatch.setattr(
        shard_index, "list_images", lambda shard: names.append(shard.name) or list_images(shard)
    )
    return names


@pytest.fixture
def shard(tmp_path):
    return write_shard(tmp_path / "a.tar", {"2.jpg": b"two", "2.cls": 7, "10.jpg": b"ten"})


def forget():
    """Do as a new process does."""
    shard_index._known.clear()


def test_images_are_ordered_by_name_with_place_and_label(shard):
    index = open_index(str(shard))
    assert index.names.tolist() == [b"10.jpg", b"2.jpg"]
    assert index.labels.tolist() == [b"", b"7"]
    content = shard.read_bytes()
    for name, wanted in (("2.jpg", b"two"), ("10.jpg", b"ten")):
        offset, size = index.find(name)
        assert content[offset : offset + size] == wanted
    for name in ("", "1", "10.jp", "10.jpg0", "3.jpg", "0", "\udce9"):
        assert index.find(name) is None


def test_another_process_does_not_list_it_again(shard, listed, cache):
    first = open_index(str(shard))
    assert open_index(str(shard)) is first
    forget()
    again = open_index(str(shard))
    assert listed == ["a.tar"]
    assert all((getattr(again, k) == v).all() for k, v in vars(first).items())
    assert len([*(cache / "shards").iterdir()]) == 1


@pytest.mark.parametrize("change", ["size", "time"])
def test_a_changed_shard_is_listed_again_in_its_place(shard, listed, cache, change):
    open_index(str(shard))
    content = b"twotwo" if change == "size" else b"owt"
    write_shard(shard, {"3.jpg": content}, age=50)
    assert read_file(shard / "3.jpg") == content
    forget()
    assert read_file(shard / "3.jpg") == content
    assert listed == ["a.tar", "a.tar"]
    assert len([*(cache / "shards").iterdir()]) == 1


def test_of_a_young_shard_nothing_is_kept(tmp_path, listed, cache):
    shard = write_shard(tmp_path / "a.tar", {"1.jpg": b"one"}, age=0)
    open_index(str(shard))
    forget()
    open_index(str(shard))
    assert listed == ["a.tar", "a.tar"]
    assert not cache.exists()


@pytest.mark.parametrize("content", [b"", b"nothing", "cut", "columns", "lengths"])
def test_a_damaged_index_is_made_anew(shard, listed, cache, content):
    open_index(str(shard))
    (file,) = (cache / "shards").iterdir()
    whole = file.read_bytes()
    with np.load(file) as columns:
        state = columns["state"]
    if content == "cut":
        content = whole[: len(whole) // 2]
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content == "columns":
        np.savez(file, state=state, names=np.array([b"x"]))
    else:
        one = np.zeros(1, np.int64)
        np.savez(
            file, state=state, names=np.array([b"x", b"y"]), offsets=one, sizes=one, labels=one
        )
    forget()
    assert read_file(shard / "2.jpg") == b"two"
    assert listed == ["a.tar", "a.tar"]


def test_without_a_cache_everything_works(shard, listed, cache):
    cache.write_text("a file where a folder belongs")
    assert read_file(shard / "2.jpg") == b"two"
    assert read_file(shard / "10.jpg") == b"ten"
    assert listed == ["a.tar"]


def test_a_damaged_shard_is_listed_once_and_refused_each_time(shard, listed):
    with shard.open("r+b") as stream:
        stream.truncate(600)
    for _ in range(3):
        with pytest.raises(ConfigError, match=r"whole, uncompressed tar. Received: .*a\.tar"):
            open_index(str(shard))
    assert listed == ["a.tar"]


def test_a_shard_that_is_written_meanwhile_is_refused(shard, monkeypatch):
    list_images = shard_index.list_images

    def write(file):
        os.utime(shard, (1, 1))
        return list_images(file)

    monkeypatch.setattr(shard_index, "list_images", write)
    with pytest.raises(ConfigError, match=r"a\.tar, which has changed meanwhile"):
        open_index(str(shard))
    monkeypatch.undo()
    assert len(open_index(str(shard)).names) == 2
