"""What a network costs is counted in its nested parts as well."""

import keras
import pytest

from keras_transfer.models.graphs.text_encoder import TextEncoder, build_text_encoder
from keras_transfer.training.cost.layer_work import Work, count_work

WIDTH, HEADS, LENGTH, LAYERS = 16, 2, 10, 3
SIZES = {"width": WIDTH, "heads": HEADS, "mlp_width": 32, "vocabulary": 30, "most_tokens": 64}


def count(layers=LAYERS, **changes):
    encoder = build_text_encoder(TextEncoder(layers=layers, **SIZES, **changes))
    return count_work(encoder.layers, LENGTH)


def test_layers_that_share_their_weights_cost_as_often_as_they_are_applied():
    """Of ALBERT: one nested model within another, called for each layer."""
    once = count_work(
        build_text_encoder(TextEncoder(layers=1, **SIZES, shared=True)).layers, LENGTH
    )
    apart, shared = count(), count(shared=True)
    assert shared.products == apart.products == LAYERS * once.products
    assert shared.elements >= apart.elements


def test_attention_within_a_nested_model_is_counted():
    """Of DeBERTa: scores of tokens and distances come on top of those of tokens and tokens."""
    difference = count(buckets=4).products - count().products
    scores = 2 * HEADS * LENGTH * LENGTH * (WIDTH // HEADS)
    distances = 2 * LENGTH * WIDTH * WIDTH  # their keys and queries
    biases = LENGTH * 4 * WIDTH  # which are counted with the kernels of the other attention
    assert difference == LAYERS * (scores + distances - biases)


def test_a_convolution_is_counted_by_hand():
    layer = keras.layers.Conv2D(4, 3, groups=2)
    layer(keras.Input((8, 8, 6)))
    assert count_work([layer]) == Work(6 * 6 * 4 * 9 * 3, 6 * 6 * 4)


@pytest.mark.parametrize("sequential", [False, True])
def test_a_nested_model_costs_what_its_layers_do(sequential):
    inner = keras.Sequential([keras.Input((5,)), keras.layers.Dense(7), keras.layers.Dense(2)])
    part = inner if sequential else keras.Model(inner.inputs, inner.outputs)
    part(keras.Input((5,)))
    assert count_work([part]) == Work(5 * 7 + 7 * 2, 7 + 2)
