"""The folders of a data set as they are looked through, and what they are found to be."""

import functools
import re
from pathlib import Path
from typing import NamedTuple, NoReturn

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources import file_walk
from keras_transfer.system.errors import ConfigError

TABLES = (".csv", ".tsv", ".xls", ".xlsx", ".parquet")


class ClassFolder(NamedTuple):
    """A folder that holds images of one class."""

    path: str  # '/'-separated, below the data set
    class_name: str
    split: str  # train, validation, test, or "" where none is given


class Layout(NamedTuple):
    """What the folders of a data set are."""

    folders: list[ClassFolder]
    parents: list[str]  # what holds class folders, "" is the data set: files there are not used


class Tree:
    """The names of folders and files below a folder, each looked up once.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.list_folders = functools.cache(self._list_folders)
        self.list_files = functools.cache(self._list_files)

    def find_inner(self, path: str) -> str:
        """Return the folder that holds more than one, where others only wrap it: a/a for a."""
        inner = path
        while len(found := self.list_folders(inner)) == 1 and not self.list_files(inner):
            inner = f"{inner}/{found[0]}"
        return inner

    def _list_folders(self, path: str = "") -> list[str]:
        return file_walk.list_folders(self.root / path)

    def _list_files(self, path: str = "") -> list[str]:
        return file_walk.list_files(self.root / path)


def say_table(root: Path) -> str:
    """Return the advice to use a table that lies in a folder, "" if there is none."""
    names = sorted(path.name for path in root.iterdir() if path.suffix.lower() in TABLES)
    if not names:
        return ""
    likely = [name for name in names if re.search("train|label|meta", name.lower())]
    first = (likely or names)[0]
    return f" If {first} says the class of each image, use {root / first}."


def refuse_both(root: Path, what: str, readings: str) -> NoReturn:
    """Raise the error for folders that can be read in two ways."""
    raise ConfigError(
        f"It must be certain which folders are classes and which are splits. Received: {root} with "
        f"{what}: {readings}. Add --data.layout classes if every folder there is a class, or "
        "--data.layout splits if those named train, val, test and the like are none."
    )


def join(names: list[str]) -> str:
    """Return the names of folders for a message."""
    return name_some([f"{name}/" for name in names])
