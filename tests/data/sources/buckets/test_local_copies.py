"""Addresses as data sets: what is copied, what is not copied again, what goes."""

import os
import shutil
from pathlib import Path

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.buckets import local_copies
from keras_transfer.data.sources.buckets.local_copies import bring_here
from keras_transfer.data.sources.choose_source import choose_source, read_examples
from keras_transfer.data.sources.unlabelled import find_files, find_missing
from keras_transfer.system.errors import ConfigError

PHOTOS = "memory://shelf/photos"
PATHS = ["cats/0.png", "cats/1.png", "dogs/0.png", "dogs/1.png"]


def list_files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.*"))


def test_a_folder_there_is_read_as_one_here(shelf):
    assert choose_source(PHOTOS) == "bucket"
    examples = read_examples(PHOTOS, DataConfig())
    assert examples.source == "folder"
    assert examples.paths.tolist() == PATHS
    assert examples.class_names == ("cats", "dogs")
    content = (examples.root / "dogs/1.png").read_bytes()
    assert content == shelf.cat_file("/shelf/photos/dogs/1.png")


def test_nothing_is_fetched_twice_by_any_address(shelf, fetched):
    bring_here(PHOTOS)
    assert len(fetched) == 4
    for again in (PHOTOS, f"{PHOTOS}/", f"{PHOTOS}/cats", f"{PHOTOS}/cats/0.png", "memory://shelf"):
        bring_here(again)
    assert len(fetched) == 4


def test_another_object_is_fetched_and_one_that_went_goes(shelf, fetched):
    folder = bring_here(PHOTOS)
    shelf.pipe("/shelf/photos/cats/0.png", b"another")
    shelf.rm("/shelf/photos/dogs", recursive=True)
    fetched.clear()
    assert bring_here(PHOTOS) == folder
    assert [name.rpartition("photos/")[2] for name in fetched] == ["cats/0.png"]
    assert list_files(folder) == PATHS[:2]
    assert Path(folder, "cats/0.png").read_bytes() == b"another"
    assert not Path(folder, "dogs").exists()  # it would be a class


def test_a_copy_that_somebody_changed_is_made_anew(shelf):
    file = Path(bring_here(PHOTOS), "cats/0.png")
    file.write_bytes(b"mine")
    bring_here(PHOTOS)
    assert file.read_bytes() == shelf.cat_file("/shelf/photos/cats/0.png")


def test_a_file_that_a_killed_process_left_goes_with_its_object(shelf, monkeypatch):
    def kill(place, wanted, partial, note):
        for _, file in wanted[:1]:
            file.parent.mkdir(parents=True)
            file.write_bytes(b"half noted")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(local_copies, "fetch_objects", kill)
        with pytest.raises(KeyboardInterrupt):
            bring_here(PHOTOS)
    shelf.rm("/shelf/photos/cats/0.png")
    assert list_files(bring_here(PHOTOS)) == PATHS[1:]


def test_a_table_brings_what_it_names(shelf, fetched):
    shelf.pipe("/shelf/labels.csv", b"path,label\nphotos/cats/0.png,a\nphotos/dogs/1.png,b\n")
    examples = read_examples("memory://shelf/labels.csv", DataConfig())
    assert examples.paths.tolist() == ["photos/cats/0.png", "photos/dogs/1.png"]
    assert len(fetched) == 3


def test_a_table_of_names_without_suffix_brings_them_too(shelf):
    shelf.pipe("/shelf/labels.csv", b"path,label\ncats/0,a\ndogs/1,b\n")
    examples = read_examples("memory://shelf/labels.csv", DataConfig())
    assert examples.paths.tolist() == ["photos/cats/0.png", "photos/dogs/1.png"]


def test_images_to_predict_are_called_as_they_are_there(shelf):
    names, files = find_files(f"{PHOTOS}/cats")
    assert names == [f"{PHOTOS}/cats/0.png", f"{PHOTOS}/cats/1.png"]
    assert all(map(os.path.isfile, files))
    names, files = find_files(f"{PHOTOS}/cats/1.png")
    assert names == [f"{PHOTOS}/cats/1.png"]
    assert find_missing([f"{PHOTOS}/cats"]) == []


def test_what_does_not_fit_is_refused_before_it_is_begun(shelf, fetched, monkeypatch):
    monkeypatch.setattr(local_copies, "free_disk", lambda folder: 100)
    with pytest.raises(ConfigError, match=r"room for the files\. Received: 4 objects .* 100 bytes"):
        bring_here(PHOTOS)
    assert fetched == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("memory://shelf/none", "there is none"),
        ("memory://nowhere", "there is none"),
        ("memory://shelf/photos/*.png", "Patterns are not read there"),
        ("memory://", "must name a bucket"),
        ("memory://shelf/../../etc", "an empty part"),
        ("nope://shelf/photos", "a protocol that fsspec knows"),
        ("ftp://me:secret@host/photos", "must hold no password"),
    ],
)
def test_wrong_addresses_are_refused_in_one_line(shelf, address, said):
    with pytest.raises(ConfigError, match=said) as caught:
        read_examples(address, DataConfig())
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    found = "keras_transfer.system.packages.is_installed"
    monkeypatch.setattr(found, lambda package: package != "gcsfs")
    with pytest.raises(ConfigError, match=r"gcsfs must be .* 'keras_transfer\[cloud\]'"):
        choose_source("gs://shelf/photos")


def test_a_cache_that_was_removed_is_filled_again(shelf, cache):
    bring_here(PHOTOS)
    shutil.rmtree(cache)
    assert list_files(bring_here(PHOTOS)) == PATHS
