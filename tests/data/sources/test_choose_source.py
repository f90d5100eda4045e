import dataclasses
import subprocess
import sys

import pytest
from labelled import load_examples

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import make_examples
from keras_transfer.data.sources.choose_source import KINDS, SOURCES, read_examples
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def chosen(monkeypatch, tmp_path):
    """Return a function that tells which row of SOURCES reads a word."""
    monkeypatch.chdir(tmp_path)

    def choose(dataset):
        calls, found = [], make_examples("folder", tmp_path, [("a/1.png", "a", "", "")])
        for name in SOURCES:
            monkeypatch.setitem(SOURCES, name, lambda *_, name=name: calls.append(name) or found)
        read_examples(dataset, DataConfig())
        return calls[0]

    return choose


def test_each_kind_of_word_reaches_its_source(chosen, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "table.CSV").touch()
    assert chosen("images") == "folder"
    assert chosen(str(tmp_path / "images")) == "folder"
    assert chosen("table.CSV") == "csv"
    assert chosen("tfds:mnist:3.0.1") == "tfds"
    assert chosen("digits") == "digits"
    (tmp_path / "x.tar").touch()
    assert chosen("x.tar") == chosen("a/x-{0..9}.tar") == chosen("a/*.tar") == "webdataset"


def test_folder_of_shards_reaches_their_source(chosen, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/classes.txt").touch()
    (tmp_path / "images/0.tar").touch()
    assert chosen("images") == "webdataset"
    (tmp_path / "images/0.parquet").touch()
    assert chosen("images") == "folder"
    (tmp_path / "images/0.tar").unlink()
    (tmp_path / "images/dataset_info.json").touch()
    pytest.importorskip("pyarrow", reason="needs the extra parquet")
    assert chosen("images") == "parquet"
    pytest.importorskip("datasets", reason="needs the extra hf")
    (tmp_path / "images/state.json").touch()
    assert chosen("images") == chosen("hf:images") == "hf"


def test_word_of_a_source_wins_over_a_folder_and_says_so(chosen, tmp_path, caplog):
    (tmp_path / "digits").mkdir()
    assert chosen("digits") == "digits"
    assert "./digits" in caplog.text
    assert chosen("./digits") == "folder"


def test_home_folder_is_expanded(chosen, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "images").mkdir()
    assert chosen("~/images") == "folder"


def test_unknown_word_shows_both_readings_and_close_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flowers").mkdir()
    with pytest.raises(ConfigError) as error:
        load_examples("flowerz", DataConfig())
    assert str(error.value) == (
        f"`dataset` must be {KINDS}. Received: flowerz: there is no such path {tmp_path}/flowerz, "
        "and no such source. Did you mean 'flowers'? TensorFlow Datasets are written tfds:flowerz, "
        "sets of the Hugging Face Hub hf:flowerz."
    )


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        ("digit", "Did you mean 'digits'"),
        ("nowhere/at/all", "no such path"),
        ("", "Received: nothing"),
        ("notes.md", "notes.md, a file"),
        ("x.tar", "no such path"),
    ],
)
def test_words_that_are_no_data_set_are_refused(tmp_path, monkeypatch, dataset, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.md").touch()
    with pytest.raises(ConfigError, match=message):
        load_examples(dataset, DataConfig())


def test_unreadable_folder_is_named(make_tree, monkeypatch):
    root = make_tree("a/1.png", "b/1.png")

    def deny(dataset, config):
        raise PermissionError(13, "Permission denied", str(root / "a"))

    monkeypatch.setitem(SOURCES, "folder", deny)
    with pytest.raises(ConfigError, match=r"must be readable.*set/a is not"):
        load_examples(str(root), DataConfig())


def test_examples_are_frozen(make_tree):
    examples = load_examples(str(make_tree("a/1.png", "b/1.png")), DataConfig())
    with pytest.raises(dataclasses.FrozenInstanceError):
        examples.labels = None


def test_sources_load_without_tensorflow_and_keras():
    code = (
        "import sys, keras_transfer.data.sources.choose_source, "
        "keras_transfer.images.doctor.inspection, keras_transfer.data.splits.assign_splits; "
        "print({'tensorflow', 'keras', 'tensorflow_datasets', 'sklearn'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
