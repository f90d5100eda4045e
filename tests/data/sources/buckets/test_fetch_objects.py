"""What goes wrong between a listing and the last object: it is said, and what is here stays."""

import errno

import pytest

from keras_transfer.data.sources.buckets import fetch_objects
from keras_transfer.data.sources.buckets.local_copies import bring_here
from keras_transfer.system.errors import ConfigError

PHOTOS = "memory://shelf/photos"


@pytest.fixture
def failing(shelf, monkeypatch):
    """Return a function that has objects whose name ends so fail, and a list of tries."""
    tries, get = [], type(shelf).get_file

    def fail(end, error, times=99):
        tries.clear()

        def get_file(self, name, file, **words):
            if name.endswith(end):
                tries.append(name)
                if len(tries) <= times:
                    raise error
            get(self, name, file, **words)

        monkeypatch.setattr(type(shelf), "get_file", get_file)
        return tries

    return fail


def test_an_object_is_asked_for_again(failing):
    tries = failing("dogs/1.png", ConnectionResetError("cut"), times=2)
    bring_here(PHOTOS)
    assert len(tries) == 3


def test_what_came_before_the_network_went_stays(failing, monkeypatch):
    monkeypatch.setattr(fetch_objects, "GROUP", 3)
    tries = failing("dogs/1.png", ConnectionResetError("cut"))
    with pytest.raises(ConfigError, match=r"dogs/1\.png \(Conn.*: cut\).* not fetched"):
        bring_here(PHOTOS)
    assert len(tries) == 3
    tries = failing("", OSError(), times=0)
    bring_here(PHOTOS)
    assert tries == ["shelf/photos/dogs/1.png"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError("Access Denied"), "readable with the rights you have"),
        (FileNotFoundError("gone"), "changed or went"),
        (OSError(errno.ENOSPC, "No space left on device"), "room for the files"),
    ],
)
def test_what_will_not_mend_is_said_at_once(failing, error, said):
    tries = failing("cats/1.png", error)
    with pytest.raises(ConfigError, match=said):
        bring_here(PHOTOS)
    assert len(tries) == 1


def test_an_object_that_is_another_one_by_now_is_refused(shelf, monkeypatch):
    get = type(shelf).get_file

    def get_file(self, name, file, **words):
        if name.endswith("cats/1.png"):
            shelf.pipe("/shelf/photos/cats/1.png", b"longer than it was, and by much" * 99)
        get(self, name, file, **words)

    monkeypatch.setattr(type(shelf), "get_file", get_file)
    with pytest.raises(ConfigError, match=r"cats/1\.png, which changed or went"):
        bring_here(PHOTOS)


def test_an_object_that_comes_cut_is_no_file(shelf, cache, monkeypatch):
    def get_file(self, name, file, **words):
        with open(file, "wb") as stream:
            stream.write(self.cat_file(name)[:9])

    monkeypatch.setattr(type(shelf), "get_file", get_file)
    with pytest.raises(ConfigError, match="Objects must come whole"):
        bring_here(PHOTOS)
    assert list(cache.rglob("*.png")) == []
