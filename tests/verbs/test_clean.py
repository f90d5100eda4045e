import subprocess
import sys

import numpy as np
import pytest

from keras_transfer import clean
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.cache.cache_store import FileStore


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write_entry(folder, count):
    store = FileStore(folder, {"train": ((count, 250), "float32")}, "key")
    store.append("train", np.zeros((count, 250), "float32"))
    store.finish()


def run_python(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_entries_are_removed_and_counted(cache, capsys):
    for name in "abc":
        write_entry(cache / "activations" / name, 4000)
    assert clean.main([]) == 0
    assert capsys.readouterr().out == f"Removed 3 entries, 12 MB, from {cache / 'activations'}\n"
    assert list((cache / "activations").iterdir()) == []
    assert clean.main([]) == 0
    assert capsys.readouterr().out == f"There is nothing to remove in {cache / 'activations'}\n"


def test_other_parts_of_the_cache_stay(cache, capsys):
    write_entry(cache / "activations/a", 4000)
    write_entry(cache / "digits", 1)
    clean.main([])
    assert capsys.readouterr().out.startswith("Removed 1 entry, 4 MB, from ")
    assert len(list((cache / "digits").iterdir())) == 3


def test_what_is_not_marked_as_ours_is_named_and_stays(cache, capsys):
    (cache / "activations/mydata").mkdir(parents=True)
    (cache / "activations/mydata/x.npy").touch()
    write_entry(cache / "activations/a", 4000)
    assert clean.main([]) == 0
    assert "did not mark them as its own: mydata\n" in capsys.readouterr().out
    assert (cache / "activations/mydata/x.npy").exists()


def test_a_cache_that_was_never_used_is_not_made(cache, capsys):
    clean.main([])
    assert capsys.readouterr().out.startswith("There is nothing to remove in ")
    assert not cache.exists()


@pytest.mark.parametrize("word", ["--al", "--hel", "everything"])
def test_words_that_mean_nothing_remove_nothing(word, cache):
    write_entry(cache / "activations/a", 1)
    with pytest.raises(ConfigError, match=r"--help"):
        clean.main([word])
    assert (cache / "activations/a/manifest.json").exists()


@pytest.mark.parametrize(
    "words", [["-m", "keras_transfer.clean"], ["-m", "keras_transfer", "clean"]]
)
def test_help_says_what_goes_and_removes_nothing(words, cache):
    write_entry(cache / "activations/a", 1)
    done = run_python(*words, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.startswith("Remove what is kept for later calls")
    assert " ".join(["python", *words]) in done.stdout
    assert "$KERAS_TRANSFER_CACHE" in done.stdout
    assert (cache / "activations/a/manifest.json").exists()


def test_the_command_is_a_verb_of_the_program(cache):
    write_entry(cache / "activations/a", 4000)
    done = run_python("-m", "keras_transfer", "clean")
    assert done.stdout == f"Removed 1 entry, 4 MB, from {cache / 'activations'}\n"
    assert done.stderr == ""
