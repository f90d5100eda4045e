"""Facts of a network that no row of BACKBONES states, found in its graph."""

import dataclasses
import itertools
import re
from collections.abc import Mapping

import keras

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.hub_networks import HubNetwork, find_layer_decay
from keras_transfer.models.cuts import find_frontiers
from keras_transfer.models.low_rank import find_kinds

# Words that names of layers use for a block, with its number: stack0_block1_conv belongs to
# stack0_block1 and blocks_3_expand to blocks_3. The last such word counts.
BLOCK = re.compile(
    r"^(.*(?:block|stage|stack|layer|unit|cell|group|mixed|module|bottleneck|expanded_conv|conv"
    r"(?=\d+_block))s?_?\d+[a-z]?)(?=[_/.]|$)"
)
TEXT_BLOCK = re.compile(r"layer_\d+|shared_layers|pooler")  # of text encoders, after embeddings
MOST_BLOCKS = 24  # where names tell none apart and the frontiers divide
EQUAL_BLOCKS = 12  # where nothing divides
FEW_LAYERS = 40  # up to which any two blocks will do
WIDEST = 0.6  # of the layers of a deeper network, that one block may hold
ATTENTIVE = 1 / 3  # of the blocks of a Transformer, that attend at least
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
    if draft.preset and draft.takes == "texts":
        return _describe_text(draft, draft.preset, graph)
    blocks = find_blocks(graph, nested)
    aim = SHARE * len(graph.layers)
    return dataclasses.replace(
        draft,
        layers=len(graph.layers),
        blocks=blocks,
        default_boundary=min(blocks, key=lambda block: abs(blocks[block] - aim)),
        parameters=graph.count_params(),
        kernels=find_kinds(graph),
        layer_decay=_rate_blocks(graph, blocks),
    )


def _describe_text(draft: Backbone, preset: HubNetwork, graph: keras.Model) -> Backbone:
    """Fill in the row of a text encoder, all of which learns by default, as BERT was fine-tuned."""
    starts = {"embeddings": 0}
    for index, layer in enumerate(graph.layers):
        if found := TEXT_BLOCK.match(layer.name):
            starts.setdefault(found[0], index)
    return dataclasses.replace(
        draft,
        layers=len(graph.layers),
        blocks=starts,
        default_boundary="embeddings",
        parameters=graph.count_params(),
        kernels=find_kinds(graph),
        layer_decay=preset.layer_decay,
    )


def _rate_blocks(graph: keras.Model, blocks: Mapping[str, int]) -> float:
    """Return the `layer_decay` of a Transformer, whose blocks are alike; of another network 1."""
    bounds = [*blocks.values(), len(graph.layers)][1:]
    parts = [graph.layers[start:end] for start, end in itertools.pairwise(bounds)]
    attends = [any("attention" in find_kinds(layer) for layer in part) for part in parts]
    few = sum(attends) < max(1, ATTENTIVE * len(parts))
    return 1.0 if few else find_layer_decay(len(parts))


def find_blocks(graph: keras.Model, nested: Mapping[str, str] | None = None) -> Mapping[str, int]:
    """Return the index of the first layer of each block; the first block is "stem", at 0.

    Names of layers say what belongs together. Where they do not, the nested models do that they
    were in. Else each place that one tensor alone crosses begins a block, named after its first
    layer that has weights. Where all these leave most of a deep network in one block, it is divided
    into equal parts.

    Args:
        graph: A graph without nested models.
        nested: Name of a layer -> of the nested model that it was taken from.
    """
    matches = {layer.name: BLOCK.match(layer.name) for layer in graph.layers}
    named = {name: match[1] for name, match in matches.items() if match}
    ways = (
        lambda: _divide_by_names(graph, named),
        lambda: _divide_by_names(graph, nested or {}),
        lambda: _divide_at_frontiers(graph),
    )
    found = (way() for way in ways)
    sensible = (starts for starts in found if _is_sensible(starts, len(graph.layers)))
    return next(sensible, None) or _divide_equally(graph)


def _is_sensible(starts: Mapping[str, int], depth: int) -> bool:
    """Tell whether blocks are several, and none of a deep network holds most of it."""
    if depth <= FEW_LAYERS:
        return len(starts) > 1
    widest = max(end - start for start, end in itertools.pairwise([*starts.values(), depth]))
    return len(starts) > 2 and widest <= WIDEST * depth


def _divide_by_names(graph: keras.Model, blocks: Mapping[str, str]) -> dict[str, int]:
    """Divide by the block that the name of a layer leads to; a layer of none goes with the last."""
    starts, current = {"stem": 0}, "stem"
    for index, layer in enumerate(graph.layers):
        block = blocks.get(layer.name, current)
        if index and block != current:
            current = block
            starts.setdefault(current, index)  # layers of an older one belong where they stand
    return starts


def _divide_at_frontiers(graph: keras.Model) -> dict[str, int]:
    weighted = _list_weighted(graph)
    starts = {}
    for frontier in find_frontiers(graph):
        first = next((index for index in weighted if index >= frontier), None)
        if first is not None:  # the last frontier before a layer with weights wins
            starts[graph.layers[first].name] = frontier
    every = -(-len(starts) // MOST_BLOCKS) or 1
    names = [*starts][1:][::every]  # what is before the second layer with weights is the stem
    return {"stem": 0, **{name: starts[name] for name in names}}


def _divide_equally(graph: keras.Model) -> dict[str, int]:
    weighted = _list_weighted(graph)
    every = -(-len(weighted) // EQUAL_BLOCKS) or 1
    return {"stem": 0, **{graph.layers[index].name: index for index in weighted[every::every]}}


def _list_weighted(graph: keras.Model) -> list[int]:
    """Return the indices of the layers with weights that do more than normalize a batch."""
    return [
        index
        for index, layer in enumerate(graph.layers)
        if layer.weights and not isinstance(layer, keras.layers.BatchNormalization)
    ]
