"""From a data set in memory to a folder of the cache, whose name is a digest of what it holds."""

import csv
import hashlib
import io
import itertools
import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_transfer.data.modality import ExampleFiles
from keras_transfer.data.sources.cached_data_sets import (
    Images,
    Notes,
    find_prepared,
    prepare,
    read_notes,
    write_images,
)
from keras_transfer.data.sources.in_memory.given_sets import Held, Listed
from keras_transfer.data.sources.tables.read_table import read_columns
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

ROOM = Path("in_memory")  # folder of the cache
LABELS = "labels.csv"
LONGEST = 50  # letters of a class in the name of its folder
DIGITS = 20  # of a digest
SOON, OFTEN = 1000, 5  # after so many images, each of which came so often, a set never ends
TOLD = 10_000  # images from one word on how far it is to the next
TRIED = 8  # examples of a second pass that tell whether it gives the same ones

Parts = Mapping[str, Held]


class Row(NamedTuple):
    """One example."""

    split: str
    class_name: str
    digest: str


class _Rewrite(Exception):
    """Examples that were written must be written otherwise."""


def write_table(given: Listed) -> str:
    """Return the path of the labels.csv of a data set of files."""
    rows = [[*given.columns], *map(list, zip(*given.columns.values(), strict=True))]
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return keep_table(LABELS, stream.getvalue().encode("utf-8", "surrogatepass"), given)


def keep_table(name: str, content: bytes, given: Listed) -> str:
    """Return the path of a table in the cache, which is written there once.

    Args:
        name: Of the file.
        content: Of it.
        given: What it was made of.
    """
    digest = _digest(repr(given.class_names).encode() + content)

    def fill(folder: Path) -> tuple[str, Notes]:
        (folder / name).write_bytes(content)
        return digest, {"bytes": len(content), **_note_order([given])}

    def read(folder: Path) -> str:
        return _read_whole(folder / name, os.path.getsize(folder / name))

    return find_prepared(ROOM / digest, read) or prepare(ROOM, fill, read)


def write_examples(parts: Parts, files: ExampleFiles) -> str:
    """Return the path of the labels.csv of examples in memory, which become files once.

    Raises:
        ConfigError: There are none, or one cannot be kept.
    """
    if all(part.is_ordered for part in parts.values()):
        return _write_ordered(parts, files)
    while True:
        try:
            return _write_stream(parts, files)
        except _Rewrite:
            files.begin_anew()


def _write_ordered(parts: Parts, files: ExampleFiles) -> str:
    """Write examples that are named by their places, unless that has been done."""
    rows = []
    for split, place, example, class_name in _walk(parts):
        _measure(files, example, split, place)
        rows.append(Row(split, class_name, files.hash(example)))
    notes = _conclude(files, parts, rows)
    name = _find_name(rows, notes)

    def images() -> Images:
        for split, place, example, class_name in _walk(parts):
            suffix, content = files.encode(example)
            path = f"{_find_folder(split, class_name)}/{place:06d}{suffix}"
            yield path, content, class_name, split

    def fill(folder: Path) -> tuple[str, Notes]:
        return name, {"bytes": write_images(folder, images()), **notes}

    return find_prepared(ROOM / name, _read_images) or prepare(ROOM, fill, _read_images)


def _write_stream(parts: Parts, files: ExampleFiles) -> str:
    """Write examples that may come in another order each time, and are named by what they are."""
    rows: list[Row] = []
    seen: Counter[str] = Counter()

    def images() -> Images:
        for split, place, example, class_name in _walk(parts):
            if _measure(files, example, split, place):
                raise _Rewrite
            rows.append(Row(split, class_name, files.hash(example)))
            stem = f"{_find_folder(split, class_name)}/{rows[-1].digest[:DIGITS]}"
            again = f"-{seen[stem]}" if seen[stem] else ""
            seen[stem] += 1
            _watch(len(rows), len(seen))
            suffix, content = files.encode(example)
            yield f"{stem}{again}{suffix}", content, class_name, split

    def fill(folder: Path) -> tuple[str, Notes]:
        size = write_images(folder, images())
        notes = _conclude(files, parts, rows)
        return _find_name(sorted(rows), notes), {"bytes": size, **notes}

    path = prepare(ROOM, fill, _read_images)
    _warn_of_changes(parts, files, {row.digest for row in rows})
    return path


def _watch(given: int, different: int) -> None:
    """Say how far a stream is, whose end nobody knows; refuse one that gives the same for ever."""
    if given >= SOON and given > OFTEN * different:
        raise ConfigError(
            "`dataset` must end, as an epoch shows each image once. Received: "
            f"{given:,} images so far, of which {different:,} differ. Leave out repeat()."
        )
    if given % TOLD == 0:
        logger.info("%s images so far", f"{given:,}")


def _walk(parts: Parts) -> Iterator[tuple[str, int, Any, str]]:
    """Yield each example with its split, its place in it, and its class."""
    for split, part in parts.items():
        for place, (example, class_name) in enumerate(part.pairs()):
            yield split, place, example, class_name


def _measure(files: ExampleFiles, example: Any, split: str, place: int) -> bool:
    try:
        return files.measure(example)
    except ConfigError as error:
        where = f"{split} image" if split else "image"
        raise ConfigError(f"{error} (That is {where} {place}, counted from 0.)") from error


def _conclude(files: ExampleFiles, parts: Parts, rows: Sequence[Row]) -> Notes:
    """Return what manifest.json shall say of a whole set, and warn of what is odd in it."""
    if not rows:
        raise ConfigError("`dataset` must hold images. Received: none. Give at least a few.")
    for doubt in files.conclude():
        logger.warning("%s", doubt)
    logger.info("Keeping %s images in the cache, where later runs find them", f"{len(rows):,}")
    meant = files.value_range
    noted = {} if meant == "auto" else {"value_range": meant}
    return noted | _note_order(parts.values())


def _note_order(parts: Iterable[Held | Listed]) -> dict[str, Any]:
    """Return the order of the class names where somebody has said one."""
    names = list(dict.fromkeys(itertools.chain(*(part.class_names for part in parts))))
    return {"class_names": names} if names else {}


def _find_name(rows: Iterable[Row], notes: Notes) -> str:
    return _digest(repr((sorted(notes.items()), [tuple(row) for row in rows])).encode())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]


def _find_folder(split: str, class_name: str) -> str:
    """Return where images of a class go; the name itself stands in labels.csv."""
    folder = re.sub(r"[^\w-]", "_", class_name)[:LONGEST] or "unlabelled"
    return f"{split}/{folder}" if split else folder


def _read_images(folder: Path) -> str:
    table = folder / LABELS
    paths = read_columns(table)["path"]
    return _read_whole(table, sum(os.path.getsize(folder / path) for path in paths))


def _read_whole(table: Path, size: int) -> str:
    """Return the table of a folder of which `size` bytes are there, or refuse it."""
    if size != read_notes(table.parent).get("bytes"):
        raise ConfigError(f"it has {size} bytes")
    return str(table)


def _warn_of_changes(parts: Parts, files: ExampleFiles, digests: set[str]) -> None:
    """Warn where a second pass gives other examples: something random is at work."""
    for part in parts.values():
        again = itertools.islice(part.pairs(), TRIED)
        if any(files.hash(example) not in digests for example, _ in again):
            logger.warning(
                "The images of the data set are others each time, as if it augments or draws them: "
                "those of one pass are kept. Leave out what is random; `augment` does it anew in "
                "each epoch"
            )
            return
