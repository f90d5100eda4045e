import numpy as np
import pytest

from keras_transfer.evaluation.certainty.prediction_sets import (
    find_limits,
    list_members,
    needed_images,
)


def draw_answers(random, images, classes, noise):
    truth = random.integers(0, classes, images)
    scores = random.normal(size=(images, classes))
    scores[np.arange(images), truth] += noise
    powers = np.exp(3 * scores)  # far too sure
    return powers / powers.sum(axis=1, keepdims=True), truth


def covers(members, truth):
    return members[np.arange(len(truth)), truth]


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_sets_hold_the_truth_as_often_as_asked_however_wrong_the_model_is(coverage):
    random = np.random.default_rng(0)
    shares, sizes = [], []
    for _ in range(200):
        probabilities, truth = draw_answers(random, 300, 4, 1.5)
        limits = find_limits(probabilities[:100], truth[:100], coverage)
        members = list_members(probabilities[100:], limits)
        shares.append(covers(members, truth[100:]).mean())
        sizes.append(members.sum(axis=1).mean())
    assert coverage - 0.005 <= np.mean(shares) <= coverage + 0.02
    assert 1 < np.mean(sizes) < 4


def test_class_wise_sets_hold_the_truth_of_the_class_that_the_model_neglects():
    random = np.random.default_rng(0)
    found = {False: [], True: []}
    for _ in range(100):
        probabilities, truth = draw_answers(random, 600, 3, 1.5)
        probabilities[:, 2] *= 0.05
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        for class_wise, shares in found.items():
            limits = find_limits(probabilities[:300], truth[:300], 0.9, class_wise)
            held = covers(list_members(probabilities[300:], limits), truth[300:])
            shares.append(held[truth[300:] == 2].mean())
    assert np.mean(found[False]) < 0.85
    assert np.mean(found[True]) >= 0.9


def test_too_few_images_promise_nothing_so_every_class_belongs_to_every_set():
    assert needed_images(0.95) == 19
    assert needed_images(0.9) == 9
    probabilities = np.tile([0.9, 0.1], (19, 1))
    truth = np.zeros(19, int)
    assert find_limits(probabilities[:18], truth[:18], 0.95).tolist() == [0, 0]
    assert find_limits(probabilities, truth, 0.95).tolist() == [0.9, 0.9]
    assert find_limits(probabilities, truth, 0.95, class_wise=True).tolist() == [0.9, 0]


def test_the_most_probable_class_is_in_every_set():
    members = list_members(np.array([[0.5, 0.3, 0.2], [np.nan] * 3]), np.full(3, 0.9))
    assert members.tolist() == [[True, False, False], [True, False, False]]
