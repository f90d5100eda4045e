"""What is in a bucket: its objects, and which of their names can be names of files here."""

import logging
import os
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.data.examples import is_text
from keras_transfer.data.sources.buckets.bucket_addresses import Place, explaining
from keras_transfer.data.sources.file_walk import is_side_folder
from keras_transfer.system.errors import ConfigError

UNKNOWN = -1  # size that a store does not say
LONGEST_PART, LONGEST = 240, 3000  # bytes of a name and of a path, which the cache's comes before
FORBIDDEN = set('\\:*?"<>|') if os.name == "nt" else {"\\"}
# What says of an object that it is another one now, the surest first; by package, in its words.
TAGS = ("ETag", "etag", "blob_id", "md5Hash", "content_md5", "generation", "sha")
TIMES = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")

logger = logging.getLogger(__name__)


class Object(NamedTuple):
    """One object of a bucket."""

    key: str  # '/'-separated, below the bucket
    size: int  # bytes, or UNKNOWN
    tag: str  # another one where the content is; "" where the store says nothing


def list_objects(place: Place) -> list[Object]:
    """Return the object that an address names, or all below the folder that it names, sorted.

    Hidden folders, and those that programs leave beside images, are left out.

    Raises:
        ConfigError: There is none, or the store does not answer.
    """
    with explaining(place.address):
        found = place.system.info(place.name(place.key))
        if found["type"] == "file":
            return [_describe(place, place.key, found)]
        below = place.system.find(place.name(place.key), detail=True)
    start = place.name(place.key) + "/"
    objects = [
        _describe(place, name.removeprefix("/").partition("/")[2], info)
        for name, info in below.items()
        if info["type"] == "file" and not name.endswith("/")  # which stands for a folder
        if name.removeprefix("/").startswith(start)
    ]
    skipped = len(place.key) + 1 if place.key else 0
    objects = [each for each in objects if not _is_beside(each.key[skipped:])]
    if not objects:
        raise ConfigError(
            f"An address must lead to a bucket or folder that holds files. Received: "
            f"{place.address}, where there is none. Correct it."
        )
    return sorted(objects)


def look_at(place: Place) -> None:
    """Ask a store for what an address names, and no more.

    Raises:
        ConfigError: There is no such thing, or the store does not answer.
    """
    find_odd_name(place.key, place.address)
    with explaining(place.address):
        place.system.info(place.name(place.key))


def find_odd_name(key: str, address: str) -> None:
    """Refuse an address that cannot be a path here."""
    if key and (fault := judge_key(key)):
        raise ConfigError(
            f"An address must be one that files can have here. Received: {address}: {fault}."
        )


def leave_out_odd(objects: Sequence[Object], address: str, folds_case: bool) -> list[Object]:
    """Return the objects whose names can be names of files here; the others are warned of.

    Args:
        objects: Of one listing.
        address: For the message.
        folds_case: Whether two names that differ in letter case only are one file here.
    """
    folders = {parent for each in objects for parent in _list_parents(each.key)}
    seen: set[str] = set()
    kept, odd = [], []
    for each in objects:
        same = _fold(each.key) if folds_case else each.key
        fault = judge_key(each.key) or ("a folder, too" if each.key in folders else "")
        fault = fault or ("one file with another here" if same in seen else "")
        if fault:
            odd.append(f"{each.key!a} ({fault})")
        else:
            seen.add(same)
            kept.append(each)
    if odd:
        text = "%s: left out %s whose names cannot be those of files here: %s"
        logger.warning(text, address, count_of(len(odd), "object"), name_some(odd, most=3))
    return kept


def judge_key(key: str) -> str:
    """Return why the key of an object cannot be a path here; "" if it can."""
    parts = key.split("/")
    if not is_text(key) or any(sign < " " or sign == "\x7f" for sign in key):
        return "signs that are no text"
    if any(part in ("", ".", "..") for part in parts):
        return "an empty part, . or .."
    if set(key) & FORBIDDEN:
        return "signs that paths cannot have"
    if os.name == "nt" and any(part.endswith((" ", ".")) for part in parts):
        return "a part that ends in a blank or a dot"
    if max(len(part.encode()) for part in parts) > LONGEST_PART or len(key.encode()) > LONGEST:
        return "too long"
    return ""


def choose_named(objects: Sequence[Object], table: Path, folder: str) -> list[Object]:
    """Return the objects that a table names, or where none is, those whose last part it names.

    Args:
        objects: All below the folder of the table.
        table: A copy of it.
        folder: Key of its folder.
    """
    from keras_transfer.data.sources.tables.read_table import read_columns

    columns = read_columns(table).values()
    cells = {cell.replace("\\", "/") for column in columns for cell in column}
    start = f"{folder}/" if folder else ""
    exact = {os.path.normpath(start + cell) for cell in cells if cell}
    if found := [each for each in objects if each.key in exact]:
        return found
    # as `locate_files` finds them: cells may lack the suffix, and differ in case
    names = {_fold(cell.rpartition("/")[2]) for cell in cells}
    return [
        each
        for each in objects
        for name in [_fold(each.key.rpartition("/")[2])]
        if name in names or os.path.splitext(name)[0] in names
    ]


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _list_parents(key: str) -> list[str]:
    parts = key.split("/")[:-1]
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _is_beside(path: str) -> bool:
    """Tell whether a path lies in a hidden folder, or in one that holds no images."""
    return any(is_side_folder(part) and part not in (".", "..") for part in path.split("/")[:-1])


def _describe(place: Place, key: str, info: Mapping[str, Any]) -> Object:
    size = info.get("size")
    found = next((info[name] for name in (*TAGS, *TIMES) if info.get(name)), "")
    return Object(key, UNKNOWN if size is None else int(size), _say(found))


def _say(fact: Any) -> str:
    """Return a tag as text; a time may be a number in listings and none elsewhere."""
    return str(fact.timestamp() if hasattr(fact, "timestamp") else fact)
