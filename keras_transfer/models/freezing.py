"""What is locked: the freeze boundary, the frontiers where a network can be cut, and the tables.

A phase sets the boundary, then compiles: Keras only notices a changed `trainable` at `compile`.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import keras

from keras_transfer.models.backbones import Backbone
from keras_transfer.models.boundaries import HEAD, block_of

STATISTICS = ("moving_mean", "moving_variance", "mean", "variance", "count")  # of normalisation


class FreezeRow(NamedTuple):
    """A row of freeze_table.csv: what a phase does with one layer."""

    phase: str
    layer: str
    block: str  # of the backbone, or "head"
    trainable: bool  # whether it has weights that the phase moves; without any: above the boundary
    learning_rate: float | None  # its peak in the phase; None where the layer is locked
    batch_norm: str  # frozen, scale or adapt for BatchNorm layers, else empty


class BlockRow(NamedTuple):
    """A row of the table that is printed before a phase: neighbouring layers treated alike."""

    block: str  # a block, a run of blocks "stem … block4b", or "head"
    layers: int
    parameters: int
    trainable: str  # yes, no, or "in part" where the boundary is inside the block
    learning_rate: float | None
    batch_norm: str


def set_boundary(backbone: keras.Model, first_learning: int | None, batch_norm: str) -> None:
    """Lock the backbone's layers below the freeze boundary and unlock the others.

    A BatchNorm layer normalises by the batch and moves its statistics in training if and only if it
    is `trainable`. Calling the backbone with `training=False`, as the Keras guide does, would not
    hold the statistics: in `fit` Keras 3.15 replaces that argument by `training=True`. So "scale"
    locks the layer and unlocks its two vectors.

    Args:
        backbone: What `build_backbone` returned.
        first_learning: Index of the first layer that learns, in [0, number of layers]. None: the
            whole backbone is locked.
        batch_norm: What BatchNorm layers above the boundary do. frozen: keep everything. scale:
            learn scale and shift, keep statistics. adapt: statistics move too.

    References:
        BatchNorm and fine-tuning: https://keras.io/guides/transfer_learning/
    """
    if first_learning is None:
        first_learning = len(backbone.layers)
    backbone.trainable = True  # and so are all layers, nested ones too
    for index, layer in enumerate(backbone.layers):
        layer.trainable = index >= first_learning
        if isinstance(layer, keras.layers.BatchNormalization) and batch_norm != "adapt":
            layer.trainable = False
            for vector in layer.weights:
                if vector.name in ("gamma", "beta"):
                    vector.trainable = index >= first_learning and batch_norm == "scale"


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


def list_weights(part: keras.layers.Layer) -> list[keras.Variable]:
    """Return the weights of a layer or a backbone that gradients move where they are not locked."""
    return [weight for weight in part.weights if weight.name not in STATISTICS]


def name_blocks(model: keras.Model, row: Backbone) -> dict[int, str]:
    """Return the block of each weight of a classifier, or `head`, by the weight's id."""
    return {
        id(weight): block
        for layer, block in _layers_and_blocks(model, row)
        for weight in layer.weights
    }


def freeze_rows(
    model: keras.Model,
    row: Backbone,
    phase: str,
    rate_of: Callable[[str], float],
    batch_norm: str,
) -> list[FreezeRow]:
    """Say for each layer of the backbone and the head what the phase does with it.

    The flags are read from the layers, so call this after `set_boundary`.

    Args:
        model: What `build_model` returned.
        row: The row of its backbone.
        phase: Name of the phase.
        rate_of: From a block, or `head`, to its peak learning rate in the phase.
        batch_norm: Mode of the backbone's unlocked BatchNorm layers: frozen, scale or adapt.
    """
    rows = []
    for layer, block in _layers_and_blocks(model, row):
        mode = ""
        if isinstance(layer, keras.layers.BatchNormalization):
            mode = ("adapt" if block == HEAD else batch_norm) if _learns(layer) else "frozen"
        rate = float(f"{rate_of(block):.6g}") if _learns(layer) else None
        rows.append(FreezeRow(phase, layer.name, block, _learns(layer), rate, mode))
    return rows


def summarize_blocks(model: keras.Model, row: Backbone, rows: list[FreezeRow]) -> list[BlockRow]:
    """Fold the rows of a phase into the table that is printed before it.

    Args:
        model: What `build_model` returned.
        row: The row of its backbone.
        rows: What `freeze_rows` returned for `model`.

    Returns:
        One row per block and one for the head; neighbouring blocks that are all locked share one.
    """
    layers = [layer for layer, _ in _layers_and_blocks(model, row)]
    blocks = []
    for name, group in itertools.groupby(
        zip(layers, rows, strict=True), lambda pair: pair[1].block
    ):
        blocks.append(_summarize_block(name, list(group)))
    table = []
    for locked, run in itertools.groupby(blocks, lambda block: block.trainable == "no"):
        found = list(run)
        table.extend([_fold(found)] if locked else found)
    return table


def _learns(layer: keras.layers.Layer) -> bool:
    if not layer.weights:
        return bool(layer.trainable)
    return any(variable.trainable for variable in layer.weights)


def _layers_and_blocks(
    model: keras.Model, row: Backbone
) -> Iterator[tuple[keras.layers.Layer, str]]:
    backbone = model.get_layer("backbone")
    for index, layer in enumerate(backbone.layers):
        yield layer, block_of(row, index)
    for layer in model.layers[model.layers.index(backbone) + 1 :]:
        yield layer, HEAD


def _summarize_block(name: str, pairs: list[tuple[keras.layers.Layer, FreezeRow]]) -> BlockRow:
    # Frozen BatchNorm layers have their own column: a block that learns around them is a "yes".
    flags = {row.trainable for layer, row in pairs if layer.weights and row.batch_norm != "frozen"}
    flags = flags or {row.trainable for _, row in pairs}
    return BlockRow(
        block=name,
        layers=len(pairs),
        parameters=sum(layer.count_params() for layer, _ in pairs),
        trainable="in part" if len(flags) == 2 else "yes" if True in flags else "no",
        learning_rate=next((row.learning_rate for _, row in pairs if row.trainable), None),
        batch_norm=", ".join(sorted({row.batch_norm for _, row in pairs} - {""})),
    )


def _fold(blocks: list[BlockRow]) -> BlockRow:
    names = [block.block for block in blocks]
    return BlockRow(
        block=names[0] if len(names) == 1 else f"{names[0]} … {names[-1]}",
        layers=sum(block.layers for block in blocks),
        parameters=sum(block.parameters for block in blocks),
        trainable="no",
        learning_rate=None,
        batch_norm=next((block.batch_norm for block in blocks if block.batch_norm), ""),
    )
