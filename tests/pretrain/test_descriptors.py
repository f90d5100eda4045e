"""Descriptors answer to what they are named after, and to nothing else."""

import numpy as np
import pytest

from keras_transfer.pretrain.descriptors import DescriptorLoss, describe

SIDE = 48


@pytest.fixture
def pictures():
    return np.random.default_rng(0).uniform(0, 255, (6, SIDE, SIDE, 3)).astype(np.float32)


def _describe(pictures):
    return {name: np.asarray(rows) for name, rows in describe(pictures).items()}


def test_shapes(pictures):
    shapes = {name: rows.shape for name, rows in _describe(pictures).items()}
    assert shapes == {
        "colours": (6, 108),
        "histogram": (6, 64),
        "energies": (6, 56),
        "coarse": (6, 252),
        "fine": (6, 432),
    }


def test_the_histogram_counts_colours():
    picture = np.zeros((1, SIDE, SIDE, 3), np.float32)
    picture[:, : SIDE // 4] = 255, 85, 0  # on steps 3, 1 and 0 of four
    shares = _describe(picture)["histogram"][0].reshape(4, 4, 4) ** 2
    assert shares[3, 1, 0] == pytest.approx(0.25, abs=1e-3)
    assert shares[0, 0, 0] == pytest.approx(0.75, abs=1e-3)
    assert shares.sum() == pytest.approx(1, abs=1e-3)


def test_turning_the_picture_turns_the_directions(pictures):
    """The filters look at 0, 45, 90 and 135 degrees."""
    found = _describe(pictures)["energies"][:, :4]
    turned = _describe(pictures.transpose(0, 2, 1, 3))["energies"][:, :4]
    np.testing.assert_allclose(turned[:, 0], found[:, 2], rtol=1e-3)
    np.testing.assert_allclose(turned[:, 1], found[:, 1], rtol=1e-3)
    stripes = np.broadcast_to(np.arange(SIDE) % 4 // 2 * 255.0, (1, SIDE, SIDE))
    one = _describe(np.repeat(stripes[..., None], 3, -1).astype(np.float32))["energies"][0, :4]
    assert one.argmax() == 0  # it changes from left to right


def test_energies_do_not_see_the_level(pictures):
    pictures = pictures / 2
    brighter = _describe(pictures + 100)
    found = _describe(pictures)
    inside = slice(16, 20)  # the middle of 3x3 parts: the border has black beyond it
    np.testing.assert_allclose(brighter["coarse"][:, inside], found["coarse"][:, inside], atol=1e-3)
    assert np.abs(brighter["colours"] - found["colours"]).max() > 0.3


def test_parts_stay_in_their_places(pictures):
    changed = pictures.copy()
    changed[:, :8, :8] = 0  # the first of 6x6 parts
    moved = np.abs(_describe(changed)["colours"] - _describe(pictures)["colours"])
    assert moved[:, :3].min() > 1e-3
    assert moved[:, 3:].max() == 0


def test_the_loss_weighs_every_descriptor_alike(pictures):
    loss = DescriptorLoss(pictures)
    assert loss.size == 108 + 64 + 56 + 252 + 432
    assert np.asarray(loss(pictures, np.zeros((6, loss.size), np.float32))) == pytest.approx(
        1, abs=0.02
    )
    found = _describe(pictures)
    exact = [(rows - rows.mean(0)) / (rows.std(0) + 1e-6) for rows in found.values()]
    assert np.asarray(loss(pictures, np.concatenate(exact, 1))) < 1e-6
    exact[2] *= 0  # one of five says nothing
    assert np.asarray(loss(pictures, np.concatenate(exact, 1))) == pytest.approx(0.2, abs=0.01)
