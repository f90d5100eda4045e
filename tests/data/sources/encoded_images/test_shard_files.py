import os

import pytest

from keras_transfer.data.sources.class_names import name_class
from keras_transfer.data.sources.encoded_images.shard_files import (
    find_folder,
    identify,
    list_shards,
    name_set,
)
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def touch(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def touch(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()

    return touch


def list_names(dataset):
    return [os.path.relpath(shard.file) for shard in list_shards(dataset, ".tar")]


def test_braces_are_those_of_a_shell(touch):
    touch("s/a-08.tar", "s/a-09.tar", "s/a-10.tar", "s/b-08.tar", "s/c.txt")
    assert list_names("s/a-{08..10}.tar") == ["s/a-08.tar", "s/a-09.tar", "s/a-10.tar"]
    assert list_names("s/{b,a}-08.tar") == ["s/b-08.tar", "s/a-08.tar"]
    assert list_names("s/a-*.tar") == ["s/a-08.tar", "s/a-09.tar", "s/a-10.tar"]
    assert list_names("s/b-08.tar") == ["s/b-08.tar"]
    assert len(list_names("s")) == 4
    assert (find_folder("s/a-{08..10}.tar"), name_set("s/a-*.tar")) == (os.path.abspath("s"), "s")
    assert name_set("s/b-08.tar") == "b-08"


def test_file_with_braces_in_its_name_is_that_file(touch):
    touch("a{1..2}.tar")
    assert list_names("a{1..2}.tar") == ["a{1..2}.tar"]


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("s/a-{0..1}.tar", r"1 are missing or none: .*a-1.tar"),
        ("s/x-*.tar", "no file that ends in .tar"),
        ("empty", "no file that ends in .tar"),
        ("s/{000000..999999999999}.tar", "at most 100,000 shards"),
    ],
)
def test_patterns_that_name_nothing_are_refused(touch, tmp_path, dataset, message):
    touch("s/a-0.tar")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=message):
        list_names(dataset)


def test_shard_that_is_no_file_is_refused(touch, tmp_path):
    touch("s/a-0.tar")
    os.mkfifo(tmp_path / "s/a-1.tar")
    with pytest.raises(ConfigError, match="1 are missing or none"):
        list_names("s")


def test_identity_changes_with_name_size_time_and_names_of_classes(touch, tmp_path):
    touch("s/a.tar")
    said = {identify(list_shards("s", ".tar")), identify(list_shards("s", ".tar"), "cat")}
    (tmp_path / "s/a.tar").write_bytes(b"x")
    os.utime("s/a.tar", ns=(1, 1))
    said.add(identify(list_shards("s", ".tar")))
    os.utime("s/a.tar", ns=(1, 2))
    said.add(identify(list_shards("s", ".tar")))
    os.rename("s/a.tar", "s/b.tar")
    said.add(identify(list_shards("s", ".tar")))
    assert len(said) == 5


@pytest.mark.parametrize(
    ("value", "found"),
    [(0, "x"), ("1", "y"), (" 1\n", "y"), ("cat", "cat"), (-1, None), ("", None), (None, None)],
)
def test_label_is_a_number_with_a_name_or_a_name(value, found):
    assert name_class(value, ("x", "y"), "here") == found
    assert name_class(7, (), "here") == "7"
