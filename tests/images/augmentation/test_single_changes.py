"""Each single change on its own: what it does to pixels, and that it keeps to its range."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageEnhance, ImageOps

from keras_transfer.config.sections.augment_settings import OFF, AugmentConfig
from keras_transfer.data.batch_order import view_seeds
from keras_transfer.images.augmentation import view_draws as take
from keras_transfer.images.augmentation.augment_batch import augment_batch
from keras_transfer.images.augmentation.presets import change_only, is_heavy, resolve_augmentation
from keras_transfer.images.augmentation.randaugment import OPERATIONS, apply_operations
from keras_transfer.images.augmentation.view_draws import draw_uniform
from keras_transfer.system.errors import ConfigError

COUNT, SIDE = 12, 64
CHANGES = {
    "flip": True,
    "flip_vertical": True,
    "rotation": 15.0,
    "crop": 0.3,
    "zoom": 0.3,
    "shift": 0.2,
    "brightness": 0.3,
    "contrast": 0.5,
    "saturation": 0.5,
    "hue": 0.3,
    "grayscale": 1.0,
    "blur": 1.0,
    "erase": 1.0,
    "randaugment": 9.0,
    "invert": 0.5,
    "recolour": 0.8,
}


@pytest.fixture(scope="module")
def pictures():
    """Coarse coloured noise with black and white in it."""
    cells = np.random.default_rng(0).uniform(-40, 295, (COUNT, 16, 16, 3)).clip(0, 255)
    return cells.repeat(4, axis=1).repeat(4, axis=2).astype(np.float32)


def draw(seed=0, view=0, count=COUNT):
    return draw_uniform(view_seeds(seed, np.arange(count), np.full(count, view)))


def change(pictures, draws=None, **settings):
    draws = draw() if draws is None else draws
    return augment_batch(change_only(**settings))(tf.constant(pictures), draws).numpy()


def fix(pictures, **columns):
    """Return draws in the middle of every range, except for columns given by their names."""
    draws = np.full((len(pictures), take.DRAWS), 0.5, np.float32)
    for name, value in columns.items():
        draws[:, getattr(take, name)] = value
    return tf.constant(draws)


@pytest.mark.thorough
@pytest.mark.parametrize("name", CHANGES)
def test_a_single_change_alters_pixels_by_seed_and_view_and_keeps_the_range(name, pictures):
    first = change(pictures, **{name: CHANGES[name]})
    assert first.shape == pictures.shape
    assert first.min() >= 0
    assert first.max() <= 255
    np.testing.assert_array_equal(first, change(pictures, **{name: CHANGES[name]}))
    views = np.stack(
        [
            change(pictures, draw(seed, view), **{name: CHANGES[name]})
            for seed, view in ((1, 0), (0, 1))
        ]
    )
    assert np.abs(first - pictures).mean() > 0.2
    if name != "grayscale":  # which has one result only
        assert (np.abs(views - first).mean(axis=(1, 2, 3, 4)) > 0.2).all()


def test_all_of_them_together_are_one_view_again_whatever_is_in_the_batch(pictures):
    together = change(pictures, **CHANGES)
    rows = [4, 1]
    again = change(pictures[rows], tf.gather(draw(), rows), **CHANGES)
    # sine and cosine may differ in their last bit with the size of the batch
    np.testing.assert_allclose(again, together[rows], atol=0.05)


def test_a_crop_keeps_its_share_of_the_area_inside_the_image():
    """Coordinates as colours say where each corner of a view comes from."""
    line = np.arange(SIDE, dtype=np.float32)
    picture = np.stack([*np.meshgrid(line, line), np.zeros((SIDE, SIDE))], axis=2)
    views = change(np.tile(picture, (200, 1, 1, 1)).astype(np.float32), draw(count=200), crop=0.3)
    spans = (views[:, -1, -1, :2] - views[:, 0, 0, :2]) / (SIDE - 1)
    areas, ratios = spans.prod(axis=1), spans[:, 0] / spans[:, 1]
    assert 0.29 < areas.min() < 0.35
    assert 0.95 < areas.max() < 1.01
    assert 0.74 < ratios.min() < 0.85
    assert 1.18 < ratios.max() < 1.34
    assert (np.diff(views[:, SIDE // 2, :, 0], axis=1) > 0).all()  # no edge is reflected


def test_no_two_changes_take_the_same_column():
    taken = []
    for name, value in vars(take).items():
        if isinstance(value, slice):
            taken += range(take.DRAWS)[value]
        elif name.isupper() and name not in ("DRAWS", "FREE", "FIRST_FIELDS", "OFF"):
            taken += np.ravel(value).tolist()
    assert sorted(taken) == list(range(take.FREE))
    taken += [take.own_column(field) for field in [*OFF][take.FIRST_FIELDS :]]
    assert sorted(taken) == list(range(len(taken)))
    assert len(taken) <= take.DRAWS


def test_every_setting_has_a_strength_to_be_tested_at():
    assert {*CHANGES, "mixup", "cutmix"} == set(OFF)


@pytest.mark.parametrize(("column", "axis"), [("CROP_X", 0), ("CROP_Y", 1)])
def test_each_place_of_a_crop_is_along_its_own_axis(column, axis):
    line = np.arange(SIDE, dtype=np.float32)
    picture = np.stack([*np.meshgrid(line, line), np.zeros((SIDE, SIDE))], axis=2)[None]
    found = [change(picture, fix(picture, **{column: at}), crop=0.3)[0, 0, 0] for at in (0.0, 1.0)]
    moved = (found[1] - found[0])[:2]
    assert moved[axis] > 10
    assert abs(moved[1 - axis]) < 0.1


def test_an_erased_rectangle_has_one_colour_and_a_share_of_the_area():
    white = np.full((300, SIDE, SIDE, 3), 255, np.float32)
    views = change(white, draw(count=300), erase=0.5)
    erased = (views != 255).any(axis=3)
    shares = erased.mean(axis=(1, 2))
    assert 120 < (shares > 0).sum() < 180
    assert shares[shares > 0].min() > 0.015
    assert 0.35 < shares.max() < 0.42
    for view, hole in zip(views[:40], erased[:40], strict=True):
        assert not hole.any() or np.ptp(view[hole], axis=0).max() == 0


def test_a_blur_smooths_and_keeps_the_mean(pictures):
    blurred = change(pictures, fix(pictures, BLUR=0.0, BLUR_WIDTH=1.0), blur=0.5)
    flat = np.full((1, SIDE, SIDE, 3), 99, np.float32)
    assert blurred.std() < 0.97 * pictures.std()
    np.testing.assert_allclose(blurred.mean(), pictures.mean(), atol=1)
    np.testing.assert_allclose(change(flat, fix(flat, BLUR=0.0), blur=0.5), flat, atol=0.01)
    np.testing.assert_array_equal(change(pictures, fix(pictures), blur=0.5), pictures)


def test_each_channel_is_inverted_by_itself_with_its_probability(pictures):
    draws = draw(count=400)
    views = change(np.tile(pictures[:1], (400, 1, 1, 1)), draws, invert=0.3)
    is_negative = np.abs(views - (255 - pictures[:1])).max((1, 2)) < 1e-3  # (400, 3)
    assert (is_negative | (np.abs(views - pictures[:1]).max((1, 2)) < 1e-3)).all()
    assert (np.abs(is_negative.mean(axis=0) - 0.3) < 0.08).all()
    assert np.abs(np.corrcoef(is_negative.T) - np.eye(3)).max() < 0.15  # no channel tells another


def test_recoloured_channels_have_a_shade_each_for_black_and_white():
    picture = np.zeros((400, 2, 2, 3), np.float32)
    picture[:, 0, 0], picture[:, 0, 1] = 255, 128
    views = change(picture, draw(count=400), recolour=1.0)
    white, middle, black = views[:, 0, 0], views[:, 0, 1], views[:, 1, 0]
    np.testing.assert_allclose(middle, black + (white - black) * 128 / 255, atol=1e-3)
    shades = np.concatenate([black, white], axis=1)  # (400, 6), each of any height by itself
    assert (np.abs(np.quantile(shades, (0.1, 0.9), axis=0).T - (25.5, 229.5)) < 20).all()
    assert np.abs(np.corrcoef(shades.T) - np.eye(6)).max() < 0.2
    half = change(picture, draw(count=400), recolour=0.5)
    np.testing.assert_allclose(half, (views + picture) / 2, atol=1e-3)


def test_a_third_of_the_colour_circle_turns_red_into_green():
    red = np.tile(np.array([200, 0, 0], np.float32), (1, SIDE, SIDE, 1))
    turned = change(red, fix(red, HUE=1.0), hue=1 / 3)
    np.testing.assert_allclose(turned[0, 0, 0], [0, 200, 0], atol=0.1)


def test_a_vertical_flip_turns_upside_down(pictures):
    turned = change(pictures, fix(pictures, FLIP_VERTICAL=0.0), flip_vertical=True)
    np.testing.assert_allclose(turned, pictures[:, ::-1], atol=0.01)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("identity", lambda image: image),
        ("autocontrast", ImageOps.autocontrast),
        ("equalize", ImageOps.equalize),
        ("solarize", lambda image: ImageOps.solarize(image, 128)),
        ("posterize", lambda image: ImageOps.posterize(image, 6)),
        ("color", lambda image: ImageEnhance.Color(image).enhance(1.45)),
        ("contrast", lambda image: ImageEnhance.Contrast(image).enhance(1.45)),
        ("brightness", lambda image: ImageEnhance.Brightness(image).enhance(1.45)),
        ("sharpness", lambda image: ImageEnhance.Sharpness(image).enhance(1.45)),
        ("rotate", lambda image: image.rotate(15, Image.Resampling.BILINEAR)),
    ],
)
def test_operations_of_randaugment_are_those_of_pillow(name, expected):
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    picture = np.stack([30 + 2 * x, 60 + x + y, 250 - 3 * y], axis=2).astype(np.uint8)
    found = OPERATIONS[name](tf.constant(picture[None], tf.float32), tf.constant([0.5]))[0]
    wanted = np.asarray(expected(Image.fromarray(picture)), float)
    inner = slice(12, -12)  # turned images have corners, and Pillow does not smooth the border
    np.testing.assert_allclose(found.numpy()[inner, inner], wanted[inner, inner], atol=2.1)


def test_the_two_operations_of_an_image_are_drawn_apart(pictures):
    names = list(OPERATIONS)
    draws = np.full((COUNT, take.DRAWS), 0.75, np.float32)  # upwards
    for (which, _), name in zip(take.OPERATIONS, ("solarize", "posterize"), strict=True):
        draws[:, which] = (names.index(name) + 0.5) / len(names)
    levels = tf.fill([COUNT], 0.9)
    once = OPERATIONS["solarize"](tf.constant(pictures), levels)
    expected = OPERATIONS["posterize"](once, levels)
    found = apply_operations(
        tf.constant(pictures), tf.constant(draws), change_only(randaugment=9.0)
    )
    np.testing.assert_array_equal(found, expected)


def test_every_operation_takes_no_image_and_keeps_the_range(pictures):
    for name, operation in OPERATIONS.items():
        for level in (-1.0, 1.0):
            found = operation(tf.constant(pictures), tf.fill([COUNT], level)).numpy()
            assert found.shape == pictures.shape, name
            assert found.min() >= 0, name
            assert found.max() <= 255, name
        nothing = tf.zeros((0, SIDE, SIDE, 3))
        assert operation(nothing, tf.zeros([0])).shape == nothing.shape, name


def test_settings_go_on_top_of_their_preset():
    found = resolve_augmentation(AugmentConfig(preset="strong", flip=False, crop=0.5, rotation=0))
    strong = resolve_augmentation(AugmentConfig(preset="strong"))
    assert found == dataclasses.replace(strong, flip=False, crop=0.5, rotation=0.0)


@pytest.mark.parametrize(
    ("settings", "heavy"),
    [
        ({}, False),
        ({"preset": "strong", "flip": False}, True),
        ({"preset": "randaugment"}, True),
        ({"preset": "randaugment", "randaugment": 0}, False),
        ({"mixup": 0.2}, True),
        ({"preset": "cutmix", "cutmix": 0}, False),
        ({"crop": 0.1}, False),
    ],
)
def test_what_lives_from_new_views_is_heavy(settings, heavy):
    assert is_heavy(resolve_augmentation(AugmentConfig(**settings))) == heavy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("crop", 0), ("crop", 1.1), ("rotation", 181), ("hue", 0.6), ("randaugment", 11)),
        *(("mixup", -0.1), ("blur", 2), ("flip", 1), ("zoom", True), ("erase", "0.5")),
    ],
)
def test_settings_out_of_their_range_or_of_another_kind_are_refused(name, value):
    with pytest.raises(ConfigError, match=f"`augment.{name}` must be "):
        AugmentConfig(**{name: value})
