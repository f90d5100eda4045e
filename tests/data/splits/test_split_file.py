import csv
import dataclasses

import numpy as np
import pytest
from columns import SPLITS, make_examples, make_hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.splits.assign_splits import assign_splits
from keras_transfer.system.errors import ConfigError

LABELS = [0, 1] * 20


def write_splits(file, rows, columns=("path", "sha256", "class", "split")):
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([columns, *rows])
    return file


def assign(file, labels=LABELS, contents=None, near=(), **kinds):
    hashes = make_hashes(contents if contents is not None else range(len(labels)))
    config = DataConfig(split_file=file)
    examples = make_examples(labels, **kinds)
    return assign_splits(examples, hashes, config, np.array(near, np.int64).reshape(-1, 2))


def list_rows(splits, hashes=None):
    hashes = make_hashes(range(len(splits))) if hashes is None else hashes
    return [(f"{row:05d}.png", hashes[row], "c", split) for row, split in enumerate(splits)]


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.sampled_from(SPLITS), min_size=1, max_size=25))
def test_listed_images_keep_their_split_and_new_ones_fill_what_is_lacking(tmp_path_factory, words):
    file = write_splits(tmp_path_factory.mktemp("pins") / "split.csv", list_rows(words))
    splits = assign(file, LABELS * 5)
    assert splits[: len(words)].tolist() == words
    for label in (0, 1):
        counts = np.array([(splits[label::2] == name).sum() for name in SPLITS])
        pinned = np.array([words[label::2].count(name) for name in SPLITS])
        wanted = np.array([70, 15, 15])
        if (pinned <= wanted).all():
            assert np.abs(counts - wanted).max() <= 1


def test_a_run_on_the_same_images_repeats_its_splits(tmp_path):
    splits = assign(None)
    file = write_splits(tmp_path / "split.csv", list_rows(splits))
    assert assign(file).tolist() == splits.tolist()


def test_renamed_images_are_known_by_their_content(tmp_path):
    words = ["test", "train", "validation", "train"]
    rows = [("old/" + row[0], *row[1:]) for row in list_rows(words)]
    assert assign(write_splits(tmp_path / "split.csv", rows))[:4].tolist() == words


def test_changed_images_are_known_by_their_path(tmp_path, caplog):
    words = ["test", "train", "validation", "train"]
    rows = list_rows(words, make_hashes("abcd"))
    assert assign(write_splits(tmp_path / "split.csv", rows))[:4].tolist() == words
    assert caplog.records == []


def test_images_that_were_numbered_anew_keep_their_split(tmp_path):
    """A new image comes first, so every name belongs to another image than before."""
    hashes = make_hashes(range(40))
    before = assign(None)
    file = write_splits(tmp_path / "split.csv", list_rows(before, hashes))
    after = assign(file, contents=[99, *range(39)])
    assert after[1:].tolist() == before[:-1].tolist()


def test_dropped_copies_of_listed_images_are_dropped_again(tmp_path, caplog):
    """They are not listed; their content is, in test."""
    given_ = ["train"] * 28 + ["validation"] * 6 + ["test"] * 6
    contents = [34, 35, *range(2, 40)]
    before = assign(None, contents=contents, splits=given_)
    assert before[:2].tolist() == ["", ""]
    rows = [row for row in list_rows(before, make_hashes(contents)) if row[3]]
    caplog.clear()
    after = assign(write_splits(tmp_path / "split.csv", rows), contents=contents, splits=given_)
    assert after.tolist() == before.tolist()
    assert "Dropped: 2 images" in caplog.text


def test_new_images_of_given_splits_go_with_listed_ones_of_their_cluster(tmp_path):
    """Validation was made from train; now there are more images of its groups, and near copies."""
    given_ = ["train"] * 32 + ["test"] * 8
    before = assign(None, splits=given_)
    row = before.tolist().index("validation")
    file = write_splits(tmp_path / "split.csv", list_rows(before))
    groups = [""] * 43
    groups[row] = groups[40] = groups[42] = "g"
    after = assign(
        file,
        [*LABELS, 0, 0, 0],
        groups=groups,
        near=[(row, 41)],
        splits=[*given_, "train", "train", "test"],
    )
    assert after[:40].tolist() == before.tolist()
    assert after[40:].tolist() == ["validation", "validation", "test"]


