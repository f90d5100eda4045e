"""Batches for pretraining: functions of the seed, the epoch and the place."""

import numpy as np
import pytest

from keras_transfer.pretrain.formula_pictures import draw_pictures, keep_pictures
from keras_transfer.pretrain.picture_batches import (
    PictureBatches,
    crop,
    disturb,
    recolour,
)


@pytest.fixture(scope="module")
def pictures():
    return draw_pictures(0, range(24), 112)


@pytest.mark.thorough
def test_pictures_are_drawn_once_and_kept_whole(tmp_path, pictures):
    told = []
    found = keep_pictures(tmp_path / "pictures.npy", 0, 24, 112, told.append)
    np.testing.assert_array_equal(found, pictures)
    assert told == [24]
    keep_pictures(tmp_path / "pictures.npy", 0, 24, 112, lambda done: pytest.fail("drawn again"))
    assert [file.name for file in tmp_path.iterdir()] == ["pictures.npy"]


def test_drawing_that_fails_leaves_nothing(tmp_path):
    def break_off(_):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        keep_pictures(tmp_path / "pictures.npy", 0, 2, 32, break_off)
    assert list(tmp_path.iterdir()) == []


def test_a_batch_is_a_function_of_seed_epoch_and_place(pictures):
    batches, again = (
        PictureBatches(pictures, 8, 96, seed=3),
        PictureBatches(pictures, 8, 96, seed=3),
    )
    batches.start(1)
    again.start(1)
    for one, other in zip(batches[2], again[2], strict=True):
        assert one.shape == (8, 96, 96, 3)
        assert one.dtype == np.float32
        assert 0 <= one.min() < one.max() <= 255
        np.testing.assert_array_equal(one, other)
    other = PictureBatches(pictures, 8, 96, seed=4)
    other.start(1)
    for changed in (batches[1], other[2]):
        assert np.abs(batches[2][0] - changed[0]).mean() > 5
    batches.start(2)
    assert np.abs(batches[2][0] - again[2][0]).mean() > 5


def test_an_epoch_shows_every_picture_once():
    flat = np.broadcast_to(np.arange(24, dtype=np.uint8)[:, None, None, None], (24, 112, 112, 3))
    batches = PictureBatches(flat, 8, 96, seed=0)
    for epoch in range(2):
        batches.start(epoch)
        shown = np.concatenate([batches[index][1][:, 0, 0, 0] for index in range(len(batches))])
        assert sorted(shown) == list(range(24))
        assert list(shown) != list(range(24))


def test_the_target_is_the_clear_crop(pictures):
    seen, clear = PictureBatches(pictures, 8, 96, seed=0)[0]
    assert np.abs(seen - clear).mean(axis=(1, 2, 3)).min() > 1
    correlation = [
        np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(seen, clear, strict=True)
    ]
    assert np.median(correlation) > 0.7  # the same crop of the same picture


def test_crops_are_mirrored_and_moved_and_zoomed():
    steps = np.broadcast_to(np.linspace(0, 255, 112, dtype=np.uint8)[None, :, None], (112, 112, 3))
    random = np.random.default_rng(0)
    rows = np.array([crop(random, steps, 96)[0, :, 0].astype(float) for _ in range(50)])
    ascending = rows[:, -1] > rows[:, 0]
    assert 10 < ascending.sum() < 40
    assert rows[ascending, 0].std() > 10  # not always from the left edge
    widths = np.abs(rows[:, -1] - rows[:, 0]) / 255
    assert 0.65 < widths.min() < 0.75
    assert 0.95 < widths.max() <= 1


def test_colours_change_and_shapes_do_not(pictures):
    before = pictures[:, :96, :96].astype(np.float32)
    kept = before.copy()
    after = recolour(np.random.default_rng(1), before)
    assert 0 <= after.min() < after.max() <= 255
    assert np.abs(after.mean((1, 2, 3)) - before.mean((1, 2, 3))).max() > 20
    grey = (after.std(-1) < 1e-3).all((1, 2))
    assert 0 < grey.sum() < 10
    np.testing.assert_array_equal(before, kept)


def test_noise_and_holes():
    flat = np.full((40, 96, 96, 3), 128, np.float32)
    found = disturb(np.random.default_rng(0), flat)
    assert np.all(flat == 128)
    held = (np.abs(np.median(found, axis=(1, 2)) - 128) < 8).all(-1)
    assert held.all()  # a hole is less than half of the picture
    grain = np.median(np.abs(found - 128), axis=(1, 2, 3))
    assert grain.max() > 5 > grain.min()
    covered = (np.abs(found - 128) > 60).any(-1).mean((1, 2))
    assert 8 < (covered > 0.02).sum() < 32
