"""Blocks are found by the names of layers, and where these say nothing by the graph."""

import itertools

import keras
import pytest

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.graphs.describe_graph import (
    EQUAL_BLOCKS,
    MOST_BLOCKS,
    describe_graph,
    find_blocks,
)


@pytest.mark.parametrize(
    "name",
    [
        *("vgg16", "resnet18"),
        *(pytest.param(name, marks=pytest.mark.thorough) for name in ("resnet50", "vitb16")),
    ],
)
def test_names_tell_the_blocks_that_the_table_states(name):
    row = BACKBONES[name]
    graph = build_backbone(row, row.image_size if name == "vitb16" else 64)
    found = describe_graph(Backbone(image_size=row.image_size), graph)
    assert dict(found.blocks) == dict(row.blocks)
    assert (found.layers, found.parameters) == (row.layers, row.parameters)


def stack(depth):
    x = inputs = keras.Input((32, 32, 3))
    for number in range(depth):
        x = keras.layers.Conv2D(
            4, 3, padding="same", name=f"filters_{'abcdefgh'[number % 8]}{number}"
        )(x)
        x = keras.layers.ReLU()(x)
    return keras.Model(inputs, x)


def test_layers_without_names_of_blocks_are_blocks_themselves():
    found = find_blocks(stack(4))
    assert found == {"stem": 0, "filters_b1": 3, "filters_c2": 5, "filters_d3": 7}


@pytest.mark.thorough
def test_a_deep_network_has_no_more_blocks_than_a_reader_takes_in():
    found = find_blocks(stack(60))
    assert 12 <= len(found) <= MOST_BLOCKS + 1


def test_a_block_begins_once_even_if_its_name_comes_back():
    x = inputs = keras.Input((8, 8, 3))
    for name in ("block1_a", "block2_a", "block1_b", "block3_a"):
        x = keras.layers.Conv2D(3, 1, name=name)(x)
    assert find_blocks(keras.Model(inputs, x)) == {"stem": 0, "block1": 1, "block2": 2, "block3": 4}


def widen(depth, names):
    """A network that two tensors cross everywhere, as NASNet's do."""
    inputs = keras.Input((8, 8, 3))
    x, y = inputs, keras.layers.ReLU(name="aside")(inputs)
    for number in range(depth):
        x, y = y, keras.layers.Add()([x, keras.layers.Conv2D(3, 1, name=names(number))(y)])
    return keras.Model(inputs, keras.layers.Add()([x, y]))


def call(number):
    """A name that tells no block."""
    return f"odd_{chr(200 + number)}"


@pytest.mark.thorough
def test_one_name_in_a_deep_network_makes_no_block():
    graph = widen(
        60, lambda number: "reduction_conv_1_stem" if number == 1 else f"odd_{chr(200 + number)}"
    )
    found = find_blocks(graph)
    assert 8 <= len(found) <= EQUAL_BLOCKS
    starts = [*found.values(), len(graph.layers)]
    assert max(end - start for start, end in itertools.pairwise(starts)) < len(graph.layers) / 5


@pytest.mark.thorough
def test_names_of_a_few_layers_of_a_deep_network_give_way_to_its_models():
    graph = widen(
        60, lambda number: f"block_{number}_x" if number < 3 else f"odd_{chr(200 + number)}"
    )
    nested = {layer.name: f"part {index // 50}" for index, layer in enumerate(graph.layers)}
    assert find_blocks(graph, nested) == {"stem": 0, "part 0": 1, "part 1": 50, "part 2": 100}
