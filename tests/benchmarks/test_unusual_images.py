"""Foreign images are compared with own ones rightly; what is measured is not tested."""

import numpy as np
import pytest
from benchmark_modules import load


@pytest.fixture(scope="module")
def unusual_images():
    return load("unusual_images")


def test_the_area_is_the_share_of_pairs_in_order(unusual_images):
    own, foreign = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 5.0, 0.5])
    pairs = [0.5 if a == b else float(b > a) for a in own for b in foreign]
    assert unusual_images.measure_auroc(own, foreign) == pytest.approx(np.mean(pairs))


def test_images_of_no_thing_are_made(unusual_images):
    made = unusual_images.make_images()
    spread = {name: images[0].astype(float).std(axis=(0, 1)).max() for name, images in made.items()}
    assert {images.shape for images in made.values()} == {(100, 64, 64, 3)}
    assert spread["flat colours"] == 0
    steps = {name: np.abs(np.diff(each[0].astype(int), axis=0)) for name, each in made.items()}
    assert steps["blobs"].mean() < 8 < steps["noise"].mean()
