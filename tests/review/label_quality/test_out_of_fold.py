import numpy as np
import pytest

from keras_transfer.review.label_quality.out_of_fold import predict_out_of_fold
from keras_transfer.system.errors import ConfigError


def make_features(labels, channels=8, seed=0):
    random = np.random.default_rng(seed)
    middles = random.normal(size=(labels.max() + 1, channels)) * 3
    return (middles[labels] + random.normal(size=(len(labels), channels))).astype(np.float32)


@pytest.mark.thorough
@pytest.mark.parametrize("classes", [2, 101])
def test_a_changed_label_gets_a_lower_probability_than_what_it_was(classes):
    truth = np.arange(classes * 12) % classes
    labels = truth.copy()
    labels[::40] = (truth[::40] + 1) % classes
    found = predict_out_of_fold(make_features(truth, 64), labels, np.arange(len(labels)), classes)
    rows = np.arange(len(labels))
    changed = labels != truth
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert (found[rows, truth] > found[rows, labels])[changed].mean() > 0.9


def test_no_image_is_judged_by_its_own_label_or_by_that_of_a_copy():
    """Features that say nothing: whoever saw an image would know its label by heart."""
    random = np.random.default_rng(0)
    pairs = np.repeat(random.normal(size=(40, 200)), 2, axis=0).astype(np.float32)
    labels = np.repeat(random.permutation(np.arange(40) % 2), 2)
    rows = np.arange(80)
    kept_together = predict_out_of_fold(pairs, labels, np.repeat(np.arange(40), 2), 2)
    divided = predict_out_of_fold(pairs, labels, rows, 2)
    assert (kept_together[rows, labels] > 0.5).mean() < 0.75
    assert (divided[rows, labels] > 0.5).mean() > 0.95


def test_a_class_with_one_cluster_cannot_be_judged_and_others_can():
    labels = np.array([0] * 10 + [1] * 10 + [2] * 2)
    clusters = np.array([*range(20), 20, 20])
    found = predict_out_of_fold(make_features(labels), labels, clusters, 3)
    assert np.isnan(found[labels == 2]).all()
    assert not np.isnan(found[labels != 2]).any()


def test_two_images_of_a_class_are_enough_to_judge_them():
    labels = np.array([0] * 10 + [1] * 10 + [2] * 2)
    found = predict_out_of_fold(make_features(labels), labels, np.arange(22), 3)
    assert not np.isnan(found).any()


def test_two_classes_of_one_image_each_are_not_judged():
    labels = np.array([0, 1])
    assert np.isnan(predict_out_of_fold(make_features(labels), labels, labels, 2)).all()


def test_features_that_are_all_alike_say_nothing():
    labels = np.arange(20) % 2
    found = predict_out_of_fold(np.ones((20, 4), np.float32), labels, np.arange(20), 2)
    np.testing.assert_allclose(found, 0.5, atol=1e-6)


def test_features_that_are_no_numbers_are_refused():
    with pytest.raises(ConfigError, match="Features must be finite"):
        predict_out_of_fold(np.full((4, 2), np.nan), np.arange(4) % 2, np.arange(4), 2)
