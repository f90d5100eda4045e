"""The data doctor: what is in every file of a data set, found in parallel and remembered.

It looks; what is left out or dropped is decided in `data/splits`.
"""

import contextlib
import dataclasses
import functools
import logging
import os
import time
import warnings
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.cluster.block_engines import THIS_PROCESS, Engine
from keras_transfer.config.messages import count_of
from keras_transfer.config.pixels.preparation import find_preparation
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.modality import Keeping
from keras_transfer.data.same_files.file_states import GONE, read_state
from keras_transfer.images.decoding.image_formats import list_formats
from keras_transfer.images.doctor.facts_cache import KnownFiles, State
from keras_transfer.images.doctor.file_blocks import Inspected, inspect_on_workers
from keras_transfer.images.doctor.file_facts import LEAST_SIDE, Facts, Wanted, inspect_file
from keras_transfer.images.doctor.value_span import measure_set, resolve_range, say_values
from keras_transfer.images.kept_squares import SquareKeeper, SquareRows
from keras_transfer.system.machine import count_cores, keep_freed_memory

logger = logging.getLogger(__name__)

BLOCK = 8  # files per task: few enough to balance the threads, enough to keep tasks few
WAITING = 4096 * BLOCK  # files whose tasks wait at once: those of a million take 300 MB
PAUSE = 5.0  # seconds after which progress is said, and what was found is kept
QUANTILES = {"smallest": 0.0, "quarter": 0.25, "median": 0.5, "three_quarters": 0.75, "largest": 1}
TINY = 32  # pixels of the short side, in a set where most images are larger


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What was found in each file, in the order of the examples."""

    sha256: np.ndarray
    """(n,) of str objects, hexadecimal digest of the file; "" where it could not be read."""
    reasons: np.ndarray
    """(n,) of str objects: "" where Pillow loads the whole image, else why not."""
    plain: np.ndarray
    """(n,) of bool: whether TensorFlow decodes the file to exactly Pillow's pixels."""
    odd: np.ndarray
    """(n,) of str objects: what is unusual about the file, words joined by ", "."""
    sizes: np.ndarray
    """(n, 2) of int32, width and height in pixels as a person sees the image, 0 if unusable."""
    kinds: np.ndarray
    """(n,) of str: 8 bits, 16 bits, 32 bits or floats; "" if unusable."""
    spans: np.ndarray
    """(n, 2) of float64: smallest and largest number in the file, but for a few that reach far."""
    looks: np.ndarray
    """(n,) of uint64, perceptual hash; it says nothing where `told_by_look` is false."""
    states: np.ndarray
    """(n, 2) of int64: size in bytes and time of the last change in nanoseconds, when the file was
    inspected; -1 where there was none."""
    rows: np.ndarray
    """(n,) of int64: where `keeper` has the image."""
    keeper: SquareKeeper | None = None
    """Has the squares of the images, where they were asked for."""

    @property
    def usable(self) -> np.ndarray:
        """(n,) of bool: whether Pillow loads the whole image."""
        return np.asarray(self.reasons == "")

    @property
    def told_by_look(self) -> np.ndarray:
        """(n,) of bool: whether the image is large enough for a perceptual hash."""
        return self.sizes.min(axis=1) >= LEAST_SIDE

    def take(self, rows: np.ndarray) -> "Inspection":
        """Return what was found in these rows."""
        columns = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        taken = {k: each[rows] for k, each in columns.items() if isinstance(each, np.ndarray)}
        return Inspection(**{**columns, **taken})

    def recall_squares(self) -> SquareRows | None:
        """Return the images as training takes them, or None where one of them was not kept."""
        return None if self.keeper is None else self.keeper.recall(self.rows)

    def measure(self) -> dict[str, Any]:
        """Return facts of all usable images.

        Returns:
            `short_side`, quantiles of the short sides in whole pixels; `values`, see `measure_set`.
        """
        short = self.sizes[self.usable].min(axis=1)
        found = {
            name: int(np.quantile(short, share)) for name, share in QUANTILES.items() if len(short)
        }
        return {"short_side": found, "values": measure_set(self.kinds, self.spans)}


def inspect_files(
    examples: Examples, keeping: Keeping | None = None, engine: Engine = THIS_PROCESS
) -> Inspection:
    """Read every file that is new or changed, hash it and load it with Pillow, in threads.

    With another `engine` its workers read, and this process keeps what they found.

    What was found is kept in the cache by path, size and time of change, also when this is
    interrupted. Pixels are kept for the training that asks for them, where all files are new.
    """
    count = len(examples.paths)
    found = _make_columns(count)
    known = KnownFiles(examples.root)
    try:
        for row, path in enumerate(examples.paths.tolist()):
            found.states[row] = read_state(os.path.join(examples.root, path))
        fresh = np.ones(count, bool)
        for row, facts in known.find(_name_state(examples, found, row) for row in range(count)):
            _put(found, row, facts)
            fresh[row] = False
        all_here = engine.is_here and fresh.all()
        keeper = _begin_keeping(examples, keeping) if keeping and all_here else None
        rows = np.flatnonzero(fresh)
        if engine.is_here:
            inspected = _inspect_in_threads(examples, rows, keeper)
        else:
            inspected = inspect_on_workers(examples, rows, engine)
        with contextlib.closing(inspected):  # however it ends, nothing is read any more
            _keep(inspected, len(rows), examples, found, known)
    finally:
        known.close()
    _name_tiny(found)
    return dataclasses.replace(found, keeper=keeper)


