"""What a phase does with each layer and each block: the rows of its freeze table."""

import itertools
import logging
from collections.abc import Callable, Iterator
from typing import NamedTuple

import keras

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.freeze_boundary import HEAD, block_of
from keras_transfer.models.low_rank import count_own, list_matrices

logger = logging.getLogger(__name__)


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
    trainable: str  # yes, no, "in part" where the boundary is inside the block, or "low-rank"
    learning_rate: float | None
    batch_norm: str


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
        yield from ((each, HEAD) for each in _open(layer))


def _open(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a given head, which is a model of its own."""
    if not isinstance(layer, keras.Model):
        yield layer
        return
    for each in layer.layers:
        if not isinstance(each, keras.layers.InputLayer):
            yield from _open(each)


def _summarize_block(name: str, pairs: list[tuple[keras.layers.Layer, FreezeRow]]) -> BlockRow:
    # Frozen BatchNorm layers have their own column: a block that learns around them is a "yes".
    flags = {row.trainable for layer, row in pairs if layer.weights and row.batch_norm != "frozen"}
    flags = flags or {row.trainable for _, row in pairs}
    word = "in part" if len(flags) == 2 else "yes" if True in flags else "no"
    if any(matrix.trainable for layer, _ in pairs for matrix in list_matrices(layer)):
        word = "low-rank"
    return BlockRow(
        block=name,
        layers=len(pairs),
        parameters=sum(count_own(layer) for layer, _ in pairs),
        trainable=word,
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
