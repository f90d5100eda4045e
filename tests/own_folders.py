"""The tests' own home, cache and temporary folder, and a watch over what leaves them."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

CACHES = [os.path.expanduser(f"~/{name}") for name in (".keras", ".cache", "tensorflow_datasets")]
CACHES.append(os.path.join(tempfile.gettempdir(), "keras_transfer"))
PREFIX = "keras_transfer-tests-"
SPARED = ("/dev/", "/proc/", "/sys/")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
NEW_SECOND = {"os.link", "os.symlink", "os.rename"}  # where what is made is the second word

strayed: list[str] = []  # what the test under way touched that is not the tests'
_allowed: list[str] = []


def move_in():
    """Give this process and those it starts a home of their own, which goes at the end."""
    home = os.path.expanduser("~")
    if not os.path.basename(home).startswith(PREFIX):  # else a process of ours started this one
        home = tempfile.mkdtemp(prefix=PREFIX)
        # pytest keeps the folders of the last sessions where it always does
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
        os.environ |= {"HOME": home, "TMPDIR": f"{home}/tmp", "MPLCONFIGDIR": f"{home}/matplotlib"}
        os.environ["KERAS_TRANSFER_CACHE"] = f"{home}/cache"
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = f"{home}/hypothesis"
        for name in ("KERAS_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TFDS_DATA_DIR"):
            os.environ.pop(name, None)
        os.mkdir(f"{home}/tmp")
        tempfile.tempdir = None
        atexit.register(shutil.rmtree, home, ignore_errors=True)
    allow(home)
    sys.addaudithook(_watch)


def allow(folder: str | Path) -> None:
    """Let the tests write below a folder."""
    if str(folder) not in _allowed:
        _allowed.append(str(folder))


def _watch(event: str, words: tuple) -> None:
    if event == "open":
        path, mode, flags = words
        writes = bool((flags or 0) & WRITING) or any(letter in (mode or "") for letter in "wax+")
    elif event in CHANGES:
        path, writes = words[event in NEW_SECOND], True
    else:
        return
    if not isinstance(path, str | bytes):  # a file that was opened before
        return
    opened = [word for word in words[1:] if isinstance(word, int) and word >= 0]
    if event in CHANGES and opened and not os.path.isabs(path):  # in a folder opened before
        return
    path = os.path.abspath(os.fsdecode(path))
    if path.startswith(SPARED) or "__pycache__" in path or _is_below(path, _allowed):
        return
    if writes or _is_below(path, CACHES):
        strayed.append(f"{event} {path}")


def _is_below(path: str, folders: list[str]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)
