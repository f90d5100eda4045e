"""Files, and images in shards, are read by one function."""

import hashlib
import os

import pytest
from tar_writer import write_shard

from keras_transfer.data.shards import member_files
from keras_transfer.data.shards.member_files import (
    find_folder,
    hash_content,
    is_there,
    list_members,
    may_be_member,
    read_file,
    stat_file,
)

ODD = b"\0 ends with zeros \0\0"


@pytest.fixture
def shard(tmp_path):
    members = {"./1.jpg": b"one", "sub/2.PNG": ODD, "sub/x.tar/3.jpg": b"three", "4.jpg": b""}
    return write_shard(tmp_path / "set/a.tar", members)


def test_members_are_read_as_files_are(shard, tmp_path):
    plain = tmp_path / "plain.jpg"
    plain.write_bytes(ODD)
    for file, content in {
        plain: ODD,
        shard / "1.jpg": b"one",
        str(shard / "sub/2.PNG"): ODD,
        shard / "sub/x.tar/3.jpg": b"three",
        shard / "4.jpg": b"",
    }.items():
        assert read_file(file) == content
        assert hash_content(file) == hashlib.sha256(content).hexdigest()
        assert is_there(file)
        assert stat_file(file)[0] == len(content)
    assert stat_file(shard / "1.jpg")[1] == os.stat(shard).st_mtime_ns
    assert sorted(list_members(str(shard))) == sorted(
        f"{shard}/{name}" for name in ("1.jpg", "4.jpg", "sub/2.PNG", "sub/x.tar/3.jpg")
    )


def test_a_relative_path_leads_into_a_shard_too(shard, monkeypatch):
    monkeypatch.chdir(shard.parent)
    assert read_file("a.tar/1.jpg") == b"one"


def test_a_folder_that_is_called_so_is_a_folder(tmp_path):
    file = tmp_path / "unpacked.tar" / "1.jpg"
    file.parent.mkdir()
    file.write_bytes(b"plain")
    assert may_be_member(file)
    assert read_file(file) == b"plain"
    assert hash_content(file) == hashlib.sha256(b"plain").hexdigest()


@pytest.mark.parametrize("name", ["5.jpg", "sub", "sub/2.png", "", "1.jpg/"])
def test_what_is_not_in_a_shard_is_missing_as_a_file_is(shard, name):
    file = f"{shard}/{name}"
    assert not is_there(file)
    for read in (read_file, hash_content, stat_file):
        with pytest.raises(FileNotFoundError):
            read(file)


def test_a_shard_that_is_gone_or_damaged_is_an_error_of_the_file(shard):
    shard.write_bytes(shard.read_bytes()[:700])
    for read in (read_file, hash_content, stat_file):
        with pytest.raises(OSError, match="whole, uncompressed tar"):
            read(shard / "1.jpg")
    assert not is_there(shard / "1.jpg")
    shard.unlink()
    with pytest.raises(OSError, match="No such file"):
        read_file(shard / "1.jpg")


def test_a_shard_that_is_replaced_is_read_as_it_is_now(shard):
    assert read_file(shard / "1.jpg") == b"one"
    write_shard(shard, {"0.jpg": bytes(5000), "1.jpg": b"new"}, age=10)
    assert read_file(shard / "1.jpg") == b"new"


def test_two_members_of_one_name_and_odd_letters_have_names_of_their_own(tmp_path):
    members = [("1.jpg", b"a"), ("2.jpg", b"b"), ("1.jpg", b"c"), ("x\n\\\udce9.jpg", b"d")]
    shard = write_shard(tmp_path / "a.tar", [*members, ("1~2.jpg", b"e"), ("1.jpg", b"f")])
    names = "1.jpg", "2.jpg", "1~2.jpg", "x___.jpg", "1~2~2.jpg", "1~3.jpg"
    assert b"".join(read_file(shard / name) for name in names) == b"abcdef"


def test_the_folder_of_members_is_that_of_their_shards(shard, tmp_path):
    other = write_shard(tmp_path / "set/below/b.tar", {"1.jpg": b""})
    assert find_folder([str(shard / "1.jpg"), str(shard / "sub/2.PNG")]) == tmp_path / "set"
    assert find_folder([f"{other}/1.jpg"]) == tmp_path / "set/below"
    assert find_folder([f"{other}/1.jpg", str(tmp_path / "x.jpg")]) == tmp_path


def test_a_plain_name_is_not_looked_for_in_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(member_files, "find_index", None)
    for name in ("1.jpg", "a.tar", "a.tar.gz/1.jpg", "atar/1.jpg"):
        assert not may_be_member(tmp_path / name)
        assert not is_there(tmp_path / name)
