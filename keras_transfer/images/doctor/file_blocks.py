"""Files inspected by the workers of a cluster, a block after the other."""

import os
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence

import numpy as np

from keras_transfer.cluster.block_engines import Engine, cut_blocks
from keras_transfer.cluster.block_worker import BlockJob
from keras_transfer.data.examples import Examples
from keras_transfer.images.doctor.file_facts import Facts, inspect_file
from keras_transfer.system.machine import keep_freed_memory

Inspected = Generator[tuple[int, Facts], None, None]  # of rows


def inspect_on_workers(examples: Examples, rows: np.ndarray, engine: Engine) -> Inspected:
    """Yield these rows and what is in their files; workers read them, and write nothing.

    Raises:
        ConfigError: A worker cannot be used, and why.
    """
    if not len(rows):  # then no worker need start
        return
    root = os.path.abspath(examples.root)

    def name(row: int) -> str:
        return os.path.join(root, examples.paths[row])

    job = BlockJob(
        opening=open_inspector,
        seen=(root,),
        name=name,
        pack=lambda block: [*map(name, block)],
        on_gpu=False,
    )
    blocks = dict(cut_blocks(rows.tolist()))
    for number, facts in engine.answer(job, blocks.items()):
        yield from zip(blocks[number], facts, strict=True)


def open_inspector() -> Callable[[Sequence[str], Mapping[int, str]], list[Facts]]:
    """Make the process ready, and return what inspects a block of files one after the other."""
    keep_freed_memory()
    warnings.simplefilter("ignore")  # Pillow's words on odd files
    return _inspect_block


def _inspect_block(files: Sequence[str], lost: Mapping[int, str]) -> list[Facts]:
    # without a hash those that are lost are not remembered: the next machine may have the memory
    return [
        Facts("", lost[place]) if place in lost else inspect_file(file)
        for place, file in enumerate(files)
    ]
