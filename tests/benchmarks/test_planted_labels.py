import numpy as np
import pytest
from benchmark_modules import load


@pytest.fixture(scope="module")
def benchmark():
    return load("label_review")


def test_a_tenth_of_the_labels_is_changed_and_these_are_named(benchmark):
    labels = np.arange(300) % 3
    changed, rows = benchmark.plant(labels, 3, 0)
    assert np.flatnonzero(changed != labels).tolist() == sorted(rows)
    assert len(rows) == 30
    assert {*changed} == {0, 1, 2}
    assert not np.array_equal(changed, benchmark.plant(labels, 3, 1)[0])


def test_precision_and_recall_count_the_first_of_a_ranking(benchmark):
    ranked = np.array([3, 9, 1, 7, 0, 2, 4, 5, 6, 8])
    assert benchmark.count_found(ranked, np.array([3, 1])) == (0.5, 0.5)
    assert benchmark.count_found(ranked, np.array([3])) == (1, 1)
    assert benchmark.count_found(ranked, np.array([8])) == (0, 0)