def test_a_copy_goes_with_its_listed_twin_though_both_look_like_a_test_image(tmp_path):
    given_ = ["train"] * 32 + ["test"] * 8
    labels = [*LABELS, 0]
    before = assign(None, splits=given_)
    file = write_splits(tmp_path / "split.csv", list_rows(before))
    for row in range(0, 32, 2):
        after = assign(
            file,
            labels,
            contents=[*range(40), row],
            near=[(row, 33)],
            splits=[*given_, "train"],
        )
        assert after[40] == after[row] == before[row]


@pytest.mark.parametrize("change", ["renamed", "encoded anew"])
def test_images_of_given_splits_stay_in_the_validation_that_was_made(tmp_path, change):
    given_ = ["train"] * 32 + ["test"] * 8
    hashes = make_hashes(range(40))
    before = assign(None, splits=given_)
    rows = list_rows(before, hashes if change == "renamed" else make_hashes(range(100, 140)))
    if change == "renamed":
        rows = [("old/" + row[0], *row[1:]) for row in rows]
    config = DataConfig(split_file=write_splits(tmp_path / "split.csv", rows))
    config = dataclasses.replace(config, validation_fraction=0.4)
    after = assign_splits(make_examples(LABELS, splits=given_), hashes, config)
    assert after.tolist() == before.tolist()


def test_classes_without_an_image_left_for_a_split_are_told_of_the_listed_ones(tmp_path):
    file = write_splits(tmp_path / "split.csv", list_rows(["train"] * 40))
    with pytest.raises(ConfigError, match=r"c0 \(0\).*Images that have a split keep it"):
        assign(file)


def test_an_image_with_two_splits_is_refused(tmp_path):
    rows = [("00000.png", "test"), ("00000.png", "train")]
    file = write_splits(tmp_path / "split.csv", rows, ("path", "split"))
    with pytest.raises(
        ConfigError, match=r"one split\. Received: 'test' and 'train' for 00000.png"
    ):
        assign(file)


def test_a_table_of_path_and_split_is_enough(tmp_path):
    rows = [("00000.png", "VAL"), ("00003.png", "test"), ("00005.png", "")]
    splits = assign(write_splits(tmp_path / "split.csv", rows, ("path", "split")))
    assert splits[[0, 3]].tolist() == ["validation", "test"]
    assert set(splits) == set(SPLITS)


def test_new_images_go_with_the_listed_ones_of_their_cluster(tmp_path):
    rows = list_rows(["test", "train", "train"])
    contents = [*range(38), 0, 1]  # copies of a test and of a train image
    groups = [""] * 40
    groups[0] = groups[10] = "g"
    file = write_splits(tmp_path / "split.csv", rows)
    splits = assign(file, contents=contents, groups=groups, near=[(0, 20), (2, 21)])
    assert (splits[[0, 10, 20, 38]] == "test").all()
    assert (splits[[1, 2, 21, 39]] == "train").all()


def test_listed_images_win_over_given_splits_and_others_keep_theirs(tmp_path):
    given_ = ["train", "train", "train", "test"] * 10
    file = write_splits(tmp_path / "split.csv", list_rows(["test", "validation"]))
    splits = assign(file, splits=given_)
    assert splits[:2].tolist() == ["test", "validation"]
    assert (splits[3::4] == "test").all()
    assert set(splits[2:3]) <= {"train", "validation"}


def test_a_file_that_lists_everything_leaves_nothing_to_assign(tmp_path):
    words = [SPLITS[row // 2 % 3] for row in range(40)]
    assert assign(write_splits(tmp_path / "split.csv", list_rows(words))).tolist() == words


def test_images_that_are_gone_are_counted(tmp_path, caplog):
    rows = [*list_rows(["train", "test"]), ("gone.png", "x", "c", "train")]
    assign(write_splits(tmp_path / "split.csv", rows))
    assert "1 image of" in caplog.text
    assert "such as gone.png" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"`data.split_file` must be a file\. Received: .*No such file"),
        ("path,label\na,b\n", r"must have the columns path and split\. Received: path,label in"),
        ("", "must have the columns path and split. Received: nothing"),
        ("path,split\n00000.png,dev\n", "A split must be one of train.*Received: 'dev'"),
    ],
)
def test_wrong_files_are_refused(tmp_path, content, message):
    file = tmp_path / "split.csv"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=message):
        assign(file)
