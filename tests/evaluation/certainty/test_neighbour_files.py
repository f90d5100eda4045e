import numpy as np
import pytest

from keras_transfer.evaluation.certainty.neighbour_files import (
    read_neighbours,
    read_unusual,
    write_neighbours,
)
from keras_transfer.evaluation.certainty.neighbours import Neighbours
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def save(run, array, name="features"):
    np.savez(run.neighbours_file, **{name: array})


def test_neighbours_are_read_as_they_were_written(run):
    neighbours = Neighbours(np.random.default_rng(0).normal(size=(30, 8)))
    write_neighbours(neighbours, run)
    found = read_neighbours(run)
    assert found.features.tolist() == neighbours.features.tolist()
    new = np.random.default_rng(1).normal(size=(5, 8))
    assert found.find_shares(new).tolist() == neighbours.find_shares(new).tolist()


def test_runs_of_earlier_versions_have_neither_file(run):
    assert read_neighbours(run) is None
    assert read_unusual(run) is None


@pytest.mark.parametrize(
    "array",
    [
        np.ones((30, 8), np.float32),
        np.ones((5, 8), np.float16),
        np.ones(30, np.float16),
        np.full((30, 8), np.nan, np.float16),
        np.array([[None] * 8] * 30, object),
    ],
    ids=["float32", "few", "flat", "nan", "objects"],
)
def test_features_that_no_run_writes_are_refused(run, array):
    save(run, array)
    with pytest.raises(ConfigError, match=r"neighbours\.npz must hold the features .*Remove it"):
        read_neighbours(run)


def test_a_file_that_is_cut_off_or_lacks_the_array_is_refused(run):
    save(run, np.ones((30, 8), np.float16), "others")
    with pytest.raises(ConfigError, match=r"features\.npy"):
        read_neighbours(run)
    save(run, np.ones((30, 8), np.float16))
    content = run.neighbours_file.read_bytes()
    for length in (0, 100, len(content) - 30):
        run.neighbours_file.write_bytes(content[:length])
        with pytest.raises(ConfigError, match=r"neighbours\.npz must hold"):
            read_neighbours(run)


def test_a_header_that_promises_too_much_is_refused_before_room_is_made(run):
    save(run, np.lib.stride_tricks.as_strided(np.ones(1, np.float16), (20, 8), (0, 0)))
    content = run.neighbours_file.read_bytes()
    run.neighbours_file.write_bytes(content.replace(b"(20, 8), ", b"(2000000, 80000000), ", 1))
    with pytest.raises(ConfigError, match=r"neighbours\.npz must hold"):
        read_neighbours(run)


def test_shares_are_read_by_path(run):
    run.unusual_file.write_text("path,split,share\na/1.png,validation,0.0245902\nb/2.png,test,1\n")
    assert read_unusual(run) == {"a/1.png": 0.0245902, "b/2.png": 1.0}


@pytest.mark.parametrize("cell", ["", "x", "nan", "1.5", "-0.1"])
def test_shares_that_are_none_are_refused(run, cell):
    run.unusual_file.write_text(f"path,split,share\na/1.png,validation,{cell}\n")
    with pytest.raises(ConfigError, match=r"share of unusual\.csv must hold numbers in \[0, 1\]"):
        read_unusual(run)


def test_a_table_without_shares_is_refused(run):
    run.unusual_file.write_text("path,split\na/1.png,validation\n")
    with pytest.raises(ConfigError, match=r"unusual\.csv must have the columns path, split, share"):
        read_unusual(run)
