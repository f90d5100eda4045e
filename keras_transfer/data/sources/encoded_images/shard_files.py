"""The shards that a word names: a file, a folder of them, `data-{000..009}.tar` or `data-*.tar`."""

import glob
import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources.encoded_images.given_splits import find_shard_splits
from keras_transfer.system.errors import ConfigError

BRACES = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"(\d{1,12})\.\.(\d{1,12})", re.ASCII)
MOST_SHARDS = 100_000  # more are a slip of the keyboard
CLASS_FILES = ("classes.txt", "class_names.txt", "labels.txt")  # beside the shards


class Shard(NamedTuple):
    """One file of a set."""

    file: Path
    split: str  # by its name


def list_shards(dataset: str, suffix: str) -> list[Shard]:
    """Return the shards in order, of which each is a regular file.

    Args:
        dataset: A file, a folder that is searched with its sub-folders, or a pattern with braces
            as a shell has them, or with `*`.
        suffix: What their names end with.

    Raises:
        ConfigError: There is none, one of those named is missing, or it is no file.
    """
    path = os.path.abspath(os.path.expanduser(dataset))
    files = [path] if os.path.isfile(path) else _find_files(path, suffix)
    if odd := [file for file in files if not os.path.isfile(file)]:
        raise ConfigError(
            f"Every shard must be a file. Received: {dataset}, of which {len(odd)} are missing or "
            f"none: {name_some(odd)}. Correct the pattern or fetch them."
        )
    if not files:
        raise ConfigError(
            f"`dataset` must name shards. Received: {dataset}, where there is no file that ends in "
            f"{suffix}. Correct the path."
        )
    root = os.path.dirname(path) if files == [path] else find_folder(dataset)
    names = [os.path.relpath(file, root).replace(os.sep, "/") for file in files]
    splits = find_shard_splits(dataset, names)
    pairs = zip(files, names, strict=True)
    return [Shard(Path(file), splits[name]) for file, name in pairs if name in splits]


def find_folder(dataset: str) -> str:
    """Return the deepest folder that holds all shards of a word."""
    path = os.path.abspath(os.path.expanduser(dataset))
    if os.path.isdir(path):
        return path
    start = re.split(r"[{*?\[]", path)[0] if not os.path.isfile(path) else path
    return os.path.dirname(start)


def identify(shards: Sequence[Shard], *others: str) -> str:
    """Return a text that is another one when a shard, its name or what goes with them is."""
    states = [os.stat(shard.file) for shard in shards]
    lines = [
        f"{shard.file} {shard.split} {state.st_size} {state.st_mtime_ns}"
        for shard, state in zip(shards, states, strict=True)
    ]
    return "\n".join([*lines, *others])


def count_bytes(shards: Sequence[Shard]) -> int:
    """Return the size of all shards."""
    return sum(os.stat(shard.file).st_size for shard in shards)


def name_set(dataset: str) -> str:
    """Return what a set is called in the cache: the name of its folder, or of its only file."""
    path = os.path.abspath(os.path.expanduser(dataset))
    return Path(path).stem if os.path.isfile(path) else os.path.basename(find_folder(dataset))


def read_class_names(dataset: str) -> tuple[str, ...]:
    """Return the names of the classes 0, 1, … in a file beside the shards; () where none is."""
    for name in CLASS_FILES:
        file = Path(find_folder(dataset), name)
        if file.is_file():
            try:
                lines = file.read_text("utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    f"Names of classes must be lines of text in UTF-8. Received: {file} ({error})."
                ) from error
            return tuple(line.strip() for line in lines if line.strip())
    return ()


def _find_files(path: str, suffix: str) -> list[str]:
    """Return the files below a folder, or those that a pattern means, in order."""
    if os.path.isdir(path):
        found = (file for file in Path(path).rglob(f"*{suffix}"))
        return sorted(str(file) for file in found if not file.name.startswith((".", "_")))
    files: list[str] = []
    for each in itertools.islice(_expand_braces(path), MOST_SHARDS + 1):
        files += sorted(glob.glob(each, recursive=True)) if glob.has_magic(each) else [each]
    if len(files) > MOST_SHARDS:
        raise ConfigError(
            f"`dataset` must name at most {MOST_SHARDS:,} shards. Received: {path}. Correct the "
            "braces."
        )
    return files


def _expand_braces(pattern: str) -> "itertools.chain[str] | list[str]":
    """Return what a shell makes of `a-{00..11}.tar` and `{train,val}.tar`, one after another."""
    found = BRACES.search(pattern)
    if not found:
        return [pattern]
    head, tail = pattern[: found.start()], pattern[found.end() :]
    middles: Sequence[str] | map[str] = found[1].split(",")
    if numbers := RANGE.fullmatch(found[1]):
        width = len(numbers[1])
        middles = map(f"{{:0{width}d}}".format, range(int(numbers[1]), int(numbers[2]) + 1))
    return itertools.chain.from_iterable(_expand_braces(f"{head}{m}{tail}") for m in middles)
