"""The file of one array: its name, its header, its room on the disk, and whether it is whole."""

import errno
import io
import os
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

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
