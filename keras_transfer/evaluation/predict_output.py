"""The predictions of images without a truth: columns, rows, and the files that hold them."""

import contextlib
import csv
import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from keras_transfer.evaluation.certainty.neighbours import is_unusual
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing
from keras_transfer.system.packages import require_package

SETS, SEPARATOR = "set", "|"  # the column of sets, and what is between the classes of one
UNUSUAL, UNUSUAL_SHARES = "unusual", "unusual_share"  # columns: "yes" or "", and a number
UNSURE = "unsure"  # stands for a class where the best one's probability is below the threshold

Row = list[str | float | None]
WriteRows = Callable[[Sequence[Row]], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagePredictions:
    """What a model said about n images, in columns of equal length."""

    names: np.ndarray
    """(n,) of str objects: the file as it was named, or "array 0"."""
    probabilities: np.ndarray
    """(n, classes) float32 in [0, 1]; NaN where the file is unusable."""
    reasons: np.ndarray
    """(n,) of str objects: "", or why the file is unusable."""
    class_names: tuple[str, ...]
    """Names of the classes in index order."""
    members: np.ndarray | None = None
    """(n, classes) of bool: which classes belong to the set of an image; None: not asked for."""
    unusual_share: np.ndarray | None = None
    """(n,) floats in [0, 1]: share of training images at least as far from the others as the image;
    NaN where the file is unusable; None: not asked for."""
    noun: str = "image"
    """What one of them is called."""

    def __len__(self) -> int:
        return len(self.names)

    @property
    def prediction(self) -> np.ndarray:
        """(n,) of str objects: name of the most probable class; "" where the file is unusable."""
        best = np.nan_to_num(self.probabilities, nan=0.0).argmax(axis=1)
        chosen = np.array(self.class_names, object)[best]
        return np.where(self.reasons == "", chosen, "")

    @property
    def probability(self) -> np.ndarray:
        """(n,) floats in [0, 1]: probability of that class; NaN where the file is unusable."""
        return np.asarray(self.probabilities.max(axis=1))

    @property
    def unusual(self) -> np.ndarray:
        """(n,) of bool: unlike the training images, so that nothing is promised of its answer.

        Raises:
            ConfigError: It was not asked for.
        """
        if self.unusual_share is None:
            raise ConfigError(
                "`unusual` must have been asked for. Received: predictions without. Predict with "
                "unusual=True."
            )
        return is_unusual(self.unusual_share)

    def list_set(self, row: int) -> list[str]:
        """Return the names in the set of an image, the most probable first; none of an unusable."""
        if self.members is None or self.reasons[row]:
            return []
        order = np.argsort(-self.probabilities[row], kind="stable")
        return [self.class_names[index] for index in order if self.members[row, index]]


def concatenate_predictions(parts: Sequence[ImagePredictions]) -> ImagePredictions:
    """Return the predictions of several batches as one; at least one must be there."""
    shares = [part.unusual_share for part in parts if part.unusual_share is not None]
    return dataclasses.replace(
        parts[0],
        names=np.concatenate([part.names for part in parts]),
        probabilities=np.concatenate([part.probabilities for part in parts]),
        reasons=np.concatenate([part.reasons for part in parts]),
        unusual_share=np.concatenate(shares) if shares else None,
    )


def list_columns(top: int, sets: bool = False, unusual: bool = False) -> list[str]:
    """Return the header: path, the best classes with their probabilities, set, unusual, error."""
    best = ["prediction", "probability"]
    others = [f"{word}_{place}" for place in range(2, top + 1) for word in best]
    asked = [*([SETS] if sets else []), *([UNUSUAL, UNUSUAL_SHARES] if unusual else [])]
    return ["path", *best, *others, *asked, "error"]


def list_rows(predictions: ImagePredictions, top: int, threshold: float) -> Iterator[Row]:
    r"""Yield the cells under `list_columns`; None where an unusable file has nothing to say.

    Bytes of a name that are not UTF-8 are written as `\xe9`.

    Args:
        predictions: What the model said.
        top: Classes to name, best first; not more than there are.
        threshold: Below this probability of the best class the prediction is `unsure`.
    """
    names = predictions.class_names
    columns = predictions.names, predictions.probabilities, predictions.reasons
    for row, (name, probabilities, reason) in enumerate(zip(*columns, strict=True)):
        asked: list[str | float] = []
        if predictions.members is not None:
            asked.append(SEPARATOR.join(predictions.list_set(row)))
        if predictions.unusual_share is not None:
            flag = "yes" if predictions.unusual[row] else ""
            asked += [flag, float(f"{predictions.unusual_share[row]:.6g}")]
        name = spell_file(name)
        if reason:
            yield [name, *[None] * (2 * top + len(asked)), reason]
            continue
        best = np.argsort(-probabilities, kind="stable")[:top]
        pairs = [(names[index], float(f"{probabilities[index]:.7g}")) for index in best]
        cells = [cell for pair in pairs for cell in pair]
        if pairs[0][1] < threshold:
            cells[0] = UNSURE
        yield [name, *cells, *asked, ""]


def spell_file(name: str) -> str:
    r"""Return the name of a file as text; bytes that are not UTF-8 become `\xe9`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


@contextlib.contextmanager
def open_table(file: Path, columns: Sequence[str]) -> Iterator[WriteRows]:
    """Hand out a function that appends rows to a file, which appears when all are written.

    Args:
        file: Its suffix says what it is: .csv, .jsonl or .parquet.
        columns: Its header.

    Raises:
        ConfigError: As `check_table` says, or the disk is full.
    """
    check_table(file)
    try:
        with replacing(_follow_links(file)) as temporary:  # behind a link, its target is meant
            if file.suffix == ".parquet":
                with _open_parquet(temporary, columns) as write:
                    yield write
            else:
                with temporary.open("w", encoding="utf-8", newline="") as stream:
                    yield (write_csv if file.suffix == ".csv" else _write_jsonl)(stream, columns)
    except OSError as error:
        raise ConfigError(
            f"`output` must be a file that can be written. Received: {file} "
            f"({error.strerror or error}). Free space there, or choose another file."
        ) from error


def check_table(file: Path) -> None:
    """Raise `ConfigError` unless `open_table` can write a file of this name."""
    if file.suffix not in (".csv", ".jsonl", ".parquet"):
        raise ConfigError(f"`output` must end in .csv, .jsonl or .parquet. Received: {file}.")
    if file.suffix == ".parquet":
        require_package(".parquet", "pyarrow", "parquet")
    place = _follow_links(file).parent
    writable = place.is_dir() and os.access(place, os.W_OK)
    if not writable or (file.exists() and not file.is_file()):
        raise ConfigError(
            f"`output` must be a file in a folder that can be written. Received: {file}."
        )


def check_folder(folder: Path) -> None:
    """Raise the `ConfigError` unless a folder for pictures can be written, or made."""
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not there.is_dir():
        raise refuse_folder(folder, f"{there} is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise refuse_folder(folder, f"{there} cannot be")


def refuse_folder(folder: Path, reason: str) -> ConfigError:
    """Return the error about a folder that pictures cannot go to."""
    return ConfigError(
        f"Explanations must go to a folder that can be written. Received: {folder} ({reason}). "
        "Choose another one."
    )


def _follow_links(file: Path) -> Path:
    """Return the file that a link leads to: it is the one to replace."""
    try:
        return file.resolve()
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"`output` must be a file. Received: {file} ({error}).") from error


def write_csv(stream: IO[str], columns: Sequence[str]) -> WriteRows:
    """Return what appends rows; the header goes before the first of them."""
    writer = csv.writer(stream, lineterminator="\n")
    header = [columns]

    def write(rows: Sequence[Row]) -> None:
        writer.writerows([*header, *rows])
        header.clear()

    return write


def _write_jsonl(stream: IO[str], columns: Sequence[str]) -> WriteRows:
    def write(rows: Sequence[Row]) -> None:
        for row in rows:
            cells = dict(zip(columns, row, strict=True))
            stream.write(json.dumps(cells, ensure_ascii=False) + "\n")

    return write


@contextlib.contextmanager
def _open_parquet(file: Path, columns: Sequence[str]) -> Iterator[WriteRows]:
    import pyarrow
    import pyarrow.parquet

    def find_kind(name: str) -> Any:
        is_number = name.startswith("probability") or name == UNUSUAL_SHARES
        return pyarrow.float64() if is_number else pyarrow.string()

    schema = pyarrow.schema([(name, find_kind(name)) for name in columns])
    with pyarrow.parquet.ParquetWriter(file, schema) as writer:

        def write(rows: Sequence[Row]) -> None:
            cells = [dict(zip(columns, row, strict=True)) for row in rows]
            writer.write_table(pyarrow.Table.from_pylist(cells, schema))

        yield write


def read_parquet(file: Path) -> list[Row]:
    """Return the rows of a table that `open_table` left."""
    import pyarrow.parquet

    with file.open("rb") as stream:
        rows = pyarrow.parquet.read_table(stream).to_pylist()
    return [[*row.values()] for row in rows]
