import dataclasses
import itertools
import math

import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf
from PIL import Image

from keras_transfer.config.sections.augment_settings import OFF, AugmentConfig
from keras_transfer.data.batch_order import view_seeds
from keras_transfer.images.augmentation.augment_batch import augment_batch
from keras_transfer.images.augmentation.presets import (
    AUGMENTATIONS,
    change_only,
    resolve_augmentation,
)
from keras_transfer.images.augmentation.view_draws import DRAWS, draw_uniform

SIDE = 32
ROTATION, ZOOM, FLIP, SHIFT_X, SHIFT_Y, BRIGHTNESS, CONTRAST, SATURATION = 0, 1, 2, 3, 4, 8, 9, 10


def draw_pictures(count=4, seed=0):
    """Return noise that is smooth, so that a turn by a degree changes it by a little only."""
    noise = np.random.default_rng(seed).uniform(0, 255, (count, SIDE, SIDE, 3))
    smooth = scipy.ndimage.gaussian_filter(noise, (0, 3, 3, 0))
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low) * 255).astype(np.float32)


def draws_of(seed, images, views):
    return draw_uniform(view_seeds(seed, np.array(images), np.array(views)))


def change(augmentation, images, draws):
    return augment_batch(augmentation)(tf.constant(images), draws).numpy()


def set_draws(count=1, **columns):
    """Return draws that change nothing, except for the columns given by their names."""
    draws = np.full((count, DRAWS), 0.5, np.float32)  # the middle of every range; no flip
    for name, value in columns.items():
        draws[:, globals()[name]] = value
    return tf.constant(draws)


def test_draws_are_uniform_and_belong_to_their_seed_alone():
    seeds = view_seeds(0, np.arange(300), np.full(300, 7))
    draws = draw_uniform(seeds).numpy()
    assert draws.shape == (300, DRAWS)
    assert draws.dtype == np.float32
    assert draws.min() >= 0
    assert draws.max() < 1
    assert np.abs(draws.mean(axis=0) - 0.5).max() < 0.08
    np.testing.assert_array_equal(draw_uniform(seeds[::-7]), draws[::-7])


@pytest.mark.parametrize("preset", AUGMENTATIONS)
def test_every_preset_keeps_shape_type_and_range(preset):
    noise = np.random.default_rng(0).uniform(0, 255, (3, SIDE, SIDE, 3))
    edges = np.random.default_rng(1).choice([0.0, 255.0], (3, SIDE, SIDE, 3))
    images = np.concatenate([noise, edges, np.full((2, SIDE, SIDE, 3), 255.0)]).astype(np.float32)
    for view in range(4):
        changed = change(AUGMENTATIONS[preset], images, draws_of(0, range(8), [view] * 8))
        assert changed.shape == images.shape
        assert changed.dtype == np.float32
        assert changed.min() >= 0
        assert changed.max() <= 255


@pytest.mark.parametrize("preset", AUGMENTATIONS)
def test_every_preset_makes_a_view_again_whatever_is_in_the_batch(preset):
    pictures = draw_pictures(5)
    together = change(AUGMENTATIONS[preset], pictures, draws_of(3, range(5), [9, 8, 7, 6, 5]))
    order = [4, 1]
    again = change(AUGMENTATIONS[preset], pictures[order], draws_of(3, order, [5, 8]))
    np.testing.assert_array_equal(again, together[order])


@pytest.mark.thorough
@pytest.mark.parametrize("preset", AUGMENTATIONS)
def test_every_preset_works_in_a_graph_of_unknown_batch_size(preset):
    row = augment_batch(AUGMENTATIONS[preset])
    specs = tf.TensorSpec((None, SIDE, SIDE, 3)), tf.TensorSpec((None, DRAWS))
    in_graph = tf.function(row, input_signature=specs)
    pictures, draws = draw_pictures(), draws_of(0, range(4), range(4))
    eager = change(AUGMENTATIONS[preset], pictures, draws)
    np.testing.assert_allclose(in_graph(pictures, draws), eager, atol=1e-3)


