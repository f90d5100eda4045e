"""Examples whose files are gone or hold something else than when the run looked at them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from keras_transfer.config.messages import name_some
from keras_transfer.config.split_names import SPLITS
from keras_transfer.data.same_files.file_states import find_touched, hash_or_nothing
from keras_transfer.data.training_data import ExampleSplit, TrainingData
from keras_transfer.run.run_directory import MOVED, Run
from keras_transfer.system.errors import ConfigError


class Lost(NamedTuple):
    """An example that cannot be read any more as it was."""

    split: str
    row: int  # of the split
    path: str
    is_gone: bool  # else it holds something else now


def find_lost(
    data: TrainingData, run: Run, splits: Sequence[str] = SPLITS, *, thoroughly: bool = False
) -> list[Lost]:
    """Return the examples whose content is not that of split.csv, as far as files are still read.

    Args:
        data: Its files are looked at: size and time, and the content where those are others.
        run: Its split.csv has the hashes.
        splits: To look at.
        thoroughly: Read the content of every file.
    """
    there = [(name, data.splits[name]) for name in splits if name in data.splits]
    doubted = [(name, row) for name, part in there for row in _doubt(data, part, thoroughly)]
    if not doubted:
        return []
    table = run.split_table()
    contents = dict(zip(table["path"], table["sha256"], strict=True))
    paths = [str(data.splits[name].paths[row]) for name, row in doubted]
    with ThreadPoolExecutor() as threads:
        found = list(threads.map(hash_or_nothing, [data.root / path for path in paths]))
    return [
        Lost(name, row, path, is_gone=not now)
        for (name, row), path, now in zip(doubted, paths, found, strict=True)
        if now != contents[path]
    ]


def require_unchanged(data: TrainingData, run: Run, splits: Sequence[str] = SPLITS) -> None:
    """Refuse to go on where files hold something else now; those that are gone are not read.

    Raises:
        ConfigError: Some do.
    """
    if changed := [each for each in find_lost(data, run, splits) if not each.is_gone]:
        raise explain_lost(changed, data.root)


def require_all(data: TrainingData, run: Run, splits: Sequence[str]) -> None:
    """Refuse to begin what reads the files of these splits where some are gone or changed.

    Raises:
        ConfigError: Some are.
    """
    if lost := find_lost(data, run, splits):
        raise explain_lost(lost, data.root)


def explain_lost(lost: Sequence[Lost], root: Path) -> ConfigError:
    """Return the error for examples that a training needs as they were."""
    return ConfigError(
        f"Examples must stay as they are while a run is trained. Received: {len(lost)} in {root} "
        f"that are gone or changed, such as {name_some([each.path for each in lost])}. Restore "
        f"them and go on with --resume. {MOVED}"
    )


def _doubt(data: TrainingData, part: ExampleSplit, thoroughly: bool) -> list[int]:
    """Return the rows whose content is to be looked at."""
    if data.longest is not None:  # texts are in memory, as they were inspected
        return []
    if thoroughly:
        return list(range(len(part)))
    if part.states is None:
        return []
    rows: list[int] = find_touched(data.root, part.paths.tolist(), part.states).tolist()
    return rows
