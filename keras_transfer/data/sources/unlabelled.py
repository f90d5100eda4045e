"""Unlabelled examples for prediction: found by name, folder, shard, glob or standard input."""

import codecs
import glob
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.shards.member_files import is_shard, is_there, list_members
from keras_transfer.data.sources.buckets.bucket_addresses import is_bucket
from keras_transfer.data.sources.buckets.local_copies import bring_here, check_bucket, name_there
from keras_transfer.data.sources.file_walk import is_side_file, walk_images
from keras_transfer.system.errors import ConfigError

Source = str | bytes | np.ndarray  # the name of a file, its content, or pixels

STANDARD_INPUT = "-"
NO_TEXT = re.compile(rb"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]|\0\0|[^\n\0]{4097}")  # nor a list of paths


def list_sources(
    words: Iterable[str], is_example: Callable[[bytes], bool]
) -> tuple[list[str], list[Source]]:
    """Find the images that words name: files, folders with all below them, globs, standard input.

    A tar shard stands for the images in it, and so does a folder that holds nothing but shards.

    Those at addresses are copied here; see `bring_here`.

    Args:
        words: `-` is standard input, which holds either one image or names of files, a line each
            (or with a zero byte after each). A pattern that a file of this very name exists for is
            that file.
        is_example: Tells whether bytes are an example rather than a list of names.

    Returns:
        A name for each image, and where its pixels come from. A file that is not there is
        listed; reading it says so.

    Raises:
        ConfigError: A folder, a pattern or standard input holds nothing.
    """
    names: list[str] = []
    sources: list[Source] = []
    for word in words:
        content = sys.stdin.buffer.read() if word == STANDARD_INPUT and sys.stdin else b""
        if word == STANDARD_INPUT and (is_example(content) or NO_TEXT.search(content)):
            names.append(STANDARD_INPUT)
            sources.append(content)
            continue
        if word == STANDARD_INPUT:
            found = files = _read_names(content)
        else:
            found, files = find_files(word)
        names += found
        sources += files
    return names, sources


def find_files(word: str) -> tuple[list[str], list[str]]:
    """Return what the files that a word names are called, and where they are; see `expand_word`.

    What an address names is copied here, and is called as it is there.
    """
    copy = bring_here(word)
    files = expand_word(copy)
    return [name_there(word, copy, file) for file in files], files


def find_missing(words: Sequence[str]) -> list[str]:
    """Return the files among the words of a command line that are not there.

    Raises:
        ConfigError: None of them is there, a folder or a pattern holds nothing, or nothing is at an
            address.
    """
    for address in filter(is_bucket, words):
        check_bucket(address)
    found = [expand_word(w) for w in words if w != STANDARD_INPUT and not is_bucket(w)]
    ones = [name for name, *others in found if not others]
    missing = [name for name in ones if not (os.path.exists(name) or is_there(name))]
    if missing and len(missing) == len(words):
        raise ConfigError(
            f"IMAGES must name files that exist. Received: {name_some(missing)}, not there."
        )
    return missing


def _read_names(content: bytes) -> list[str]:
    content = content.removeprefix(codecs.BOM_UTF8)
    parts = content.split(b"\0" if b"\0" in content else b"\n")
    names = [os.fsdecode(part.rstrip(b"\r")) for part in parts if part.strip()]
    if not names:
        raise ConfigError("Standard input must hold names or an image, once. Received: nothing.")
    return names


def expand_word(word: str) -> list[str]:
    """Return the files that a word names, each once."""
    path = os.path.expanduser(word)
    try:
        if glob.has_magic(path) and not (os.path.lexists(path) or is_there(path)):
            found = [name for match in match_pattern(path) for name in _list_files(match)]
            found = [name for name in found if not is_side_file(os.path.basename(name))]
        else:
            found = _list_files(path)
    except OSError as error:
        raise ConfigError(
            f"IMAGES must be folders that can be read. Received: {error.filename} "
            f"({error.strerror})."
        ) from error
    if not found:
        raise ConfigError(
            f"IMAGES must name at least one file each. Received: {word}, which holds none."
        )
    return sorted(set(found))


def match_pattern(pattern: str) -> Iterator[str]:
    """Yield what `glob.glob(pattern, recursive=True)` finds, but enter each folder once only.

    Links in rings are ever new paths to Python's own, and two rings as many as two to the 40th.
    What lies in a folder that `**` ends with is left to whoever lists that folder.
    """
    if not (stars := re.search(r"(?<![^/])\*\*(/+|\Z)", pattern)):
        yield from glob.iglob(pattern)
        return
    before, after = pattern[: stars.start()], pattern[stars.end() :]
    for root in glob.iglob(before) if before else [""]:
        if not after and root:
            yield root
        for folder, files in _walk_once(root or os.curdir):
            folder = folder if root else folder.removeprefix(os.curdir).lstrip("/")
            if after:
                yield from match_pattern(os.path.join(glob.escape(folder), after))
            else:
                yield from (os.path.join(folder, name) for name in files)


def _walk_once(root: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each visible folder from `root` on, and its visible files; each under one path."""
    seen = {*map(str, Path(os.path.realpath(root)).parents)}
    for folder, below, files in os.walk(root, followlinks=True):
        here = os.path.realpath(folder)
        below[:] = sorted(name for name in below if not name.startswith("."))
        if here in seen:
            below.clear()
            continue
        seen.add(here)
        yield folder, [name for name in files if not name.startswith(".")]


def _list_files(path: str) -> list[str]:
    if not os.path.isdir(path):
        return list_members(path) if is_shard(path) else [path]
    os.scandir(path).close()  # one that is named must be readable, those below it need not be
    files = list(walk_images(path, path.rstrip("/"), set()))
    if all(map(is_shard, files)):
        return [member for file in files for member in list_members(file)]
    return files