def choose_size(examples: Examples, config: TrainConfig, default: int) -> int:
    """Return the side of the squares in pixels; `default` is taken where nothing says one."""
    return config.data.image_size or examples.image_size or default


def _begin_keeping(examples: Examples, keeping: Keeping) -> SquareKeeper | None:
    side = choose_size(examples, keeping.config, keeping.size)
    squares = keeping.allocate((len(examples.paths), side, side, 3), "uint8")
    return None if squares is None else SquareKeeper(squares, find_preparation(keeping.config.data))


def say_sizes(report: Mapping[str, Any]) -> str:
    """Return the short sides and numbers of the images of a data_report.json; "" without any."""
    if not report["short_side"]:
        return ""
    smallest, quarter, median, three_quarters, largest = report["short_side"].values()
    sizes = (
        f"Short side in pixels: {smallest} to {largest}, half of them {quarter} to "
        f"{three_quarters}, median {median}"
    )
    if smallest == largest:
        sizes = f"Short side of every image: {count_of(smallest, 'pixel')}"
    said, odd = say_values(report["values"], resolve_range(report["values"]))
    return "\n".join(line for line in (sizes, said, *odd) if line)


def _make_columns(count: int) -> Inspection:
    return Inspection(
        sha256=np.full(count, "", dtype=object),
        reasons=np.full(count, "", dtype=object),
        plain=np.zeros(count, bool),
        odd=np.full(count, "", dtype=object),
        sizes=np.zeros((count, 2), np.int32),
        kinds=np.full(count, "", dtype="<U9"),
        spans=np.zeros((count, 2)),
        looks=np.zeros(count, np.uint64),
        states=np.full((count, 2), GONE, np.int64),
        rows=np.arange(count),
    )


def _put(found: Inspection, row: int, facts: Facts) -> None:
    found.sha256[row], found.reasons[row], found.plain[row] = facts[:3]
    found.odd[row], found.sizes[row] = facts.odd, (facts.width, facts.height)
    found.kinds[row], found.spans[row] = facts.kind, (facts.low, facts.high)
    found.looks[row] = facts.look


def _name_state(examples: Examples, found: Inspection, row: int) -> State:
    size, changed = found.states[row].tolist()
    return row, str(examples.paths[row]), size, changed


def _keep(
    inspected: Inspected,
    count: int,
    examples: Examples,
    found: Inspection,
    known: KnownFiles,
) -> None:
    """Take the facts of `count` rows; say and keep from time to time how far it went."""
    fresh: list[tuple[State, Facts]] = []
    last = time.monotonic()
    try:
        for done, (row, facts) in enumerate(inspected, 1):
            _put(found, row, facts)
            fresh.append((_name_state(examples, found, row), facts))
            if time.monotonic() > last + PAUSE:
                logger.info("Inspected %s of %s files", f"{done:,}", f"{count:,}")
                known.remember(fresh)
                fresh.clear()
                last = time.monotonic()
    finally:
        known.remember(fresh)


def _inspect_in_threads(
    examples: Examples, rows: np.ndarray, keeper: SquareKeeper | None
) -> Inspected:
    def inspect_block(block: list[int]) -> list[Facts]:
        files = [os.path.join(examples.root, examples.paths[row]) for row in block]
        if keeper is None:
            return [inspect_file(file) for file in files]
        keeping = [Wanted(functools.partial(keeper.keep, row), keeper.least) for row in block]
        return [*map(inspect_file, files, keeping)]

    keep_freed_memory()
    list_formats()  # loads Pillow's format plugins before threads could do so at once
    with warnings.catch_warnings():
        # The list of filters belongs to the process, so threads must not change it one by one;
        # set here, before they start, it holds for all of them, also where warnings are errors.
        warnings.simplefilter("ignore")
        threads = ThreadPoolExecutor(count_cores())
        try:
            for start in range(0, len(rows), WAITING):
                some = rows[start : start + WAITING].tolist()
                blocks = [some[first : first + BLOCK] for first in range(0, len(some), BLOCK)]
                for block, facts in zip(blocks, threads.map(inspect_block, blocks), strict=True):
                    yield from zip(block, facts, strict=True)
        finally:
            threads.shutdown(cancel_futures=True)  # after Ctrl-C the rest is not waited for


def _name_tiny(found: Inspection) -> None:
    """Note images that are tiny in a set where most are not."""
    short = found.sizes.min(axis=1)
    if not found.usable.any() or np.median(short[found.usable]) < TINY:
        return
    for row in np.flatnonzero(found.usable & (short < TINY)):
        found.odd[row] = f"{found.odd[row]}, tiny".removeprefix(", ")
