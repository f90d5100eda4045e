"""Features in parts: a folder of Parquet files, one a block, that a later call goes on with."""

import contextlib
import dataclasses
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_transfer.cluster.block_engines import BLOCK, cut_blocks
from keras_transfer.cluster.input_hashes import hash_sources
from keras_transfer.cluster.part_folder import explaining, name_part, opening_parts, reading_part
from keras_transfer.data.same_files.file_states import read_state
from keras_transfer.data.sources.image_sets import ImageSet
from keras_transfer.embed.embedding import Features, Passing
from keras_transfer.embed.embedding_files import open_parquet, to_utf8
from keras_transfer.system.files.atomic_files import replacing

LEFT_OUT = "keras_transfer.left_out"  # beside the schema: reasons by place, as JSON

logger = logging.getLogger(__name__)


Answered = tuple[np.ndarray, list[str]]  # as `Features` yields them


class Block(NamedTuple):
    """Neighbours in a set."""

    number: int
    place: int  # of the set
    rows: np.ndarray  # of the set


def keep_parts(passing: Passing, sets: Sequence[ImageSet], folder: Path) -> Passing:
    """Return a way through the network that leaves a part of each block.

    Parts that are there are read in place of passing their examples again. They hold the readable
    examples of a block, in columns as `embedding_files` writes them.

    Args:
        passing: Makes the features of blocks that are missing.
        sets: What will be passed.
        folder: As `opening_parts` takes it.
    """
    stacked = [np.concatenate(column) for column in zip(*map(_list_columns, sets), strict=True)]
    *texts, sources = stacked
    words = ["\n".join(map(repr, row)) for row in zip(*texts, strict=True)]
    blocks = [*_cut(sets)]

    def stream(wanted: Sequence[list[Any]]) -> Features:
        made_of = {
            "verb": "embed",
            "examples": len(words),
            "names and files": hash_sources(words, sources, read_state),
            **passing.made_of(),
        }
        with opening_parts(folder, made_of) as done:
            if done:
                logger.info("Going on: %s of %s parts are there", len(done), len(blocks))
            left = [block for block in blocks if block.number not in done]
            stretches = [[wanted[n][row] for row in rows] for n, rows in _join(left)]
            with contextlib.closing(_pass(passing, stretches)) as passed:
                for block in blocks:
                    file = name_part(folder, block.number)
                    found = sets[block.place].take(block.rows)
                    if block.number in done:
                        yield _read(file, found.paths)
                        continue
                    features, reasons = _take(passed, len(found))
                    with explaining(folder):
                        _write(file, found, features, reasons)
                    yield features, reasons

    return dataclasses.replace(passing, stream=stream, size=BLOCK)


def _pass(passing: Passing, stretches: Sequence[list[Any]]) -> Features:
    if stretches:  # else no worker need start
        yield from passing.stream(stretches)


def _list_columns(found: ImageSet) -> tuple[np.ndarray, ...]:
    names = np.full(len(found), found.name, object)
    return names, found.paths, found.splits, found.name_classes(), found.sources


def _cut(sets: Sequence[ImageSet]) -> Iterator[Block]:
    """Yield blocks of one set after the other; none is of two."""
    number = 0
    for place, found in enumerate(sets):
        for _, rows in cut_blocks(range(len(found))):
            yield Block(number, place, np.array(rows))
            number += 1


def _join(blocks: Sequence[Block]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the set and the rows of blocks that follow each other, joined."""
    stretch: list[Block] = []
    for block in blocks:
        if stretch and (block.number, block.place) != (stretch[-1].number + 1, stretch[-1].place):
            yield stretch[0].place, np.concatenate([each.rows for each in stretch])
            stretch = []
        stretch.append(block)
    if stretch:
        yield stretch[0].place, np.concatenate([each.rows for each in stretch])


def _take(passed: Iterator[Answered], count: int) -> Answered:
    """Return what is said of the next examples: batches end where blocks do."""
    features, reasons = [], list[str]()
    while len(reasons) < count:
        some, said = next(passed)
        features.append(some)
        reasons += said
    return np.concatenate(features), reasons


def _write(file: Path, found: ImageSet, features: np.ndarray, reasons: Sequence[str]) -> None:
    lost = {place: reason for place, reason in enumerate(reasons) if reason}
    rows = np.delete(np.arange(len(found)), [*lost])
    *texts, _ = _list_columns(found.take(rows))
    said = {LEFT_OUT: json.dumps(lost)}
    with replacing(file) as temporary, open_parquet(temporary, features.shape[1], said) as write:
        write(texts, features[rows])


def _read(file: Path, paths: np.ndarray) -> Answered:
    """Return the features in the part of some examples, and why others are left out of it."""
    import pyarrow.parquet as pq

    with reading_part(file):
        with file.open("rb") as stream:
            table = pq.read_table(stream)
        lost = json.loads(table.schema.metadata[LEFT_OUT.encode()])
        reasons = [lost.get(str(place), "") for place in range(len(paths))]
        rows = [place for place, reason in enumerate(reasons) if not reason]
        if table["path"].to_pylist() != [to_utf8(path) for path in paths[rows]]:
            raise ValueError("it is the part of others")
        vectors = table["vector"].combine_chunks()
        features = np.zeros((len(paths), vectors.type.list_size), np.float32)
        features[rows] = vectors.flatten().to_numpy().reshape(-1, features.shape[1])
    return features, reasons
