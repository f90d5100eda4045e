"""A run that is measured on more images has the same predictions; no time is tested."""

from collections import Counter

import pytest
from benchmark_modules import load

from keras_transfer.run.predictions_csv import read_run_predictions


@pytest.fixture(scope="module")
def report_page():
    return load("report_page")


def test_images_are_repeated_with_their_predictions(report_page, unsure_run, stripes, tmp_path):
    own = read_run_predictions(unsure_run).select("test")
    run, root = report_page.repeat_images(unsure_run, stripes, 60, tmp_path)
    found = read_run_predictions(run)
    assert len({*found.paths}) == len(found) == 60
    assert all((root / path).is_file() for path in found.paths)
    assert found.truth.tolist()[:24] == found.truth.tolist()[24:48] == own.truth.tolist()
    assert (found.probabilities[24:48] == own.probabilities).all()
    assert Counter(found.splits.tolist()) == {"validation": 60}
