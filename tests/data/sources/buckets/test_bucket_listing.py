"""Names in buckets: a key can be anything, a file of the cache cannot."""

import logging

import pytest

from keras_transfer.data.sources.buckets.bucket_listing import Object, judge_key, leave_out_odd
from keras_transfer.data.sources.buckets.local_copies import bring_here


@pytest.mark.parametrize(
    "key",
    [
        "../evil.png",
        "photos/../../evil.png",
        "/etc/evil.png",
        "photos//evil.png",
        "./evil.png",
        "photos\\..\\evil.png",
        "evil\0.png",
        "evil\n.png",
        "evil\udc80.png",
        f"{'é' * 121}.png",
        "/".join(["photos"] * 500),
    ],
)
def test_names_that_are_none_here_are_known(key):
    assert judge_key(key)


@pytest.mark.parametrize("key", ["photos/a b.png", "..a/b..png", "фото/1.png", "a:b\u00a0c.png"])
def test_other_names_are_kept(key):
    assert judge_key(key) == ""


def test_objects_of_names_that_would_collide_are_left_out():
    objects = [Object(key, 1, "") for key in ("a", "a/b", "c/D", "c/d")]
    kept = [each.key for each in leave_out_odd(objects, "s3://shelf", folds_case=False)]
    assert kept == ["a/b", "c/D", "c/d"]
    kept = [each.key for each in leave_out_odd(objects, "s3://shelf", folds_case=True)]
    assert kept == ["a/b", "c/D"]


def test_a_hostile_bucket_writes_nothing_outside_its_folder(shelf, tmp_path, caplog):
    for name in ("../../../evil", "../../../../../../evil", "cats/..\\..\\evil", "x" * 300):
        shelf.store[f"/shelf/photos/{name}"] = shelf.store["/shelf/photos/cats/0.png"]
    caplog.set_level(logging.WARNING)
    folder = bring_here("memory://shelf/photos")
    assert "left out 4 objects whose names cannot be those of files here" in caplog.text
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len([path for path in files if path.is_relative_to(folder)]) == 4
    own = {"manifest.json", "objects.sqlite"}
    assert {path.name for path in files if not path.is_relative_to(folder)} == own


def test_hidden_folders_are_not_copied(shelf, fetched):
    shelf.pipe("/shelf/photos/.git/config", b"x")
    bring_here("memory://shelf/photos")
    assert len(fetched) == 4
