"""How much memory and disk this process may still take, and how it takes memory."""

import contextlib
import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil

# glibc's numbers for `mallopt`, and bytes: what is freed at the end of the heap stays up to the
# first, and what is larger than the second never comes from the heap. One decoded photograph of
# 12 megapixels takes 3 MB several times.
M_TRIM_THRESHOLD, KEPT = -1, 2**25
M_MMAP_THRESHOLD, LARGE = -3, 2**24
# The same for as long as a training lasts: all that is freed stays, whatever its size (by default
# 65,536 pieces come straight from the system), and threads take it from each other.
M_MMAP_MAX, USUAL_PIECES = -4, 65_536
M_ARENA_MAX = -8
EVERYTHING = 2**31 - 1

CGROUP = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")  # a line each: number:controllers:path


def free_memory() -> int:
    """Return the bytes of memory still free, as the cgroup sees it where there is one.

    In a container the host's free memory is not ours to take (the kernel would kill the process).
    """
    free = int(psutil.virtual_memory().available)
    for root, limit, usage in (
        (CGROUP, "memory.max", "memory.current"),  # cgroup v2
        (CGROUP / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"),
    ):
        for group in _list_groups(root):
            try:
                most = (group / limit).read_text().strip()
                used = int((group / usage).read_text())
            except OSError:
                continue
            if most.isdigit():  # "max": no limit
                used -= _cached_files(group / "memory.stat")
                free = min(free, max(0, int(most) - used))
    return free


def keep_freed_memory() -> None:
    """Have what is freed taken again by this process, up to some megabytes, where glibc is.

    Otherwise each large image gets new pages from the system, which fills them with zeros: 6 of 40
    milliseconds a photograph, and threads wait for each other meanwhile.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)
        libc.mallopt(M_MMAP_THRESHOLD, LARGE)


@contextlib.contextmanager
def keeping_freed_memory() -> Iterator[None]:
    """Have all that is freed meanwhile taken again, and given back at the end, where glibc is.

    Each step of a training frees what the next one asks for. Where that goes to the system and
    comes back as new pages, 31 of 100 seconds of a text encoder's training are the system's.
    """
    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(M_ARENA_MAX, 1)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, EVERYTHING)
    except (OSError, AttributeError, TypeError):  # another C library
        yield
        return
    try:
        yield
    finally:
        libc.mallopt(M_MMAP_MAX, USUAL_PIECES)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)
        libc.malloc_trim(0)


def _list_groups(root: Path) -> list[Path]:
    """Return the root and the groups below it that this process is in: each may set a limit."""
    groups = [root]
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:  # not Linux
        return groups
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers in ("", "memory") and (controllers == "memory") == (root != CGROUP):
            for part in Path(path).parts[1:]:
                groups.append(groups[-1] / part)
    return groups


def free_disk(folder: Path) -> int:
    """Return the bytes still free where `folder` is, or where it would be made."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _cached_files(statistics: Path) -> int:
    """Return the bytes of files that the kernel keeps and gives up on demand; they count as used.

    After one pass over a data set they can fill the whole limit.
    """
    try:
        numbers = dict(line.split() for line in statistics.read_text().splitlines())
    except OSError:
        return 0
    prefix = "total_" if "total_inactive_file" in numbers else ""  # v1: with all groups below
    return sum(int(numbers.get(f"{prefix}{kind}_file", 0)) for kind in ("active", "inactive"))


def count_cores() -> int:
    """Return the number of cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
