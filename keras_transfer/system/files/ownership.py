"""The mark by which this program knows the folders that it made, and so may remove.

A name proves nothing: a user's folder may be called scratch or activations, too.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from keras_transfer.system.errors import ConfigError

MARK = "keras_transfer 8f1d6c0e5b7a4e0c9d2f3a61b4c87e95"  # of no other program: it was drawn once
# Files that carry it: of a folder that is whole, and of one that a process works in
MANIFEST, OWNER = "manifest.json", "owner.json"
NOTES = "filled.json"  # how far the work in such a folder is
MOST_BYTES = 10**6  # of a file that may carry it


def carries_mark(file: Path) -> bool:
    """Tell whether this program wrote the JSON file, which a folder of its own begins with."""
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > MOST_BYTES:
            return False
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("program") == MARK


def is_marked(folder: Path, names: Iterable[str]) -> bool:
    """Tell whether a folder, which must be no link, has a file of one of these names with it."""
    return not folder.is_symlink() and any(carries_mark(folder / name) for name in names)


def remove_own(folder: Path, manifest: str) -> None:
    """Remove a folder, what says that it is ours last: whoever is killed leaves one that is known.

    What cannot be removed stays.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            elif entry.name != manifest:
                os.unlink(entry.path)
    shutil.rmtree(folder, ignore_errors=True)


def refuse_links(*paths: Path) -> None:
    """Refuse to work in folders and files that are links: what they lead to is somebody else's.

    Raises:
        ConfigError: One is a link.
    """
    for path in paths:
        if path.is_symlink():
            raise ConfigError(
                f"What is written and removed must lie in its folder itself. Received: {path}, a "
                f"link to {os.readlink(path)}. Replace it by what it leads to."
            )
