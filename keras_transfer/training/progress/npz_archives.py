"""Files of arrays by name, that are whole or count as none."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from keras_transfer.system.files.atomic_files import DISK_ERRORS

Arrays = Mapping[str, np.ndarray]


def write_arrays(file: Path, arrays: Arrays) -> None:
    """Write arrays by name; what the zip format does not check is whether one of them is lost."""
    np.savez(file, allow_pickle=False, names=np.array(list(arrays)), **arrays)


def read_arrays(file: Path) -> Arrays | None:
    """Return what `write_arrays` wrote, or None if the file is damaged or not there."""
    try:
        # not by its name: NumPy would leave a damaged file open
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
            return {name: content[name] for name in content["names"].tolist()}
    except Exception as error:  # damaged files raise anything, from KeyError to OSError
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise  # it cannot be read now, which says nothing of what is in it
        return None
