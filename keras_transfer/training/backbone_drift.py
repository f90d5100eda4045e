"""How far each block of the backbone has moved from the weights it started with."""

import keras
import numpy as np

from keras_transfer.models.backbones import Backbone
from keras_transfer.models.freeze_boundary import block_of
from keras_transfer.models.freezing import list_weights
from keras_transfer.system.files.atomic_files import write_table
from keras_transfer.training.checkpoints import Checkpoints

COLUMNS = ("block", "parameters", "drift")


def record_drift(model: keras.Model, row: Backbone, checkpoints: Checkpoints) -> None:
    """Write backbone_drift.csv: for each block |now - start| / |start|, from 0.

    Weights that learn by gradients are meant, all of a block as one vector; statistics are not.

    Args:
        model: The whole model with the weights that the run keeps.
        row: The row of its backbone.
        checkpoints: Hold the weights from which the training started.
    """
    backbone = model.get_layer("backbone")
    starts = {block: 0.0 for block in row.blocks}
    moves, counts = dict(starts), dict.fromkeys(row.blocks, 0)
    for index, layer in enumerate(backbone.layers):
        block, weights = block_of(row, index), list_weights(layer)
        for weight, start in zip(weights, checkpoints.read_start(weights), strict=True):
            now = weight.value.numpy().astype(np.float64)
            starts[block] += float(np.square(start, dtype=np.float64).sum())
            moves[block] += float(np.square(now - start).sum())
            counts[block] += start.size
    run = checkpoints.run
    write_table(
        run.drift_file,
        COLUMNS,
        [
            (block, counts[block], f"{(moves[block] / max(starts[block], 1e-30)) ** 0.5:.6g}")
            for block in row.blocks
        ],
    )
