"""Which examples are lost, of a data set without pixels."""

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fake_runs import write_table

from keras_transfer.data.same_files.file_states import GONE, find_touched, read_state
from keras_transfer.data.same_files.lost_examples import find_lost, require_all, require_unchanged
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

PATHS = [f"a/{number}.png" for number in range(5)]


class Part(SimpleNamespace):
    def __len__(self):
        return len(self.paths)


@pytest.fixture
def data(tmp_path):
    """Five files of one split, as a run looked at them."""
    (tmp_path / "a").mkdir()
    for number, path in enumerate(PATHS):
        (tmp_path / path).write_bytes(bytes([number]) * 9)
    states = np.array([read_state(tmp_path / path) for path in PATHS])
    return SimpleNamespace(
        longest=None, root=tmp_path, splits={"train": Part(paths=np.array(PATHS), states=states)}
    )


@pytest.fixture
def run(data, tmp_path):
    run = Run(tmp_path / "run")
    run.path.mkdir()
    run.class_names_file.write_text("a\nb\n")
    rows = [
        (path, hashlib.sha256((data.root / path).read_bytes()).hexdigest(), "a", "train")
        for path in PATHS
    ]
    write_table(run.split_file, ("path", "sha256", "class", "split"), rows)
    return run


def change(data):
    """Touch the second, replace the third by one of equal size, remove the fourth."""
    os.utime(data.root / PATHS[1], (1, 1))
    (data.root / PATHS[2]).write_bytes(b"x" * 9)
    (data.root / PATHS[3]).unlink()


def test_nothing_is_lost_while_nothing_happens(data, run):
    assert find_lost(data, run) == []


def test_gone_and_changed_files_are_told_from_touched_ones(data, run):
    change(data)
    found = [(each.path, each.is_gone) for each in find_lost(data, run)]
    assert found == [(PATHS[2], False), (PATHS[3], True)]
    part = data.splits["train"]
    assert find_touched(data.root, part.paths, part.states).tolist() == [1, 2, 3]


def test_a_file_that_was_lost_before_is_not_found_again_by_its_state(data, run):
    (data.root / PATHS[2]).write_bytes(b"x" * 9)
    data.splits["train"].states = np.array([read_state(data.root / path) for path in PATHS])
    data.splits["train"].states[2] = GONE
    assert [each.row for each in find_lost(data, run)] == [2]


def test_examples_that_are_read_from_no_file_are_not_looked_for(data, run):
    change(data)
    data.splits["train"].states = None
    assert find_lost(data, run) == []
    assert len(find_lost(data, run, thoroughly=True)) == 2


def test_what_reads_files_is_refused_without_them_and_what_read_them_only_if_others_are_there(
    data, run
):
    (data.root / PATHS[3]).unlink()
    require_unchanged(data, run)
    with pytest.raises(ConfigError, match=rf"1 in {Path(data.root)} that are gone or changed"):
        require_all(data, run, ["train"])
    change_third = data.root / PATHS[2]
    change_third.write_bytes(b"other")
    with pytest.raises(ConfigError, match=r"such as a/2\.png\. Restore them and go on"):
        require_unchanged(data, run)
