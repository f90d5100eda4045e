import numpy as np
import pytest

from keras_transfer.evaluation.significance import compare_pair, correct_holm, flip_signs


def pair(both, first, second, neither):
    """Return answers of two models by how many images which of them has right."""
    counts = [both, first, second, neither]
    return (
        np.repeat([True, True, False, False], counts),
        np.repeat([True, False, True, False], counts),
    )


@pytest.mark.parametrize(
    ("wins", "losses", "p_value"),
    [
        (1, 0, 1.0),
        (5, 0, 2 / 32),
        (6, 0, 2 / 64),
        (1, 7, 2 * (1 + 8) / 256),  # 0 or 1 of 8, either way
        (4, 4, 1.0),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_is_the_exact_binomial_of_the_images_that_differ(wins, losses, p_value):
    first, second = pair(70, wins, losses, 9)
    assert compare_pair(first, second) == pytest.approx(p_value)
    assert compare_pair(second, first) == pytest.approx(p_value)


def test_holm_multiplies_by_the_comparisons_that_are_left():
    assert correct_holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert correct_holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert correct_holm([0.6, 0.5]) == [1.0, 1.0]
    assert correct_holm([]) == []


@pytest.mark.parametrize(("wins", "losses"), [(1, 0), (4, 0), (5, 0), (7, 1), (4, 4), (0, 0)])
def test_flipping_signs_of_one_seed_is_mcnemar_but_for_the_draws(wins, losses):
    first, second = pair(20, wins, losses, 3)
    wanted = compare_pair(first, second)
    (found,) = flip_signs((first.astype(float) - second)[:, None])
    assert found == pytest.approx(wanted, abs=4 * (wanted * (1 - wanted) / 10_000) ** 0.5 + 2e-4)


def test_flipping_signs_finds_what_is_there_and_nothing_else():
    equal, clear = np.zeros(100), np.repeat([1 / 3, 0.0], [20, 80])
    chance = np.repeat([1.0, -1.0, 0.0], [6, 5, 89])
    p_equal, p_clear, p_chance = flip_signs(np.stack([equal, clear, chance], axis=1))
    assert p_equal == p_chance == 1.0
    assert p_clear < 0.001


def test_flipping_signs_is_the_same_in_parts(monkeypatch):
    differences = np.repeat([1.0, -1.0, 0.0], [6, 2, 92])[:, None]
    whole = flip_signs(differences)
    monkeypatch.setattr("keras_transfer.evaluation.significance.CELLS", 1000)
    assert flip_signs(differences) == whole
