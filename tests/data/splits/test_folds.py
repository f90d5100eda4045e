import numpy as np
import pytest

from keras_transfer.data.splits.folds import divide_folds


def count(folds, labels, count=5):
    table = np.zeros((count, labels.max() + 1), int)
    np.add.at(table, (folds, labels), 1)
    return table


@pytest.mark.parametrize("classes", [2, 101])
def test_every_fold_has_as_many_of_each_class_and_in_all(classes):
    labels = np.random.default_rng(0).integers(0, classes, 2000)
    folds = divide_folds(labels, np.arange(2000), 5)
    table = count(folds, labels)
    assert np.ptp(table, axis=0).max() <= 1
    assert np.ptp(table.sum(axis=1)) <= 2


def test_a_cluster_is_never_divided():
    random = np.random.default_rng(0)
    labels, clusters = random.integers(0, 3, 300), random.integers(0, 60, 300)
    clusters = np.unique(clusters, return_inverse=True)[1]
    folds = divide_folds(labels, clusters, 5)
    assert all(len({*folds[clusters == cluster]}) == 1 for cluster in range(clusters.max() + 1))
    assert {*folds} == {0, 1, 2, 3, 4}


def test_few_images_of_a_class_lie_in_different_folds():
    labels = np.array([0] * 20 + [1] * 3 + [2])
    folds = divide_folds(labels, np.arange(24), 5)
    assert len({*folds[labels == 1]}) == 3


def test_fewer_clusters_than_folds_leave_folds_empty():
    folds = divide_folds(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]), 5)
    assert (folds[0] == folds[1], folds[2] == folds[3], folds[0] == folds[2]) == (True, True, False)
