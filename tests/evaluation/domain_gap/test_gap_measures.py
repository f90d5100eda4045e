import numpy as np
import pytest

from keras_transfer.evaluation.domain_gap import gap_measures
from keras_transfer.evaluation.domain_gap.gap_measures import DomainGap, measure_gap
from keras_transfer.system.errors import ConfigError


def draw(count, shift=0.0, seed=0, channels=8):
    return (np.random.default_rng(seed).normal(size=(count, channels)) + shift).astype("float32")


def test_domains_that_differ_are_far_apart_and_those_that_do_not_are_not():
    same, apart = measure_gap(draw(80), draw(70, seed=1)), measure_gap(draw(80), draw(70, 3, 1))
    assert abs(same.mmd) < 0.02 < 0.5 < apart.mmd < 2
    assert same.p_value > 0.05 > 0.01 > apart.p_value
    assert same.proxy_a_distance < 0.5 < 1.9 < apart.proxy_a_distance <= 2
    assert (apart.source_images, apart.target_images) == (80, 70)


def test_chance_alone_makes_no_gap():
    found = [measure_gap(draw(20, seed=s), draw(20, seed=100 + s), seed=s) for s in range(30)]
    values = np.array([gap.p_value for gap in found])
    assert (values <= 0.1).sum() < 9
    assert values.min() < 0.3 < 0.7 < values.max()  # evenly spread
    assert abs(np.mean([gap.mmd for gap in found])) < 0.01  # unbiased


def test_the_discrepancy_is_that_of_the_definition():
    source, target = draw(6), draw(9, 1, 1)
    both = np.concatenate([source, target]).astype(float)
    squares = ((both[:, None] - both) ** 2).sum(-1)
    mean = squares[~np.eye(15, dtype=bool)].mean()
    kernel = np.mean([np.exp(-squares / mean / w) for w in gap_measures.WIDTHS], axis=0)
    inside, rest = kernel[:6, :6][~np.eye(6, dtype=bool)], kernel[6:, 6:][~np.eye(9, dtype=bool)]
    expected = inside.mean() + rest.mean() - 2 * kernel[:6, 6:].mean()
    assert measure_gap(source, target).mmd == pytest.approx(expected, abs=1e-9)


def test_the_a_distance_is_that_of_a_classifier_that_did_not_see_the_image():
    from sklearn.linear_model import Ridge

    source, target = draw(15), draw(15, 0.8, 1)
    both, domains = np.concatenate([source, target]), np.repeat([-1.0, 1.0], 15)
    scaled = (both - both.mean(axis=0)) / both.std(axis=0)
    wrong = 0
    for row in range(30):
        others = np.arange(30) != row
        model = Ridge(gap_measures.REGULARIZATION).fit(scaled[others], domains[others])
        wrong += int(model.predict(scaled[[row]])[0] * domains[row] <= 0)
    assert 0 < wrong < 15
    gap = measure_gap(source, target)
    assert gap.proxy_a_distance == pytest.approx(2 * (1 - 2 * wrong / 30))


def test_a_larger_domain_is_no_easier_to_tell_apart():
    gap = measure_gap(draw(300), draw(20, seed=1))  # saying "source" always is right for 94 %
    assert gap.proxy_a_distance < 1


def test_neighbours_across_domains_answer_with_their_class():
    centres = np.eye(3, 8) * 9
    labels = np.arange(30) % 3
    source, target = draw(30) + centres[labels], draw(30, seed=1) + centres[labels]
    right = measure_gap(source, target, source_labels=labels, target_labels=labels)
    assert right.neighbour_accuracy == 1
    moved = measure_gap(source, target, source_labels=labels, target_labels=(labels + 1) % 3)
    assert moved.neighbour_accuracy == 0
    assert measure_gap(source, target, source_labels=labels).neighbour_accuracy is None


def test_the_same_numbers_come_again_in_any_order_of_channels(monkeypatch):
    monkeypatch.setattr(gap_measures, "MOST", 40)
    source, target = draw(60, channels=99), draw(90, 0.1, 1, channels=99)
    order = np.random.default_rng(3).permutation(99)
    labels = {"source_labels": np.arange(60) % 2, "target_labels": np.arange(90) % 2}
    gap = measure_gap(source, target, **labels)
    assert gap == measure_gap(source[:, order], target[:, order], **labels)
    assert (gap.source_images, gap.target_images) == (40, 40)
    assert gap != measure_gap(source, target, **labels, seed=1)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_equal_and_constant_images_are_measured_as_far_as_they_can_be(count):
    labels = np.zeros(count, int)
    known = {"source_labels": labels, "target_labels": labels}
    for features in (np.ones((count, 4)), np.zeros((count, 4)), draw(count)):
        gap = measure_gap(features, features, **known)
        assert gap.neighbour_accuracy == 1
        if count == 1:
            assert gap.mmd is gap.p_value is gap.proxy_a_distance is None
        else:
            assert gap.p_value > 0.5
            assert gap.proxy_a_distance == 0


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ConfigError, match="some that are not, of 1 example"):
        measure_gap(draw(5), np.where(np.eye(5, 8) * np.eye(5)[0, :, None], np.nan, 1))
    with pytest.raises(ConfigError, match="at least one example"):
        measure_gap(draw(5), draw(0))
    with pytest.raises(ConfigError, match="same channels"):
        measure_gap(draw(5), draw(5, channels=9))


def test_the_words_say_what_is_known():
    gap = DomainGap(0.1324, 0.002, 1.826, 0.411, 1000, 300)
    assert gap.describe() == (
        "Domain gap: MMD 0.132 (p 0.002), A-distance 1.83 of 2; nearest neighbours across domains "
        "right for 0.41 (1,000 and 300 images)"
    )
    assert DomainGap(None, None, None, None, 1, 1).describe() == (
        "Domain gap: cannot be told (1 and 1 images)"
    )
    assert DomainGap(-1e-5, 1.0, 0.0, None, 2, 2).describe().startswith("Domain gap: MMD 0.000 (p")
    assert gap.as_json()["neighbour_accuracy"] == 0.411
