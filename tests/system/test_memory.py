import platform
import subprocess
import sys

import psutil
import pytest

from keras_transfer.system import machine

GB = 10**9


@pytest.fixture
def cgroup(tmp_path, monkeypatch):
    """Return a function that lays out the files of a cgroup; the host has 64 GB free."""

    class Host:
        available = 64 * GB

    monkeypatch.setattr(psutil, "virtual_memory", Host)
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    monkeypatch.setattr(machine, "OWN_GROUPS", tmp_path / "own")

    def write(**files):
        for name, content in files.items():
            file = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{content}\n")

    return write


def test_without_a_cgroup_the_host_counts(cgroup):
    assert machine.free_memory() == 64 * GB


def test_the_limit_of_a_cgroup_is_honoured(cgroup):
    cgroup(memory_dot_max=8 * GB, memory_dot_current=3 * GB)
    assert machine.free_memory() == 5 * GB


@pytest.mark.parametrize(
    ("line", "folder"),
    [("0::/jobs/mine", "jobs/mine"), ("0::/jobs/mine", "jobs"), ("0::/", "")],
)
def test_the_limits_of_the_own_group_and_those_above_it_are_honoured(
    cgroup, tmp_path, line, folder
):
    (tmp_path / "own").write_text(f"{line}\n")
    group = tmp_path / folder
    group.mkdir(parents=True, exist_ok=True)
    (group / "memory.max").write_text(f"{6 * GB}\n")
    (group / "memory.current").write_text(f"{GB}\n")
    assert machine.free_memory() == 5 * GB


def test_the_own_group_of_an_old_cgroup_is_honoured(cgroup, tmp_path):
    (tmp_path / "own").write_text("3:cpu:/other\n2:memory:/mine\n0::/\n")
    group = tmp_path / "memory/mine"
    group.mkdir(parents=True)
    (group / "memory.limit_in_bytes").write_text(f"{6 * GB}\n")
    (group / "memory.usage_in_bytes").write_text(f"{GB}\n")
    assert machine.free_memory() == 5 * GB


def test_the_limit_of_an_old_cgroup_is_honoured(cgroup):
    cgroup(memory__memory_dot_limit_in_bytes=8 * GB, memory__memory_dot_usage_in_bytes=3 * GB)
    assert machine.free_memory() == 5 * GB


def test_a_cgroup_without_a_limit_leaves_the_host(cgroup):
    cgroup(memory_dot_max="max", memory_dot_current=3 * GB)
    cgroup(
        memory__memory_dot_limit_in_bytes=9223372036854771712, memory__memory_dot_usage_in_bytes=9
    )
    assert machine.free_memory() == 64 * GB


def test_a_limit_above_what_the_host_has_left_leaves_the_host(cgroup):
    cgroup(memory_dot_max=500 * GB, memory_dot_current=3 * GB)
    assert machine.free_memory() == 64 * GB


def test_more_used_than_allowed_is_nothing_free(cgroup):
    cgroup(memory_dot_max=2 * GB, memory_dot_current=3 * GB)
    assert machine.free_memory() == 0


def test_files_that_the_kernel_only_keeps_are_free_memory(cgroup):
    statistics = f"anon {2 * GB}\nactive_file {1 * GB}\ninactive_file {4 * GB}\nshmem 5"
    cgroup(memory_dot_max=8 * GB, memory_dot_current=7 * GB, memory_dot_stat=statistics)
    assert machine.free_memory() == 6 * GB


def test_files_that_the_kernel_only_keeps_count_with_the_groups_below(cgroup):
    statistics = f"active_file 1\ninactive_file 1\ntotal_active_file 0\ntotal_inactive_file {GB}"
    cgroup(
        memory__memory_dot_limit_in_bytes=8 * GB,
        memory__memory_dot_usage_in_bytes=7 * GB,
        memory__memory_dot_stat=statistics,
    )
    assert machine.free_memory() == 2 * GB


def test_this_machine_has_free_memory():
    assert 0 < machine.free_memory() <= psutil.virtual_memory().total


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="glibc")
@pytest.mark.parametrize(
    ("megabytes", "keeping"),
    [
        (3, "machine.keep_freed_memory()"),
        (60, "stack.enter_context(machine.keeping_freed_memory())"),
    ],
)
def test_large_arrays_that_follow_each_other_take_no_new_pages(megabytes, keeping):
    code = f"""
import contextlib, resource, sys
import numpy as np
from keras_transfer.system import machine
stack = contextlib.ExitStack()
if sys.argv[1] == "kept":
    {keeping}
def count():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        several = [np.ones({megabytes} * 2**20, np.uint8) for _ in range(4)]
        del several
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
count()
print(count())
"""
    usual, kept = (
        int(subprocess.check_output([sys.executable, "-c", code, how])) for how in ("usual", "kept")
    )
    assert kept <= usual // 4


@pytest.mark.skipif(sys.platform != "linux" or platform.libc_ver()[0] != "glibc", reason="glibc")
def test_what_a_training_kept_is_given_back():
    code = """
import numpy as np
import psutil
from keras_transfer.system import machine
with machine.keeping_freed_memory():
    arrays = [np.ones(60 * 2**20, np.uint8) for _ in range(4)]
    del arrays
    print(psutil.Process().memory_info().rss)
print(psutil.Process().memory_info().rss)
"""
    during, after = map(int, subprocess.check_output([sys.executable, "-c", code]).split())
    assert during - after > 200 * 2**20
