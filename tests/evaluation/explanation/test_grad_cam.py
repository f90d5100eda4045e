"""Heat lies on what tells the classes apart, and only that of a trained network does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.evaluation.explanation.grad_cam import find_log_odds, trace_grad_cam
from keras_transfer.evaluation.explanation.heat_overlay import enlarge_heat
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone, build_model

SIDE, PATCH = 48, 12  # pixels of an image, and of what tells its class
QUICK = ("danndigits",)
LARGE = ("resnet101", "efficientnetb3", "efficientnetb4", "efficientnetb7", "convnextbase")
LARGE += (  # others are alike, and of Transformers see test_attention_heat
    *("resnet50", "mobilenetv2", "mobilenetv3large", "efficientnetv2b0", "convnexttiny"),
    *("vitb16", "vitl16"),
)
ROWS = [
    pytest.param(
        name,
        marks=pytest.mark.slow if name in LARGE else [pytest.mark.thorough] * (name not in QUICK),
    )
    for name, row in BACKBONES.items()
    if row.takes == "images"
]


def draw_patches(count, seed):
    """Return noise with a patch of lines, level or upright, its corner, and a patch of checks.

    The checks are as striking as the lines, and in images of both classes.
    """
    random = np.random.default_rng(seed)
    images = random.normal(128, 40, (count, SIDE, SIDE, 3))
    labels, corners = np.arange(count) % 2, np.zeros((count, 2), int)
    bars = np.arange(PATCH) // 2 % 2
    level = np.repeat(bars[:, None], PATCH, axis=1)
    for image, label, corner in zip(images, labels, corners, strict=True):
        corner[:] = random.integers(0, SIDE - PATCH + 1, 2)
        other = corner
        while np.abs(other - corner).max() < PATCH:
            other = random.integers(0, SIDE - PATCH + 1, 2)
        lines = level if label else level.T
        for (row, column), patch in ((corner, lines), (other, level ^ level.T)):
            image[row : row + PATCH, column : column + PATCH] = 40 + 170 * patch[..., None]
    return images.clip(0, 255).astype(np.uint8), labels, corners


def build(row, classes=2, side=SIDE, **head):
    return build_model(row, build_backbone(row, side), classes, HeadConfig(**head))


def count_hits(model, images, labels, corners):
    """Return in how many images the hottest pixel lies on the patch."""
    hits = 0
    for heat, corner in zip(trace_grad_cam(model)(images, labels), corners, strict=True):
        hottest = np.unravel_index(enlarge_heat(heat, SIDE).argmax(), (SIDE, SIDE))
        hits += bool((corner <= hottest).all() and (hottest < corner + PATCH).all())
    return hits


@pytest.mark.thorough
def test_heat_lies_on_the_patch_that_tells_the_class_unless_weights_are_random(tiny_row):
    """Both halves of the claim: J. Adebayo et al., "Sanity Checks for Saliency Maps" (2018)."""
    model, untrained = build(tiny_row), build(tiny_row)
    images, labels, _ = draw_patches(300, 1)
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    model.fit(images, labels, batch_size=30, epochs=7, verbose=0)
    found = draw_patches(100, 2)
    assert model.evaluate(*found[:2], verbose=0, return_dict=True)["accuracy"] > 0.95
    assert count_hits(model, *found) >= 95
    assert count_hits(untrained, *found) < 50
    model.get_layer("backbone").set_weights(untrained.get_layer("backbone").get_weights())
    assert count_hits(model, *found) < 50  # nor does the head alone know where to look


@pytest.mark.parametrize("name", ROWS)
def test_every_backbone_has_heat_in_the_shape_of_a_map(name):
    row = BACKBONES[name]
    side = min(96, row.image_size)
    image = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    explain = trace_grad_cam(build(row, classes=4, side=side))
    maps = explain(np.repeat(image, 4, axis=0), np.arange(4))
    assert maps.shape == (4, maps.shape[1], maps.shape[1])
    assert 3 <= maps.shape[1] <= 6  # Xception's has more than 3 x 3
    assert maps.min() >= 0
    assert maps.max() <= 1
    # a class that nothing speaks for has none; where one is spoken against, another is spoken for
    assert (maps.max((1, 2)) > maps.min((1, 2))).any()


def test_small_images_have_heat_of_a_layer_further_down(tiny_row):
    model = build(tiny_row, side=8)
    assert model.get_layer("backbone").output.shape[1:3] == (2, 2)
    images = np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3))
    assert trace_grad_cam(model)(images, np.array([1])).shape == (1, 4, 4)


def compute_by_hand(model, image, label):
    """Return a map by the formula of the paper, of log p - log(1 - p) in float64."""
    backbone = model.get_layer("backbone")
    features = backbone(model.get_layer("preprocessing")(image[None].astype("float32")))
    dense = model.get_layer("probabilities")
    kernel, bias = dense.kernel.numpy().astype(float), dense.bias.numpy().astype(float)
    features = features.numpy()[0].astype(float)

    def score(features):
        exponents = np.exp(features.mean((0, 1)) @ kernel + bias)
        return np.log(exponents[label]) - np.log(exponents.sum() - exponents[label])

    weights, step = [], 1e-4
    for channel in range(features.shape[-1]):
        moved = features.copy()
        moved[..., channel] += step  # all places at once: the sum of their derivatives
        weights.append((score(moved) - score(features)) / step / features[..., 0].size)
    heat = np.maximum(features @ np.array(weights), 0)
    return heat / heat.max()


def test_heat_is_that_of_the_formula_also_where_weights_are_locked(tiny_row):
    model = build(tiny_row, classes=3)
    model.get_layer("probabilities").bias.assign([0.3, -0.2, 0.1])
    images, _, _ = draw_patches(2, 3)
    wanted = [compute_by_hand(model, image, 2) for image in images]
    for trainable in (True, False):
        model.trainable = trainable
        maps = trace_grad_cam(model)(images, np.array([2, 2]))
        np.testing.assert_allclose(maps, wanted, atol=1e-3)


@pytest.mark.thorough
def test_heat_is_there_where_the_model_is_sure_and_the_same_where_all_scores_are_more(tiny_row):
    model = build(tiny_row)
    images, labels, _ = draw_patches(4, 3)
    dense = model.get_layer("probabilities")
    wanted = trace_grad_cam(model)(images, labels)
    dense.kernel.assign(dense.kernel + np.random.default_rng(0).normal(0, 1, (16, 1)))
    np.testing.assert_allclose(trace_grad_cam(model)(images, labels), wanted, atol=1e-3)
    dense.kernel.assign(dense.kernel * 1e6)
    probabilities = model.predict(images, verbose=0)
    assert {*probabilities.ravel().tolist()} == {0.0, 1.0}  # no derivative is left of these
    np.testing.assert_allclose(trace_grad_cam(model)(images, labels), wanted, atol=1e-3)


def test_images_of_a_batch_do_not_change_each_other(tiny_row):
    grad_cam = trace_grad_cam(build(tiny_row, hidden=8, batch_norm=True))
    images, labels, _ = draw_patches(5, 4)
    alone = [grad_cam(images[row : row + 1], labels[row : row + 1])[0] for row in range(5)]
    np.testing.assert_allclose(grad_cam(images, labels), alone, atol=1e-4)


@pytest.mark.parametrize(
    ("scores", "classes", "kind"),
    [
        ([[0.2, 1.1, -0.4]] * 3, [0, 1, 2], "softmax"),
        ([[0.7]] * 2, [0, 1], "sigmoid"),
        ([[0.2, 1.1, -0.4]] * 3, [0, 1, 2], "sigmoid"),
        ([[0.2, 0.7, 0.1]] * 3, [0, 1, 2], ""),
        ([[0.7]] * 2, [0, 1], ""),
    ],
)
def test_the_score_is_the_log_odds_of_the_class(scores, classes, kind):
    raw = np.array(scores)
    answers = {
        "softmax": np.exp(raw) / np.exp(raw).sum(1, keepdims=True),
        "sigmoid": 1 / (1 + np.exp(-raw)),
        "": raw,
    }[kind]
    if answers.shape[1] == 1:
        answers = np.concatenate([1 - answers, answers], axis=1)
    chosen = answers[np.arange(len(classes)), classes]
    odds = find_log_odds(tf.constant(scores), tf.constant(classes), kind)
    np.testing.assert_allclose(odds, np.log(chosen) - np.log(1 - chosen), rtol=1e-5)


def test_without_a_graph_the_maps_are_the_same(tiny_row):
    model = build(tiny_row)
    images, labels, _ = draw_patches(3, 5)
    plain = trace_grad_cam(model, once=True)(images, labels)
    np.testing.assert_allclose(plain, trace_grad_cam(model)(images, labels), atol=1e-5)


@pytest.mark.parametrize("around", [False, True])
def test_only_what_goes_through_the_feature_map_gives_heat(around):
    """Paths that lead around the map count for the answer, and not for the heat."""
    inputs = keras.Input((8, 8, 3))
    features = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="map")(inputs)
    pooled = [keras.layers.GlobalAveragePooling2D()(features)]
    if around:
        pooled = [keras.layers.Concatenate()([*pooled, keras.layers.Flatten()(inputs)])]
    answer = keras.layers.Dense(3, activation="softmax")
    model = keras.Model(inputs, answer(pooled[0]))
    kernel, _ = answer.get_weights()
    images = np.random.default_rng(0).uniform(0, 1, (2, 8, 8, 3)).astype(np.float32)
    classes = np.array([2, 0])

    maps = keras.Model(inputs, features).predict(images, verbose=0)
    said = model.predict(images, verbose=0)
    for image, own in enumerate(classes):
        others = np.delete(said[image], own) / (1 - said[image, own])
        slopes = kernel[:4, own] - np.delete(kernel[:4], own, axis=1) @ others  # of the log-odds
        heat = np.maximum((maps[image] * slopes).sum(-1), 0)
        found = trace_grad_cam(model)(images, classes)[image]
        np.testing.assert_allclose(found, heat / max(heat.max(), 1e-30), atol=1e-4)
