"""The tests read and write nothing but their own folders; `conftest.at_home` holds every one."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
from own_folders import CACHES, strayed

from keras_transfer.system.files.user_folders import cache_roots


def test_home_caches_and_temporary_files_are_the_tests_own():
    home = Path.home()
    assert home.name.startswith("keras_transfer-tests-")
    assert cache_roots() == [home / "cache"]
    assert Path(tempfile.gettempdir()) == home / "tmp"
    assert keras.config.floatx() == "float32"
    assert (home / ".keras/keras.json").exists()
    assert home not in map(Path, CACHES)


def test_processes_that_tests_start_have_the_same_home():
    script = "import os, tempfile; print(os.path.expanduser('~'), tempfile.gettempdir())"
    words = [sys.executable, "-c", script]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(Path.home()), tempfile.gettempdir()]


def test_what_leaves_the_tests_own_folders_is_noticed(tmp_path):
    outside = Path(__file__).with_name("left")
    outside.write_text("")
    outside.unlink()
    os.path.exists(CACHES[0])
    (tmp_path / "inside").write_text("")
    assert strayed == [f"open {outside}", f"os.remove {outside}"]
    strayed.clear()
