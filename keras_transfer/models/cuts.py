"""Places at which a network can be cut, and the part between two of them."""

from collections.abc import Sequence
from typing import NamedTuple

import keras

from keras_transfer.config.messages import name_some
from keras_transfer.system.errors import ConfigError

ALIGNED = "align_domains"  # the layer that `align_channels` adds


class Cut(NamedTuple):
    """A place in a classifier; of two cuts, the one that the signal passes first is the smaller."""

    level: int  # 0: raw images; 1: a frontier of the backbone; 2: pooled features; 3: probabilities
    layer: int = 0  # of a frontier: index of the first backbone layer after it

    @property
    def name(self) -> str:
        """What the arrays that are kept here are called."""
        return "pooled" if self == POOLED else "activations"

    def count_layers(self, depth: int) -> int:
        """Return how many layers of a backbone of `depth` layers lie before this place."""
        return self.layer if self.level < POOLED.level else depth

    def to_number(self, depth: int) -> int:
        """Return it as files have it: 0, the layer of a frontier, depth + 1, or depth + 2."""
        return self.layer if self.level < POOLED.level else depth + self.level - 1

    @classmethod
    def from_number(cls, number: int, depth: int) -> "Cut":
        """Return what `to_number` wrote."""
        if number > depth:
            return POOLED if number == depth + 1 else PROBABILITIES
        return frontier(number) if number else IMAGES


IMAGES, POOLED, PROBABILITIES = Cut(0), Cut(2), Cut(3)


def frontier(layer: int) -> Cut:
    """Return the frontier before a backbone layer, see `find_frontiers`."""
    return Cut(1, layer)


def find_frontiers(backbone: keras.Model) -> dict[int, keras.KerasTensor]:
    """Find every place where one tensor alone carries the signal on.

    At a frontier i the network can be cut into `keras.Model(backbone.input, frontiers[i])`, which
    contains layers[:i], and `keras.Model(frontiers[i], backbone.output)`, which contains
    layers[i:]; both share their variables with the backbone. Skip connections and
    squeeze-and-excite branches are respected, because every tensor that crosses is counted.

    Args:
        backbone: What `build_backbone` returned.

    Returns:
        Index of the first layer after the cut -> the tensor that crosses, for every frontier in
        [1, number of layers], in order. The last one is the output of the backbone.
    """
    position = {id(layer): index for index, layer in enumerate(backbone.layers)}
    made: dict[int, int] = {}  # id of a tensor -> index of the layer that makes it
    used: dict[int, int] = {}  # id of a tensor -> index of the last layer that uses it
    tensors: dict[int, keras.KerasTensor] = {}
    for operation in backbone.operations:
        inputs, outputs = _find_ends(operation)
        # A bare operation such as x + 3 is no layer; it goes with the last layer that feeds it.
        index = position.get(id(operation), max((made[id(x)] for x in inputs), default=0))
        for tensor in inputs:
            used[id(tensor)] = max(used[id(tensor)], index)
        for tensor in outputs:
            tensors[id(tensor)] = tensor
            made[id(tensor)] = used[id(tensor)] = index
    depth = len(backbone.layers)
    for tensor in keras.tree.flatten(backbone.output):
        used[id(tensor)] = depth
    frontiers = {}
    for cut in range(1, depth + 1):
        crossing = [key for key in tensors if made[key] < cut <= used[key]]
        if len(crossing) == 1:
            frontiers[cut] = tensors[crossing[0]]
    return frontiers


def _find_ends(
    operation: keras.Operation,
) -> tuple[list[keras.KerasTensor], list[keras.KerasTensor]]:
    """Return what comes in and goes out of an operation where it was first called."""
    if isinstance(operation, keras.layers.InputLayer):
        return [], keras.tree.flatten(operation.output)
    if isinstance(operation, keras.Model):  # its `input` and `output` are those within
        call = operation._inbound_nodes[0]
        return call.input_tensors, call.outputs
    return keras.tree.flatten(operation.input), keras.tree.flatten(operation.output)


def find_cut(backbone: keras.Model, first_learning: int | None) -> Cut | None:
    """Find where the locked part of a network ends, for work that is to be done once.

    Args:
        backbone: What `build_backbone` returned.
        first_learning: The freeze boundary; None: everything is locked.

    Returns:
        The last frontier at or below the boundary, or `POOLED` where everything is locked: pooled
        features are the least to keep. None if nothing that learns lies below it.
    """
    if first_learning is None or first_learning >= len(backbone.layers):
        return POOLED
    last = max((layer for layer in find_frontiers(backbone) if layer <= first_learning), default=0)
    scaling = keras.layers.Normalization  # has weights, and nothing to compute
    locked = backbone.layers[:last]
    if not any(layer.weights and not isinstance(layer, scaling) for layer in locked):
        return None
    return frontier(last)


def expose_pooled(model: keras.Model) -> keras.Model:
    """Return a classifier with its pooled features, (batch, channels), as a second output.

    Where they are given the statistics of another domain, these are meant.

    Args:
        model: What `build_model` returned, or what was read from its file; variables are shared.

    Raises:
        ConfigError: It is none of these: its layers are others.
    """
    names = [layer.name for layer in model.layers]
    if "backbone" not in names[:-2]:
        raise ConfigError(
            "Pooled features are what a model has between its `backbone` and its head. Received: "
            f"a model without, whose layers are {name_some(names)}. Take the model of a run."
        )
    pool = names.index("backbone") + 1
    _, pooled = _find_ends(model.layers[pool + (names[pool + 1] == ALIGNED)])
    return keras.Model(model.inputs, [*model.outputs, *pooled])


def take_part(model: keras.Model, start: Cut, ends: Sequence[Cut]) -> keras.Model:
    """Return the part of a classifier between cuts; it shares its variables with the whole.

    Args:
        model: What `build_model` returned.
        start: Where the signal comes in.
        ends: Where it is handed out, above `start`.

    Returns:
        A functional model from one input, of the dtype that crosses there, to a list of outputs,
        or to one output where there is one end.
    """
    backbone = model.get_layer("backbone")
    position, depth = model.layers.index(backbone), len(backbone.layers)
    pool, head = model.layers[position + 1], model.layers[position + 2 :]
    frontiers = find_frontiers(backbone)
    crossing = {IMAGES: model.input, POOLED: pool.output}.get(start)
    crossing = frontiers[start.layer] if crossing is None else crossing
    x = inputs = keras.Input(crossing.shape[1:], dtype=crossing.dtype)
    if start == IMAGES:
        for layer in model.layers[1:position]:
            x = layer(x)
    found: dict[Cut, keras.KerasTensor] = {}
    if start < POOLED:
        wanted = sorted({end.count_layers(depth) for end in ends})
        first = backbone.input if start == IMAGES else crossing
        part = keras.Model(first, [frontiers[layer] for layer in wanted])
        found = dict(zip(map(frontier, wanted), part(x), strict=True))
        x = pool(found[frontier(depth)]) if depth in wanted else x
    found[POOLED] = x
    if PROBABILITIES in ends:
        for layer in head:
            x = layer(x)
        found[PROBABILITIES] = x
    outputs = [found[end] for end in ends]
    return keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
