"""Classes with too few images: refused, left out, or in train only."""

import numpy as np
import pytest
from columns import count_splits, make_examples, make_hashes

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import leave_out_classes
from keras_transfer.data.splits.assign_splits import assign_splits
from keras_transfer.system.errors import ConfigError

LABELS = [0] * 9 + [1] * 9 + [2] * 2 + [3]


def assign(examples, what, contents=None, near=None):
    hashes = make_hashes(contents or range(len(examples.labels)))
    links = [] if near is None else [near]
    return assign_splits(examples, hashes, DataConfig(rare_classes=what), *links)


def test_rare_classes_are_refused_with_all_ways_out():
    with pytest.raises(ConfigError) as caught:
        assign(make_examples(LABELS), "error")
    assert str(caught.value) == (
        "Every class must have at least one image in each of train, validation, test. Received: "
        "c2 (2), c3 (1), with fewer images than splits. Add images, leave the class out with "
        "--data.rare_classes drop, learn it without measuring it with --data.rare_classes "
        "train_only, or set data.test_fraction to 0."
    )


def test_dropped_classes_are_in_no_split_and_the_others_as_without_them(caplog):
    splits = assign(make_examples(LABELS), "drop")
    assert splits[18:].tolist() == [""] * 3
    assert splits[:18].tolist() == assign(make_examples(LABELS[:18]), "error").tolist()
    assert caplog.messages == [
        "Left out, as they have too few images for each split: 2 classes: c2 (2), c3 (1)"
    ]


def test_classes_in_train_only_are_never_measured_and_the_others_divided(caplog):
    splits = assign(make_examples(LABELS), "train_only")
    assert splits[18:].tolist() == ["train"] * 3
    assert splits[:18].tolist() == assign(make_examples(LABELS[:18]), "error").tolist()
    assert caplog.messages == [
        "In train only, as they have too few images for each split: 2 classes: c2 (2), c3 (1)"
    ]


def test_what_must_stay_together_follows_a_rare_class_into_train():
    groups = [""] * 21
    groups[0] = groups[20] = "patient"
    for row in range(21):
        splits = assign(make_examples(LABELS, groups), "train_only", [*range(row, row + 21)])
        assert splits[0] == splits[20] == "train"
        assert (count_splits(splits, np.array(LABELS) == 0) > 0).all()


def test_a_class_that_others_leave_too_few_images_for_is_rare_as_well():
    """Three images, but one of them must go into train with a rarer class."""
    labels, groups = [0] * 9 + [1] * 9 + [2] * 3 + [3], [""] * 22
    groups[20] = groups[21] = "patient"
    splits = assign(make_examples(labels, groups), "train_only")
    assert splits[[20, 21]].tolist() == ["train"] * 2
    assert splits[18:20].tolist() in (["validation", "test"], ["test", "validation"])


@pytest.mark.parametrize(("what", "split"), [("drop", ""), ("train_only", "train")])
def test_a_class_whose_clusters_count_for_another_is_rare_as_well(what, split):
    # Class 0 has two lone images and, of what stays together, one of three.
    examples = make_examples([0, 0, 1, 1, *[1, 1, 0], *[2] * 9])
    splits = assign(examples, what, [0, 1, 2, 3, *[9] * 3, *range(20, 29)])
    assert set(splits[examples.labels == 0]) == {split}
    assert (count_splits(splits, examples.labels == 2) > 0).all()


def test_given_splits_are_kept_where_a_class_is_in_train_only():
    labels = [0, 0, 0, 1, 2, 0, 1, 2]
    given = ["train"] * 5 + ["test"] * 3  # class 1 and 2 have no image left for validation
    splits = assign(make_examples(labels, splits=given), "train_only")
    assert splits[5:].tolist() == ["test"] * 3
    assert splits[3:5].tolist() == ["train"] * 2
    assert sorted(splits[:3]) == ["train", "train", "validation"]


def test_a_class_that_train_lacks_can_be_dropped_and_not_be_in_train_only():
    examples = make_examples([0, 1, 0, 1, 2], splits=["train"] * 2 + ["validation"] * 3)
    assert assign(examples, "drop").tolist() == ["train"] * 2 + ["validation"] * 2 + [""]
    with pytest.raises(ConfigError, match=r"usable image in train\. Received: none of c2. .* drop"):
        assign(examples, "train_only")


def test_two_classes_must_be_left():
    with pytest.raises(ConfigError, match=r"At least two classes must be left\. Received: 1 of 2"):
        assign(make_examples([0, 0, 0, 1]), "drop")


def test_leaving_out_classes_labels_the_others_anew():
    examples, rows = leave_out_classes(make_examples([2, 0, 1, 2, 3]), np.array([1, 3]))
    assert examples.class_names == ("c0", "c2")
    assert examples.labels.tolist() == [1, 0, 1]
    assert examples.paths.tolist() == ["00000.png", "00001.png", "00003.png"]
    assert rows.tolist() == [0, 1, 3]