@pytest.mark.parametrize("preset", [n for n, row in AUGMENTATIONS.items() if not row.randaugment])
def test_every_preset_without_flips_never_mirrors(preset):
    # dark on the left, bright on the right: only a mirror image has it the other way round
    picture = np.tile(np.linspace(0, 255, SIDE, dtype=np.float32)[None, :, None], (SIDE, 1, 3))
    unflipped = resolve_augmentation(AugmentConfig(preset=preset), flips=False)
    views = change(unflipped, np.stack([picture] * 40), draws_of(0, [0] * 40, range(40)))
    assert (
        views[:, 8:-8, 20:24].mean(axis=(1, 2, 3)) > views[:, 8:-8, 8:12].mean(axis=(1, 2, 3))
    ).all()


def test_none_is_the_identity():
    pictures = draw_pictures()
    changed = change(AUGMENTATIONS["none"], pictures, draws_of(0, range(4), range(4)))
    np.testing.assert_array_equal(changed, pictures)


def test_light_mirrors_half_of_the_views_and_changes_nothing_else():
    picture = draw_pictures(1)
    views = change(
        AUGMENTATIONS["light"], np.repeat(picture, 100, 0), draws_of(0, [0] * 100, range(100))
    )
    same = (views == picture).all(axis=(1, 2, 3))
    mirrored = (views == picture[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | mirrored).all()
    assert 30 < mirrored.sum() < 70


@pytest.mark.parametrize("preset", ["standard", "strong"])
def test_views_differ_from_each_other(preset):
    pictures = np.repeat(draw_pictures(1), 12, axis=0)
    views = change(AUGMENTATIONS[preset], pictures, draws_of(0, [0] * 6 + [1] * 6, [*range(6)] * 2))
    for first in range(12):
        for second in range(first):
            assert np.abs(views[first] - views[second]).mean() > 1


def test_the_middle_of_every_range_changes_nothing():
    pictures = draw_pictures()
    changed = change(AUGMENTATIONS["strong"], pictures, set_draws(4))
    np.testing.assert_allclose(changed, pictures, atol=0.01)


@pytest.mark.parametrize(("draw", "degrees"), [(1.0, 30.0), (0.75, 15.0), (0.0, -30.0)])
def test_a_draw_turns_by_its_angle_anticlockwise(draw, degrees):
    picture = draw_pictures(1)
    turned = change(change_only(rotation=30.0), picture, set_draws(ROTATION=draw))[0]
    expected = Image.fromarray(picture[0].astype(np.uint8)).rotate(
        degrees, Image.Resampling.BILINEAR
    )
    inner = slice(6, -6)  # where no corner is missing
    np.testing.assert_allclose(turned[inner, inner], np.asarray(expected)[inner, inner], atol=3)


@pytest.mark.parametrize(("draw", "factor"), [(1.0, 1.5), (0.0, 1 / 1.5)])
def test_a_draw_zooms_out_and_in_by_the_same_factor(draw, factor):
    picture = draw_pictures(1)
    zoomed = change(change_only(zoom=0.5), picture, set_draws(ZOOM=draw))[0]
    size, centre = (SIDE, SIDE), SIDE / 2
    numbers = (factor, 0, centre - factor * centre, 0, factor, centre - factor * centre)
    image = Image.fromarray(picture[0].astype(np.uint8))
    expected = image.transform(size, Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR)
    inner = slice(8, -8)  # zoomed out, the picture has margins
    np.testing.assert_allclose(zoomed[inner, inner], np.asarray(expected)[inner, inner], atol=3)


def test_a_draw_shifts_by_its_share_of_the_side_and_reflects_the_edge():
    picture = draw_pictures(1)
    moved = change(change_only(shift=0.125), picture, set_draws(SHIFT_X=1.0, SHIFT_Y=0.0))[0]
    expected = np.pad(picture[0], ((4, 4), (4, 4), (0, 0)), mode="symmetric")[:SIDE, 8:]
    np.testing.assert_allclose(moved, expected, atol=0.01)


def compose(augmentation, draws):
    """Return the matrix from output to input pixels (x, y, 1), one standard matrix a change."""
    centre = (SIDE - 1) / 2
    around = 2 * draws - 1
    angle = math.radians(around[ROTATION] * augmentation.rotation)
    scale = (1 + augmentation.zoom) ** around[ZOOM]
    mirror = -1 if draws[FLIP] < 0.5 else 1
    cosine, sine = math.cos(angle), math.sin(angle)
    shift = around[[SHIFT_X, SHIFT_Y]] * augmentation.shift * SIDE
    return (
        np.array([[1, 0, centre + shift[0]], [0, 1, centre + shift[1]], [0, 0, 1]])
        @ np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
        @ np.diag([scale, scale, 1])
        @ np.diag([mirror, 1, 1])
        @ np.array([[1, 0, -centre], [0, 1, -centre], [0, 0, 1]])
    )


@pytest.mark.parametrize("view", range(4))
def test_all_moves_at_once_are_one_resampling_by_the_product_of_the_moves(view):
    moves = dataclasses.replace(AUGMENTATIONS["strong"], brightness=0, contrast=0, saturation=0)
    picture, draws = draw_pictures(1), draws_of(0, [0], [view])
    ys, xs = np.mgrid[:SIDE, :SIDE]
    points = np.stack([xs.ravel(), ys.ravel(), np.ones(SIDE * SIDE)])
    x, y, _ = compose(moves, draws.numpy()[0].astype(float)) @ points
    expected = np.stack(
        [
            scipy.ndimage.map_coordinates(
                picture[0, :, :, channel], [y, x], order=1, mode="reflect"
            )
            for channel in range(3)
        ],
        axis=1,
    ).reshape(SIDE, SIDE, 3)
    np.testing.assert_allclose(change(moves, picture, draws)[0], expected, atol=0.1)


def test_brightness_adds_a_share_of_the_range():
    picture = np.full((1, SIDE, SIDE, 3), 100.0, np.float32)
    for draw, level in ((1.0, 151.0), (0.0, 49.0)):
        changed = change(change_only(brightness=0.2), picture, set_draws(BRIGHTNESS=draw))
        np.testing.assert_allclose(changed, level, atol=0.01)


def test_contrast_moves_away_from_the_mean_of_each_image_and_channel():
    picture = 100 + draw_pictures(2) / 5
    picture[1] += 30
    changed = change(change_only(contrast=0.3), picture, set_draws(2, CONTRAST=1.0))
    mean = picture.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(changed, mean + 1.3 * (picture - mean), atol=0.01)


def test_no_saturation_is_gray():
    changed = change(change_only(saturation=1.0), draw_pictures(), set_draws(4, SATURATION=0.0))
    np.testing.assert_allclose(changed.max(axis=3), changed.min(axis=3), atol=0.01)


def test_presets_grow_from_none_to_strong():
    names = ("none", "light", "standard", "strong")
    strengths = [[getattr(AUGMENTATIONS[name], change) for change in OFF] for name in names]
    for weaker, stronger in itertools.pairwise(strengths):
        assert all(np.array(weaker, float) <= np.array(stronger, float))
    assert AUGMENTATIONS["none"] == change_only()


def test_presets_that_were_measured_give_the_views_that_they_gave():
    """The first numbers of a view stay the same however many are drawn: see `view_draws.py`."""
    draws = draws_of(0, range(2), [7, 8]).numpy()
    expected = [[0.892187, 0.236141, 0.394523], [0.044167, 0.033313, 0.041261]]
    np.testing.assert_allclose(draws[:, [0, 8, 15]], expected, atol=1e-5)
