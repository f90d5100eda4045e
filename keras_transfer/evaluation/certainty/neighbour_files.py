"""What a run keeps of how far images are from its training images: neighbours.npz, unusual.csv."""

import math
import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

from keras_transfer.config.messages import say_fault
from keras_transfer.evaluation.certainty.neighbours import LEAST_REFERENCES, Neighbours
from keras_transfer.run.contents.read_files import RESTORE, read_rows
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing, write_table

COLUMNS = ("path", "split", "share")
MOST_ROWS = 100_000  # far beyond what is written
ADVICE = "Remove it, and `predict --unusual` makes it anew from the training examples."


def write_neighbours(neighbours: Neighbours, run: Run) -> None:
    """Write neighbours.npz."""
    with replacing(run.neighbours_file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, features=neighbours.features)


def read_neighbours(run: Run) -> Neighbours | None:
    """Return what neighbours.npz holds; None where there is none.

    Raises:
        ConfigError: It is damaged.
    """
    file = run.neighbours_file
    if not os.path.lexists(file):
        return None
    try:
        features = _read_features(file)
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ConfigError(
            f"{file.name} must hold the features of {LEAST_REFERENCES} examples or more. Received: "
            f"{file} ({say_fault(error)}). {ADVICE}"
        ) from None
    return Neighbours(features)


def write_unusual(predictions: Predictions, shares: np.ndarray, run: Run) -> None:
    """Write unusual.csv: the share of each image of predictions.csv, see `Neighbours`."""
    columns = predictions.paths, predictions.splits, shares.tolist()
    rows = ((path, split, f"{share:.6g}") for path, split, share in zip(*columns, strict=True))
    write_table(run.unusual_file, COLUMNS, rows)


def read_unusual(run: Run) -> dict[str, float] | None:
    """Return the share of each validation and test image; None where there is no unusual.csv.

    An image is unusual where the share of training images that are at least as far from the others
    is `UNUSUAL_SHARE` or less.

    Returns:
        Path, as predictions.csv has it -> share in [0, 1].

    Raises:
        ConfigError: The file is damaged.
    """
    if not os.path.lexists(run.unusual_file):
        return None
    table = read_rows(run.unusual_file, COLUMNS)
    try:
        shares = {path: float(x) for path, x in zip(table["path"], table["share"], strict=True)}
    except ValueError:
        shares = {"": math.nan}
    if not all(0 <= share <= 1 for share in shares.values()):
        raise ConfigError(
            f"The column share of {run.unusual_file.name} must hold numbers in [0, 1]. Received: "
            f"others in {run.unusual_file}. {RESTORE}"
        )
    return shares


def _read_features(file: Path) -> np.ndarray:
    """Return the array of neighbours.npz; its size is looked at before room is made for it.

    Raises:
        ValueError: It is none of images' features; other errors are those of broken archives.
    """
    with zipfile.ZipFile(file) as archive, archive.open("features.npy") as stream:
        np.lib.format.read_magic(stream)
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if len(shape) != 2 or dtype != np.float16 or not LEAST_REFERENCES <= shape[0] <= MOST_ROWS:
        raise ValueError(f"an array {shape} of {dtype}")
    with np.load(file, allow_pickle=False) as arrays:
        features = arrays["features"]
    if not np.isfinite(features).all():
        raise ValueError("numbers that are none")
    return np.asarray(features)
