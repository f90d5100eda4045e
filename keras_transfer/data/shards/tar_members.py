"""The members of a tar file, listed one after another; nothing is ever unpacked by its name.

A tar may come from anyone: what is no plain file with a plain name is refused, and so is what says
that it is larger than the file it is in.
"""

import tarfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from keras_transfer.system.errors import ConfigError

LONGEST = 2**12  # letters of a path: no disk takes more


class Member(NamedTuple):
    """A file in a tar."""

    path: str
    """As the tar names it, without `./`."""
    key: str
    """Its path up to the first dot of its name."""
    suffix: str
    """What comes after its last dot, in lower case."""
    offset: int
    """Where its content begins in the tar, in bytes."""
    size: int
    """Bytes of its content."""
    content: bytes
    """b"" where it was not to be read."""


def list_members(file: Path, most: Mapping[str, int], read: Collection[str]) -> Iterator[Member]:
    """Yield the files of a tar that are wanted, in order.

    Args:
        file: An uncompressed tar.
        most: The suffixes that are wanted, with the bytes that such a file may have.
        read: Those among them whose content is read.

    Raises:
        ConfigError: It is no tar, is cut or damaged, or has members that are no plain files.
    """
    try:
        with tarfile.open(file, "r:") as tar:
            while info := tar.next():
                tar.members.clear()  # type: ignore[attr-defined] # else each of millions is kept
                key, suffix = _split_name(info, file)
                if suffix in most:
                    _check_size(info, most[suffix], file)
                    content = _read(tar, info, file) if suffix in read else b""
                    path = str(PurePosixPath(info.name))
                    yield Member(path, key, suffix, info.offset_data, info.size, content)
            _check_end(tar.offset, file)
    except (tarfile.TarError, EOFError, OSError, OverflowError) as error:
        raise _refuse(file, str(error)) from error


def _split_name(info: tarfile.TarInfo, file: Path) -> tuple[str, str]:
    """Return key and suffix of a member; no suffix for folders and hidden files.

    Raises:
        ConfigError: It is no plain file, or its name is none within the tar.
    """
    path = PurePosixPath(info.name)
    plain = info.isreg() and not info.issparse()
    leads_out = path.is_absolute() or ".." in path.parts or len(info.name) > LONGEST
    if not (plain or info.isdir()) or leads_out:
        raise ConfigError(
            "A tar shard must hold plain files under names within it. Received: "
            f"{info.name[:200]!r} in {file}, a link, a device, or a path that leads out. Write the "
            "shard anew from the files themselves."
        )
    stem, _, rest = path.name.partition(".")
    suffix = rest.rpartition(".")[2].lower() if plain and stem else ""
    return str(path.parent / stem), suffix


def _check_size(info: tarfile.TarInfo, most: int, file: Path) -> None:
    if info.size > most:
        raise ConfigError(
            f"A member of a tar shard must have at most {most:,} bytes. Received: {info.size:,} in "
            f"{file}, {info.name[:200]!r}. Leave it out."
        )


def _read(tar: tarfile.TarFile, info: tarfile.TarInfo, file: Path) -> bytes:
    """Return the content of a plain file."""
    stream = tar.extractfile(info)
    content = stream.read() if stream else b""
    if len(content) != info.size:
        raise _refuse(file, "it ends within a member")
    return content


def _check_end(offset: int, file: Path) -> None:
    """Refuse a tar that goes on behind a damaged header, where `tarfile` stops without a word."""
    with file.open("rb") as stream:
        stream.seek(offset)
        if stream.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise _refuse(file, "a header is damaged")


def _refuse(file: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"A tar shard must be a whole, uncompressed tar. Received: {file} ({reason}). Fetch it "
        "again, or unpack a compressed one."
    )
