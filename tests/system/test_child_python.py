"""Processes of our own do not run what lies in the folder that the user is in."""

import os
import subprocess
import sys

import numpy as np
import pytest

from keras_transfer.cluster.ray_connection import read_variables
from keras_transfer.compare.row_training import COMMAND
from keras_transfer.exports.fresh_process import measure_artefact
from keras_transfer.exports.reading.confinement import Confinement
from keras_transfer.system.child_python import HOME, search_path
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Be in a folder with modules that note that they were run."""
    for name in ("numpy", "keras", "psutil", "yaml"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write('x')")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ran"


def test_the_package_is_found_and_the_working_directory_is_not_searched(planted, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", str(planted.parent), "/elsewhere"]))
    assert search_path() == os.pathsep.join(["/elsewhere", HOME])


def test_the_process_that_checks_exports_runs_nothing_of_the_working_directory(planted, tmp_path):
    np.save(tmp_path / "pixels", np.zeros((1, 8, 8, 3), np.uint8))
    answers, numbers = measure_artefact(tmp_path / "absent", tmp_path / "pixels.npy", tmp_path)
    assert answers == {}
    assert "absent" in numbers["reason"]
    assert not planted.exists()


def test_the_process_of_a_foreign_model_runs_nothing_of_the_working_directory(planted, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(planted.parent))
    with pytest.raises(ConfigError, match="absent"):
        Confinement(planted.parent / "absent").read_facts()
    assert not planted.exists()


def test_the_process_of_a_row_runs_nothing_of_the_working_directory(planted):
    words = [sys.executable, *COMMAND, "--help"]
    environment = os.environ | read_variables()
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not planted.exists()
