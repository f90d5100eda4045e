"""Facts of a network that no row of BACKBONES states, found in its graph."""

import dataclasses
import re
from collections.abc import Mapping

import keras

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.cuts import find_frontiers
from keras_transfer.models.low_rank import find_kinds

# Words that names of layers use for a block, with its number: stack0_block1_conv belongs to
# stack0_block1 and blocks_3_expand to blocks_3. The last such word counts.
BLOCK = re.compile(
    r"^(.*(?:block|stage|stack|layer|unit|cell|group|mixed|module|bottleneck|expanded_conv|conv"
    r"(?=\d+_block))s?_?\d+[a-z]?)(?=[_/.]|$)"
)
MOST_BLOCKS = 24  # where names tell none apart and the frontiers divide
SHARE = 2 / 3  # of the depth, near which a boundary begins by default


def describe_graph(
    draft: Backbone, graph: keras.Model, nested: Mapping[str, str] | None = None
) -> Backbone:
    """Return a row with what only its graph tells.

    Args:
        draft: The row without layers, blocks and parameters.
        graph: What `build_backbone` makes of it.
        nested: See `find_blocks`.
    """
    blocks = find_blocks(graph, nested)
    aim = SHARE * len(graph.layers)
    return dataclasses.replace(
        draft,
        layers=len(graph.layers),
        blocks=blocks,
        default_boundary=min(blocks, key=lambda block: abs(blocks[block] - aim)),
        parameters=graph.count_params(),
        kernels=find_kinds(graph),
    )


def find_blocks(graph: keras.Model, nested: Mapping[str, str] | None = None) -> Mapping[str, int]:
    """Return the index of the first layer of each block; the first block is "stem", at 0.

    Names of layers say what belongs together. Where they do not, the nested models do that they
    were in. Else each place that one tensor alone crosses begins a block, named after its first
    layer that has weights.

    Args:
        graph: A graph without nested models.
        nested: Name of a layer -> of the nested model that it was taken from.
    """
    matches = {layer.name: BLOCK.match(layer.name) for layer in graph.layers}
    named = {name: match[1] for name, match in matches.items() if match}
    for blocks in (named, nested or {}):
        starts, current = {"stem": 0}, "stem"
        for index, layer in enumerate(graph.layers):
            block = blocks.get(layer.name, current)
            if index and block != current:
                current = block
                starts.setdefault(current, index)  # layers of an older one belong where they stand
        if len(starts) > 1:
            return starts
    return _divide_at_frontiers(graph)


def _divide_at_frontiers(graph: keras.Model) -> dict[str, int]:
    weighted = [
        index
        for index, layer in enumerate(graph.layers)
        if layer.weights and not isinstance(layer, keras.layers.BatchNormalization)
    ]
    starts = {}
    for frontier in find_frontiers(graph):
        first = next((index for index in weighted if index >= frontier), None)
        if first is not None:  # the last frontier before a layer with weights wins
            starts[graph.layers[first].name] = frontier
    every = -(-len(starts) // MOST_BLOCKS) or 1
    names = [*starts][1:][::every]  # what is before the second layer with weights is the stem
    return {"stem": 0, **{name: starts[name] for name in names}}
