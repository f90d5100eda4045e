"""Classes with few images, few clusters, or none in a split."""

import numpy as np
import pytest
from columns import count_splits, make_examples, make_hashes

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.splits.assign_splits import assign_splits
from keras_transfer.system.errors import ConfigError

TRAINS = ["train"] * 4
CONFIG = DataConfig(validation_fraction=0.15, test_fraction=0.15)


@pytest.mark.parametrize(("labels", "majority"), [([1, 1, 0], 1), ([0, 1, 0], 0), ([1, 0], 0)])
def test_cluster_counts_for_the_class_of_its_majority(labels, majority):
    # Two lone images per class are too few; the class that the cluster counts for has three.
    examples = make_examples([0, 0, 1, 1, *labels])
    hashes = make_hashes([0, 1, 2, 3] + [9] * len(labels))
    lacking = rf"in \w+\. Received: none of c{1 - majority}\. .*near_duplicates ignore"
    with pytest.raises(ConfigError, match=lacking):
        assign_splits(examples, hashes, CONFIG)


def test_class_that_is_never_the_most_frequent_of_its_clusters_can_be_learned():
    """Patients with seven normal images each and three with a lesion."""
    labels = [int(row % 10 >= 7) for row in range(600)]
    groups = [f"patient {row // 10}" for row in range(600)]
    examples = make_examples(labels, groups)
    splits = assign_splits(examples, make_hashes(range(600)), CONFIG)
    assert count_splits(splits).tolist() == [420, 90, 90]
    assert count_splits(splits, examples.labels == 1).tolist() == [126, 27, 27]


def test_class_with_few_clusters_of_its_own_lends_them_to_the_splits_that_are_made():
    labels = [1, 1, *[0, 0, 1] * 4, *[0] * 8]
    groups = ["", "", *[f"g{row // 3}" for row in range(12)], *[""] * 8]
    examples = make_examples(labels, groups)
    splits = assign_splits(examples, make_hashes(range(22)), CONFIG)
    assert (count_splits(splits, examples.labels == 1) > 0).all()


def test_set_without_a_usable_image_is_refused():
    for labels in ([0, 1], []):
        with pytest.raises(ConfigError, match=r"c0 \(0\), c1 \(0\)"):
            assign_splits(make_examples(labels, classes=2), np.array([""] * len(labels)), CONFIG)


@pytest.mark.parametrize(
    ("labels", "contents", "splits", "message"),
    [
        ([0] * 9 + [1] * 2, range(11), None, r"train, validation, test\..*c1 \(2\), .*_fraction"),
        ([0] * 9 + [1] * 4, [*range(9), 9, 9, 9, 10], None, r"c1 \(4 in 2 groups or copies\)"),
        ([0] * 9, range(9), None, r"c1 \(0\)"),
        ([0, 0, 0, 1, 0, 1], range(6), [*TRAINS, "test", "test"], r"validation\..*c1 \(1\)"),
        ([0, 0, 0, 1, 0, 1], [0, 1, 2, 3, 4, 3], [*TRAINS, "val", "val"], "in train.*none of c1"),
    ],
)
def test_class_with_fewer_images_than_splits_is_named(labels, contents, splits, message):
    splits = splits and [word.replace("val", "validation") for word in splits]
    examples = make_examples(labels, splits=splits, classes=2)
    with pytest.raises(ConfigError, match=message):
        assign_splits(examples, make_hashes(contents), CONFIG)


def test_class_that_a_given_split_lacks_is_a_warning(caplog):
    examples = make_examples([0, 1, 0], splits=["train", "train", "validation"])
    assign_splits(examples, make_hashes(range(3)), CONFIG)
    assert "Classes without an image in validation: c1." in caplog.text
