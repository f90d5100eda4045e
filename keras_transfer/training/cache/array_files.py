"""The file of one array: its name, its header, its room on the disk, and whether it is whole.

How far files were filled is written down now and then, after the rows are on the disk: who goes on
with them after a kill has lost what came since.
"""

import contextlib
import errno
import io
import json
import logging
import math
import os
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.files.locks import is_abandoned
from keras_transfer.system.files.ownership import MARK, NOTES, OWNER

logger = logging.getLogger(__name__)

CHUNK = 4_000_000  # bytes read at once to check a file


def name_array_file(folder: Path, name: str) -> Path:
    """Return the file of an array; names come from files that others may have written.

    Raises:
        ValueError: It would not be in the folder.
    """
    if not re.fullmatch(r"\w+", name):
        raise ValueError(f"an array must be named by letters, digits and _, not {name!r}")
    return folder / f"{name}.npy"


def make_header(shape: tuple[int, ...], dtype: str) -> bytes:
    """Return what precedes the rows in a .npy file."""
    stream = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    facts = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, facts)
    return stream.getvalue()


def reserve_room(stream: BinaryIO, size: int) -> None:
    """Reserve room for a file where the system can, so that a full disk shows at once."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(stream.fileno(), 0, size)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise


def open_array(folder: Path, name: str, facts: Mapping[str, Any]) -> np.ndarray:
    """Map an array whose file is as it was written, to the last bit."""
    file, checksum = name_array_file(folder, name), 0
    with file.open("rb") as stream:
        while block := stream.read(CHUNK):
            checksum = zlib.crc32(block, checksum)
    if checksum != facts["crc32"]:
        raise ValueError(f"{file.name} has another checksum")
    array: np.ndarray = np.load(file, mmap_mode="r")
    if [*array.shape] != facts["shape"] or array.dtype != np.dtype(facts["dtype"]):
        raise ValueError(f"{file.name} has another shape or dtype")
    return array


class Filled(NamedTuple):
    """How much of an array is there."""

    rows: int
    crc32: int  # of the header and these rows


def write_notes(working: Path, key: str, filled: Mapping[str, Filled]) -> None:
    """Write down what is on the disk by now."""
    arrays = {name: each._asdict() for name, each in filled.items()}
    write_json(working / NOTES, {"program": MARK, "key": key, "arrays": arrays})


def list_left(folder: Path) -> list[Path]:
    """Return the folders of dead processes that were to become `folder`, as far as noted."""
    noted = [file.parent for file in folder.parent.glob(f".*-{folder.name}/{NOTES}")]
    return [left for left in noted if is_abandoned(left / OWNER)]


def take_over(
    working: Path, folder: Path, key: str, layout: Mapping[str, Any]
) -> dict[str, Filled]:
    """Rename what a dead process left of the same arrays to `working`, and say what is there.

    Args:
        working: Does not exist.
        folder: What it is to become.
        key: As it was written down.
        layout: Of the arrays: name -> shape, dtype.

    Returns:
        What is filled of each; nothing where nothing, or nothing whole, was left.
    """
    for left in list_left(folder) if key else ():
        try:
            notes = json.loads((left / NOTES).read_bytes())
            if notes["key"] != key or notes["arrays"].keys() != layout.keys():
                continue
            found = {
                name: _check(left, name, notes["arrays"][name], *layout[name]) for name in layout
            }
            os.rename(left, working)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            logger.debug("Nothing of %s is gone on with: %s", left, error)
            continue
        return found
    return {}


def _check(
    folder: Path, name: str, noted: Mapping[str, Any], shape: tuple[int, ...], dtype: str
) -> Filled:
    """Return what is there of an array.

    Raises:
        ValueError: It is not what was written down.
    """
    filled, header = Filled(int(noted["rows"]), int(noted["crc32"])), make_header(shape, dtype)
    a_row = math.prod(shape[1:]) * np.dtype(dtype).itemsize
    left, checksum = len(header) + filled.rows * a_row, 0
    with name_array_file(folder, name).open("rb") as stream:
        while left and (block := stream.read(min(CHUNK, left))):
            left, checksum = left - len(block), zlib.crc32(block, checksum)
    if left or checksum != filled.crc32 or not 0 <= filled.rows <= shape[0]:
        raise ValueError(f"{name} is not what was written down")
    return filled


def remove_notes(working: Path) -> None:
    """Forget them: the arrays are whole."""
    with contextlib.suppress(FileNotFoundError):
        (working / NOTES).unlink()
