"""Copies of buckets in the cache: each object is fetched once, and again when it is another one.

What reads examples reads these files; paths are as in the bucket.
"""

import contextlib
import logging
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from keras_transfer.config.messages import count_of, say_bytes
from keras_transfer.data.sources.buckets.bucket_addresses import Place, is_bucket, open_place
from keras_transfer.data.sources.buckets.bucket_listing import (
    Object,
    choose_named,
    find_odd_name,
    leave_out_odd,
    list_objects,
    look_at,
)
from keras_transfer.data.sources.buckets.fetch_objects import Wanted, fetch_objects
from keras_transfer.data.sources.buckets.object_index import ObjectIndex, is_whole
from keras_transfer.data.sources.encoded_images.encoded_set import clean_name
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.files.locks import describe_owner, seize
from keras_transfer.system.files.ownership import MANIFEST, MARK, OWNER
from keras_transfer.system.files.user_folders import cache_roots
from keras_transfer.system.machine import free_disk

FOLDER = "buckets"  # in the cache
TABLES = (".csv", ".tsv")  # name files beside them
ASKED = 1.0  # seconds between two looks whether another process is done

logger = logging.getLogger(__name__)


def bring_here(word: str) -> str:
    """Return the path here of what an address names, once it is copied; other words as they are.

    Of a folder everything below it is copied, of a table it and the files that it names.

    Raises:
        ConfigError: It cannot be read, or does not fit on the disk.
    """
    if not is_bucket(word):
        return word
    place = open_place(word)
    find_odd_name(place.key, word)
    objects = list_objects(place)
    is_file = objects[0].key == place.key
    with _owning(place) as folder:
        index = ObjectIndex(folder)
        try:
            _bring(place, objects, folder, index)
            if is_file and place.key.lower().endswith(TABLES):
                _bring_named(place, folder, index)
        finally:
            index.close()
    return os.path.join(_files(folder), *place.key.split("/"))


def name_there(word: str, copy: str, file: str) -> str:
    """Return what a file of a copy is called where it comes from.

    Args:
        word: As `bring_here` took it.
        copy: What that returned.
        file: A file of it.
    """
    return file if word == copy else word.rstrip("/") + file.removeprefix(copy).replace(os.sep, "/")


def check_bucket(address: str) -> None:
    """Look whether there is something at an address; nothing is copied.

    Raises:
        ConfigError: There is not, or it cannot be told.
    """
    look_at(open_place(address))


def _bring(place: Place, objects: Sequence[Object], folder: Path, index: ObjectIndex) -> None:
    """Have the files below an address be these objects, and no others."""
    kept = leave_out_odd(objects, place.address, _folds_case(folder))
    _remove_others(place.key, kept, folder, index)
    _fetch_missing(place, kept, folder, index)


def _bring_named(place: Place, folder: Path, index: ObjectIndex) -> None:
    """Have the files that a table names, too."""
    beside = place.beside()
    objects = leave_out_odd(list_objects(beside), beside.address, _folds_case(folder))
    _remove_others(beside.key, objects, folder, index)
    named = choose_named(objects, _file(folder, place.key), beside.key)
    _fetch_missing(place, named, folder, index)


def _remove_others(key: str, objects: Sequence[Object], folder: Path, index: ObjectIndex) -> None:
    """Remove the files below a key whose objects are gone."""
    gone = index.list_below(key).keys() - {each.key for each in objects}
    for path in gone:
        file = _file(folder, path)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            file.unlink()
        with contextlib.suppress(OSError):  # not empty
            for above in file.parents:
                if above == _files(folder):
                    break
                above.rmdir()
    index.forget(gone)


def _fetch_missing(
    place: Place, objects: Sequence[Object], folder: Path, index: ObjectIndex
) -> None:
    """Fetch what is not here, or is another object now."""
    rows = index.list_below(place.beside().key)
    files = [(each, _file(folder, each.key)) for each in objects]
    missing = [(each, f) for each, f in files if not is_whole(each, rows.get(each.key), f)]
    if not missing:
        logger.info("%s: %s in %s already", place.address, _count(files), _files(folder))
        return
    size = _check_room(place, missing, folder)
    here = f", {len(files) - len(missing):,} are there already" if len(missing) < len(files) else ""
    text = "%s: copying %s, %s, to %s%s"
    logger.info(text, place.address, _count(missing), say_bytes(size), _files(folder), here)
    begin = time.monotonic()
    index.announce(each for each, _ in missing)
    partial = folder / "partial"
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
    partial.mkdir()
    fetch_objects(place, missing, partial, index.note)
    partial.rmdir()
    logger.info("%s: copied in %.1f s", place.address, time.monotonic() - begin)


def _check_room(place: Place, missing: Sequence[Wanted], folder: Path) -> int:
    """Return the bytes to copy; refuse to begin what will not fit."""
    size = sum(max(0, each.size) for each, _ in missing)
    if (free := free_disk(folder)) < size:
        raise ConfigError(
            f"The cache must have room for the files. Received: {_count(missing)} of "
            f"{place.address}, {say_bytes(size)} to copy, {say_bytes(free)} free in {folder}. Set "
            "the environment variable KERAS_TRANSFER_CACHE to another folder."
        )
    return size


@contextlib.contextmanager
def _owning(place: Place) -> Iterator[Path]:
    """Hand out the folder of a bucket, which other processes wait for meanwhile."""
    root = cache_roots()[0]
    folder = root / FOLDER / f"{clean_name(place.bucket)}-{place.identity}"
    try:
        _files(folder).mkdir(parents=True, exist_ok=True)
        write_json(folder / MANIFEST, {"program": MARK, "bucket": place.bucket})
        hold = seize(folder / OWNER)
        if hold is None:
            owner = describe_owner(folder / OWNER)
            text = "%s waits for %s, which copies of it (%s)"
            logger.warning(text, place.address, owner, folder / OWNER)
        while hold is None:
            time.sleep(ASKED)
            hold = seize(folder / OWNER)
        try:
            yield folder
        finally:
            (folder / OWNER).unlink(missing_ok=True)
            hold.close()
    except OSError as error:
        raise ConfigError(
            f"A cache folder must be writable. Received: {folder} ({error}). Set the environment "
            "variable KERAS_TRANSFER_CACHE to one that is."
        ) from error


def _folds_case(folder: Path) -> bool:
    """Tell whether names that differ in letter case are one file here."""
    return (folder / MANIFEST.upper()).exists()


def _files(folder: Path) -> Path:
    return folder / "files"


def _file(folder: Path, key: str) -> Path:
    return _files(folder).joinpath(*key.split("/"))


def _count(files: Sequence[Wanted]) -> str:
    return count_of(len(files), "object")
