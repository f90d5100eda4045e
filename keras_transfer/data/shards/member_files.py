"""Files, and images in tar shards as if they were files: whatever reads an example reads it here.

An image of a shard is named by the path of the shard and its own path in it, such as
`photos/shard-000001.tar/0001.jpg`. A folder that is called so is a folder.
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from keras_transfer.data.shards.shard_index import ShardIndex, State, find_index
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file

SUFFIX = ".tar"
INSIDE = re.compile(r"\.tar[/\\]", re.IGNORECASE)


class Member(NamedTuple):
    """An image of a shard."""

    shard: str
    name: str  # '/'-separated path in the shard


def may_be_member(file: str | Path) -> bool:
    """Tell by its name alone whether a path may lead into a shard."""
    return INSIDE.search(os.fspath(file)) is not None


def find_member(file: str | Path) -> Member | None:
    """Return the shard that a path leads into, and what it names there; None of any other path."""
    path = os.fspath(file)
    for found in INSIDE.finditer(path):
        shard = path[: found.end() - 1]
        if os.path.isfile(shard):
            return Member(os.path.abspath(shard), path[found.end() :].replace(os.sep, "/"))
    return None


def name_container(source: str | Path) -> str:
    """Return the file on the disk that an example is: its shard, or itself."""
    member = find_member(source)
    return str(member.shard if member else source)


def read_file(file: str | Path) -> bytes:
    """Return the bytes of a file, or of an image in a shard.

    Raises:
        OSError: It is not there, or its shard is damaged.
    """
    member = find_member(file)
    with open(member.shard if member else file, "rb") as stream:
        if member is None:
            return stream.read()
        offset, size = _locate(member, os.fstat(stream.fileno()))
        stream.seek(offset)
        content = stream.read(size)
    if len(content) != size:
        raise OSError(errno.EINVAL, "its shard is cut", str(file))
    return content


def hash_content(file: str | Path) -> str:
    """Return the SHA-256 of a file, or of an image in a shard, in hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    if find_member(file) is None:
        return hash_file(Path(file))
    return hashlib.sha256(read_file(file)).hexdigest()


def stat_file(file: str | Path) -> State:
    """Return the size of a file and the time of its last change; of an image its shard's time.

    Raises:
        OSError: It is not there.
    """
    member = find_member(file)
    status = os.stat(member.shard if member else file)
    size = _locate(member, status)[1] if member else status.st_size
    return size, status.st_mtime_ns


def is_there(file: str | Path) -> bool:
    """Tell whether there is such a file, or such an image in a shard."""
    if os.path.isfile(file):
        return True
    try:
        return find_member(file) is not None and bool(stat_file(file))
    except OSError:
        return False


def is_shard(file: str) -> bool:
    """Tell whether a file is a tar by its name."""
    return file.lower().endswith(SUFFIX) and os.path.isfile(file)


def list_members(shard: str) -> list[str]:
    """Return the paths of all images of a shard.

    Raises:
        ConfigError: It is damaged.
    """
    return [f"{shard}/{name.decode()}" for name in open_index(shard).names.tolist()]


def open_index(shard: str) -> ShardIndex:
    """Return the index of a shard.

    Raises:
        ConfigError: It is damaged.
    """
    status = os.stat(shard)
    return find_index(os.path.abspath(shard), (status.st_size, status.st_mtime_ns))


def find_folder(files: Iterable[str]) -> Path:
    """Return the deepest folder that holds all files, and the shards of all images in shards."""
    members = ((file, find_member(file)) for file in files)
    folders = {os.path.dirname(member.shard if member else file) for file, member in members}
    return Path(os.path.commonpath(folders))


def _locate(member: Member, status: os.stat_result) -> tuple[int, int]:
    """Return offset and size of an image in a shard that has this status."""
    try:
        index = find_index(member.shard, (status.st_size, status.st_mtime_ns))
    except ConfigError as error:  # whoever reads files expects what files do
        raise OSError(errno.EINVAL, str(error), member.shard) from error
    if (found := index.find(member.name)) is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), member.shard)
    return found
