"""Whether a file of weights keeps its numbers in itself: HDF5 can take them from other files."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import h5py  # type: ignore[import-untyped]

from keras_transfer.config.messages import say_bytes
from keras_transfer.system.errors import ConfigError

SWOLLEN = 100  # times its size in the archive; Keras compresses nothing
HARMLESS = 1 << 28  # bytes that may be of any size there


def require_own_numbers(file: Path) -> None:
    """Refuse a file of weights or a .keras archive that leads to other files; a broken one passes.

    Raises:
        ConfigError: It does, or it is an archive that unfolds to many times its size.
    """
    if file.suffix != ".keras":
        return _check_hdf5(file, file)
    if not zipfile.is_zipfile(file):
        return None
    with zipfile.ZipFile(file) as archive:
        for each in archive.infolist():
            if each.file_size > max(HARMLESS, SWOLLEN * each.compress_size):
                raise ConfigError(
                    f"A .keras file must hold a model. Received: {file}, whose {each.filename} is "
                    f"{say_bytes(each.file_size)} in {say_bytes(each.compress_size)}. "
                    "Save the model anew."
                )
            if each.filename.endswith(".h5"):
                _check_hdf5(io.BytesIO(archive.read(each)), file)
    return None


def _check_hdf5(content: Path | IO[bytes], file: Path) -> None:
    """Refuse an HDF5 file that leads to others, before any number of it is read.

    Args:
        content: The file, or a stream of it; what is no HDF5 file passes.
        file: What the error names.

    Raises:
        ConfigError: It has external links, or arrays that are virtual or stored elsewhere.
    """
    try:
        opened = h5py.File(content, "r")
    except OSError:  # no HDF5 file: whoever reads it says so
        return
    with opened:
        odd = next(_find_leading(opened), None)
    if odd:
        raise ConfigError(
            f"A file of weights must keep its numbers in itself. Received: {file}, whose "
            f"{odd[0]!r} is {odd[1]}. Save the weights anew, from the model that has them."
        )


def _find_leading(root: Any) -> Iterator[tuple[str, str]]:
    """Yield the names that lead to other files, and how; nothing is read of those."""
    waiting, seen = [("", root)], set()
    while waiting:
        place, group = waiting.pop()
        if group.id in seen:  # groups can hold each other
            continue
        seen.add(group.id)
        for key in group:
            name = f"{place}/{key}"
            if isinstance(link := group.get(key, getlink=True), h5py.ExternalLink):
                yield name, f"a link to {link.filename}"
            elif isinstance(link, h5py.HardLink):  # what a soft link leads to is there besides
                kind = group.get(key, getclass=True)
                if kind is h5py.Group:
                    waiting.append((name, group[key]))
                elif kind is h5py.Dataset:
                    yield from _judge(name, group[key])


def _judge(name: str, array: Any) -> Iterator[tuple[str, str]]:
    if array.is_virtual:
        yield name, "a virtual data set"
    elif array.external:
        yield name, f"kept in {array.external[0][0]}"
