"""Of what tokens look at counts what speaks for the class."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_grad_cam import build, count_hits, draw_patches

from keras_transfer.evaluation.explanation.attention_heat import find_attention_heat
from keras_transfer.evaluation.explanation.grad_cam import trace_grad_cam
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.graphs.vision_transformer import Transformer, build_vision_transformer


def make_row(class_token):
    shape = Transformer(6, blocks=2, heads=4, width=32, mlp_width=64, class_token=class_token)
    return Backbone(
        build=lambda side: build_vision_transformer(shape, side), preprocess="tf", image_size=48
    )


@pytest.mark.parametrize("count", [9, 10])
def test_what_the_class_token_heard_counts_through_all_layers(count):
    random = np.random.default_rng(0)
    attentions = random.random((2, 3, 2, count, count), np.float32)  # layer, image, head
    slopes = random.normal(size=attentions.shape).astype(np.float32)
    found = find_attention_heat([*map(tf.constant, attentions)], [*map(tf.constant, slopes)])
    for image in range(3):
        heard = np.eye(count)
        for layer in range(2):
            raised = np.maximum(attentions[layer, image] * slopes[layer, image], 0)
            heard = heard + raised.mean(0) @ heard
        heard -= np.eye(count)
        wanted = heard[0, 1:] if count == 10 else heard.mean(0)
        assert np.allclose(found[image], wanted.reshape(3, 3), atol=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("class_token", [True, False])
def test_a_transformer_has_a_map_of_its_patches(class_token):
    images = np.random.default_rng(0).integers(0, 256, (9, 48, 48, 3), dtype=np.uint8)
    classes = np.arange(9) % 2
    maps = trace_grad_cam(build(make_row(class_token)))(images, classes)
    assert maps.shape == (9, 8, 8)
    assert (maps.max((1, 2)) == 1).all()
    assert maps.min() >= 0
    assert (maps[8] != maps[0]).any()


@pytest.mark.parametrize(
    ("class_token", "least"),
    [
        pytest.param(True, 30, marks=pytest.mark.thorough),
        pytest.param(False, 60, marks=pytest.mark.slow),
    ],
)
def test_heat_lies_on_the_patch_more_often_than_chance(class_token, least):
    """Chance is 6 of 100. Convolutions know better where they look: see test_grad_cam."""
    keras.utils.set_random_seed(0)
    model, untrained = build(make_row(class_token)), build(make_row(class_token))
    images, labels, _ = draw_patches(1500, 1)
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(keras.optimizers.Adam(0.002), loss, metrics=["accuracy"])
    model.fit(images, labels, batch_size=30, epochs=8, verbose=0)
    found = draw_patches(100, 2)
    assert model.evaluate(*found[:2], verbose=0, return_dict=True)["accuracy"] > 0.95
    assert count_hits(model, *found) >= least
    assert count_hits(untrained, *found) < least
