"""Whether a file of weights keeps its numbers in itself: HDF5 can take them from other files."""

import io
import logging
import os
import zipfile
from pathlib import Path
from typing import IO, Any

import h5py  # type: ignore[import-untyped]

from keras_transfer.config.messages import say_bytes
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

SWOLLEN = 100  # times its size in the archive; Keras compresses nothing
HARMLESS = 1 << 28  # bytes that may be of any size there


def require_own_numbers(file: Path) -> None:
    """Refuse a file of weights or a .keras archive that leads to other files; a broken one passes.

    Raises:
        ConfigError: It does, or it is an archive that unfolds to many times its size.
    """
    try:
        if file.suffix == ".keras":
            _check_archive(file)
        else:
            _check_hdf5(file, file)
    except ConfigError:
        raise
    except Exception as error:  # the libraries raise anything; whoever loads the file says so
        logger.debug("%s cannot be checked: %s", file, error)


def _check_archive(file: Path) -> None:
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


def _check_hdf5(content: Path | IO[bytes], file: Path) -> None:
    """Refuse an HDF5 file that leads to others, before any number of it is read.

    Args:
        content: The file, or a stream of it.
        file: What the error names.

    Raises:
        ConfigError: It has external links, or arrays that are virtual or stored elsewhere.
    """
    with h5py.File(content, "r") as opened:
        odd = _find_leading(opened)
    if odd:
        raise ConfigError(
            f"A file of weights must keep its numbers in itself. Received: {file}, whose "
            f"{odd[0]!r} is {odd[1]}. Save the weights anew, from the model that has them."
        )


def _find_leading(opened: h5py.File) -> tuple[str, str] | None:
    """Return the name of something that leads to another file, and how; nothing of that is read."""

    def judge_link(name: bytes, about: Any) -> tuple[str, str] | None:
        if about.type != h5py.h5l.TYPE_EXTERNAL:
            return None
        return os.fsdecode(name), f"a link to {opened.get(name, getlink=True).filename}"

    def judge_object(name: bytes, about: Any) -> tuple[str, str] | None:
        if about.type != h5py.h5o.TYPE_DATASET:
            return None
        made = h5py.h5d.open(opened.id, name).get_create_plist()
        if made.get_layout() == h5py.h5d.VIRTUAL:
            return os.fsdecode(name), "a virtual data set"
        if made.get_external_count():
            return os.fsdecode(name), f"kept in {os.fsdecode(made.get_external(0)[0])}"
        return None

    # h5py's own objects take several times as long
    links = opened.id.links.visit(judge_link, info=True)
    return links or h5py.h5o.visit(opened.id, judge_object, info=True)
