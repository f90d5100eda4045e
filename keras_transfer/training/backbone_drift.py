"""How far each block of the backbone has moved from the weights it started with."""

import dataclasses

import keras
import numpy as np

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.freeze_boundary import block_of
from keras_transfer.models.freezing import list_weights
from keras_transfer.system.files.atomic_files import write_table
from keras_transfer.training.checkpoints import Checkpoints

COLUMNS = ("block", "parameters", "drift", "kernel_drift", "norm_drift", "layer", "layer_drift")
NORM = ("gamma", "beta")  # scale and shift of a normalization


@dataclasses.dataclass
class _Move:
    """Sums of squares: of numbers at the start, and of how far they went."""

    start: float = 0.0
    moved: float = 0.0

    def add(self, start: float, moved: float) -> None:
        self.start += start
        self.moved += moved

    @property
    def drift(self) -> float:
        """|now - start| / |start|, from 0; 0 where there is nothing to divide by."""
        return float((self.moved / self.start) ** 0.5) if self.start else 0.0


@dataclasses.dataclass
class _BlockMove:
    parameters: int = 0
    whole: _Move = dataclasses.field(default_factory=_Move)
    kernel: _Move = dataclasses.field(default_factory=_Move)
    norm: _Move = dataclasses.field(default_factory=_Move)
    layer: str = ""
    layer_drift: float = 0.0


def record_drift(model: keras.Model, row: Backbone, checkpoints: Checkpoints) -> None:
    """Write backbone_drift.csv: for each block |now - start| / |start|, from 0.

    Weights that learn by gradients are meant; statistics are not. `drift` takes all of a block as
    one vector, in which the largest weights hide the others: scales of normalization, and kernels
    whose size the normalization after them makes arbitrary. So `kernel_drift`, of kernels and
    biases, and `norm_drift`, of scales and shifts, take every weight in units of its own size at
    the start, which is the root mean square of their drifts, each number counted once. `layer` is
    the one of the block that moved furthest by that measure.

    Args:
        model: The whole model with the weights that the run keeps.
        row: The row of its backbone.
        checkpoints: Hold the weights from which the training started.
    """
    blocks = {name: _BlockMove() for name in row.blocks}
    for index, layer in enumerate(model.get_layer("backbone").layers):
        _add_layer(blocks[block_of(row, index)], layer, checkpoints)
    rows = []
    for name, block in blocks.items():
        drifts = (block.whole.drift, block.kernel.drift, block.norm.drift, block.layer_drift)
        *groups, furthest = (f"{drift:.6g}" for drift in drifts)
        rows.append((name, block.parameters, *groups, block.layer, furthest))
    write_table(checkpoints.run.drift_file, COLUMNS, rows)


def _add_layer(block: _BlockMove, layer: keras.layers.Layer, checkpoints: Checkpoints) -> None:
    weights, own = list_weights(layer), _Move()
    for weight, begun in zip(weights, checkpoints.read_start(weights), strict=True):
        now = weight.value.numpy().astype(np.float64)
        start = float(np.square(begun, dtype=np.float64).sum())
        moved = float(np.square(now - begun).sum())
        block.parameters += begun.size
        block.whole.add(start, moved)
        if start:  # a bias of zeros has no size
            for group in (block.norm if weight.name in NORM else block.kernel, own):
                group.add(begun.size, begun.size * moved / start)
    if own.drift > block.layer_drift:
        block.layer, block.layer_drift = layer.name, own.drift
