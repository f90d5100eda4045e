"""Places at which a network can be cut, and the part between two of them."""

from collections.abc import Sequence

import keras


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
        inputs = keras.tree.flatten(operation.input)
        if isinstance(operation, keras.layers.InputLayer):
            inputs = []
        # A bare operation such as x + 3 is no layer; it goes with the last layer that feeds it.
        index = position.get(id(operation), max((made[id(x)] for x in inputs), default=0))
        for tensor in inputs:
            used[id(tensor)] = max(used[id(tensor)], index)
        for tensor in keras.tree.flatten(operation.output):
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


def find_cut(backbone: keras.Model, first_learning: int | None) -> int | None:
    """Find where the locked part of a network ends, for work that is to be done once.

    Args:
        backbone: What `build_backbone` returned.
        first_learning: The freeze boundary; None: everything is locked.

    Returns:
        The last frontier at or below the boundary, or depth + 1 where everything is locked: the
        pooled features are the least to keep. None if nothing that learns lies below it.
    """
    depth = len(backbone.layers)
    if first_learning is None or first_learning >= depth:
        return depth + 1
    cut = max((cut for cut in find_frontiers(backbone) if cut <= first_learning), default=0)
    locked = backbone.layers[:cut]
    scaling = keras.layers.Normalization  # has weights, and nothing to compute
    if not any(layer.weights and not isinstance(layer, scaling) for layer in locked):
        return None
    return cut


def take_part(model: keras.Model, start: int, ends: Sequence[int]) -> keras.Model:
    """Return the part of a classifier between cuts; it shares its variables with the whole.

    Args:
        model: What `build_model` returned, with a backbone of `depth` layers.
        start: 0: raw images. A frontier: what crosses it. depth + 1: pooled features.
        ends: The same numbers, above `start`; depth + 2: probabilities.

    Returns:
        A functional model from one input, of the dtype that crosses there, to a list of outputs,
        or to one output where there is one end.
    """
    backbone = model.get_layer("backbone")
    position, depth = model.layers.index(backbone), len(backbone.layers)
    pool, head = model.layers[position + 1], model.layers[position + 2 :]
    frontiers = find_frontiers(backbone)
    crossing = {0: model.input, **frontiers, depth + 1: pool.output}[start]
    x = inputs = keras.Input(crossing.shape[1:], dtype=crossing.dtype)
    if start == 0:
        for layer in model.layers[1:position]:
            x = layer(x)
    found: dict[int, keras.KerasTensor] = {}
    if start <= depth:
        wanted = sorted({min(end, depth) for end in ends})
        first = frontiers[start] if start else backbone.input
        part = keras.Model(first, [frontiers[cut] for cut in wanted])
        found = dict(zip(wanted, part(x), strict=True))
        x = pool(found[depth]) if depth in found else x
    found[depth + 1] = x
    if depth + 2 in ends:
        for layer in head:
            x = layer(x)
        found[depth + 2] = x
    outputs = [found[end] for end in ends]
    return keras.Model(inputs, outputs if len(outputs) > 1 else outputs[0])
