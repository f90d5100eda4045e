import numpy as np
import pytest

from keras_transfer.evaluation.certainty.neighbours import (
    UNUSUAL_SHARE,
    Neighbours,
    choose_references,
    is_unusual,
)


@pytest.fixture
def cloud():
    """Return a function that draws features of one kind: a direction, and noise around it."""

    def draw(count, seed, direction=0):
        features = np.random.default_rng(seed).normal(0, 0.2, (count, 16))
        features[:, direction] += 1
        return features

    return draw


def test_the_distance_is_that_of_the_fifth_neighbour_whatever_the_length_of_features(cloud):
    known, new = cloud(40, 0), cloud(3, 1)
    angles = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (known, new)]
    every = np.sort(np.linalg.norm(angles[1][:, None] - angles[0], axis=2), axis=1)
    neighbours = Neighbours(known * 7)
    for scale in (1.0, 0.01):
        found = neighbours.measure_distances(new * scale)
        assert found == pytest.approx(every[:, 4], abs=2e-3)  # float16
    assert np.diff(every[:, 3:6]).max(axis=0).min() > 5e-3  # another would be seen


def test_of_images_like_the_training_images_as_many_are_flagged_as_it_says(cloud):
    neighbours, new = Neighbours(cloud(500, 0)), cloud(4000, 1)
    flagged = is_unusual(neighbours.find_shares(new)).mean()
    assert flagged == pytest.approx(UNUSUAL_SHARE, abs=0.02)


def test_images_of_another_kind_are_flagged(cloud):
    neighbours = Neighbours(cloud(100, 0))
    assert is_unusual(neighbours.find_shares(cloud(100, 1, direction=3))).all()


def test_shares_fall_with_the_distance(cloud):
    neighbours, new = Neighbours(cloud(100, 0)), cloud(50, 1)
    distances, shares = neighbours.measure_distances(new), neighbours.find_shares(new)
    assert (np.diff(shares[np.argsort(distances)]) <= 0).all()
    assert shares.min() < 0.2
    assert shares.max() > 0.8


def test_a_training_image_is_not_its_own_neighbour():
    fives = np.repeat(np.eye(8)[:6], 5, axis=0)  # each has four twins; the fifth is far away
    assert Neighbours(fives).find_shares(np.eye(8)[7:]).tolist() == [1.0]  # as far from all
    assert Neighbours(fives).find_shares(-np.ones((1, 8))).tolist() == [0.0]  # further


def test_features_that_are_no_numbers_have_no_share(cloud):
    new = cloud(2, 1)
    new[1, 0] = np.nan
    shares = Neighbours(cloud(30, 0)).find_shares(new)
    assert np.isnan(shares).tolist() == [False, True]
    assert not is_unusual(shares)[1]


def test_references_are_the_same_each_time_and_of_all_classes_in_their_shares():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    np.random.default_rng(0).shuffle(labels)
    rows = choose_references(labels, seed=3, most=200)
    assert np.bincount(labels[rows]).tolist() == [120, 60, 20]
    assert len({*rows.tolist()}) == 200
    assert (np.diff(rows) > 0).all()
    assert rows.tolist() == choose_references(labels, seed=3, most=200).tolist()
    assert rows.tolist() != choose_references(labels, seed=4, most=200).tolist()


def test_few_training_images_are_all_references():
    assert choose_references(np.zeros(30, int), seed=0).tolist() == [*range(30)]
