"""Which folders of the activation cache are whose, and which of them may be removed.

A process that writes into a folder claims it; what a dead process left is swept up. What is in the
folders is `cache_store`'s business.
"""

import contextlib
import logging
import os
import re
from pathlib import Path

from keras_transfer.config.messages import count_of
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import UNFINISHED
from keras_transfer.system.files.locks import claim, is_abandoned
from keras_transfer.system.files.ownership import MANIFEST, NOTES, OWNER, is_marked, remove_own
from keras_transfer.system.files.user_folders import cache_roots

logger = logging.getLogger(__name__)

STRAY = (".DS_Store", "Thumbs.db", "desktop.ini")  # file managers leave them wherever they look


def claim_scratch(scratch: Path) -> None:
    """Make the folder, and write down which process works in it.

    Raises:
        OSError: It cannot be written.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    claim(scratch / OWNER)


def sweep_scratch(output: Path) -> int:
    """Remove what ended runs directly below `output` left in their scratch folders.

    A run has ended if it is finished, or if its process was on this host and is no more. A folder
    that nobody claimed stays.

    Returns:
        The bytes freed.
    """
    freed = 0
    for run in map(Run, output.glob("*")):
        if not is_marked(run.scratch, [OWNER]):
            continue
        if os.path.isfile(run.metrics_file) or is_abandoned(run.scratch / OWNER):
            freed += remove_folder(run.scratch)
    return freed


def reuse_folder() -> Path:
    """Return the folder whose entries later runs may use; it need not exist."""
    return cache_roots()[0] / "activations"


def count_reuse() -> int:
    """Return the bytes of all entries of the reuse folder."""
    return sum(map(_count_files, _list_ours(reuse_folder())))


def make_room(folder: Path, needed: int, limit: int) -> bool:
    """Remove entries of the reuse folder, oldest use first, until there is room for a new one.

    An entry that a process still reads goes too: the process keeps its maps, and the disk space is
    free when it ends. What another process is writing counts and stays.

    Args:
        folder: The reuse folder.
        needed: Bytes to come.
        limit: Bytes that the folder may hold with them.

    Returns:
        Whether they fit. If they never could, no entry is removed.
    """
    remove_leftovers(folder)
    used = {entry: _count_files(entry) for entry in _list_ours(folder)}
    entries = sorted((entry for entry in used if not _is_working(entry)), key=_last_use)
    total = sum(used.values())
    if total - sum(used[entry] for entry in entries) + needed > limit:
        return False
    for entry in entries:
        if total + needed <= limit:
            break
        total -= remove_folder(entry)
    return total + needed <= limit


def empty_reuse() -> tuple[int, int]:
    """Remove all entries of the reuse folder, but not what another process is writing.

    Returns:
        The number of entries and of bytes removed.

    Raises:
        ConfigError: Some cannot be removed.
    """
    folder = reuse_folder()
    entries = [e for e in _list_ours(folder) if not _is_working(e) or _is_leftover(e)]
    freed = sum(map(remove_folder, entries))
    if left := sum(map(os.path.lexists, entries)):
        raise ConfigError(
            f"The cache must be writable to be emptied. Received: {folder}, where {left} of "
            f"{count_of(len(entries), 'entry', 'entries')} cannot be removed. Ask the "
            "owner of that folder."
        )
    return len(entries), freed


def list_others() -> list[str]:
    """Return the names in the reuse folder that do not carry our mark, and so are never removed."""
    return sorted(entry.name for entry in reuse_folder().glob("*") if not is_ours(entry))


def remove_leftovers(folder: Path) -> int:
    """Remove the working folders of processes that are no more; return the bytes freed."""
    return sum(map(remove_folder, filter(_is_leftover, _list_ours(folder))))


def is_ours(folder: Path) -> bool:
    """Tell whether a `FileStore` made this folder, and nobody else but a desktop wrote into it."""
    try:
        names = os.listdir(folder)
    except OSError:  # a file, or nothing
        return False
    known = (MANIFEST, NOTES, OWNER, *STRAY)
    return is_marked(folder, (MANIFEST, OWNER)) and all(
        name.endswith(".npy") or name in known or UNFINISHED.match(name) for name in names
    )


def remove_folder(folder: Path) -> int:
    """Remove a folder, its manifest first so that nobody opens half of it; return bytes freed."""
    before = _count_files(folder)
    with contextlib.suppress(OSError):
        (folder / MANIFEST).unlink()
    remove_own(folder, OWNER)
    if os.path.lexists(folder):
        logger.warning("Not all of %s could be removed.", folder)
    return before - _count_files(folder)


def _is_leftover(entry: Path) -> bool:
    """Tell whether this is the working folder of a process that is no more."""
    return _is_working(entry) and is_abandoned(entry / OWNER)


def _is_working(entry: Path) -> bool:
    return re.match(r"\.\d+-", entry.name) is not None


def _list_ours(folder: Path) -> list[Path]:
    return [entry for entry in folder.glob("*") if is_ours(entry)]


def _last_use(entry: Path) -> float:
    """Return when an entry was made or last opened for use; a damaged one never was."""
    with contextlib.suppress(OSError):
        return (entry / MANIFEST).stat().st_mtime
    return 0.0


def _count_files(folder: Path) -> int:
    """Return the bytes of the files in a folder."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total
