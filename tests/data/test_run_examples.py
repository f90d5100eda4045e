"""The examples of a run, and others with the same classes."""

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.divided_examples import SPLIT_COLUMNS
from keras_transfer.data.run_examples import read_other_examples, read_own_examples
from keras_transfer.images.modality import IMAGE
from keras_transfer.run.run_directory import Run
from keras_transfer.system.atomic_files import write_table
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def write_run(tmp_path):
    def write(names, rows):
        (tmp_path / "run").mkdir()
        run = Run(tmp_path / "run")
        run.class_names_file.write_text("".join(f"{name}\n" for name in names), "utf-8")
        write_table(run.split_file, SPLIT_COLUMNS, rows)
        return run

    return write


def test_other_examples_have_the_classes_of_the_run_however_their_names_are_encoded(
    make_tree, write_run
):
    run = write_run(["bar", "caf\u00e9"], [])
    root = make_tree("cafe\u0301/1.png", "bar/1.png")
    examples, _ = read_other_examples(run, TrainConfig(), IMAGE, str(root), None)
    assert examples.class_names == ("bar", "caf\u00e9")
    labelled = dict(zip(examples.paths.tolist(), examples.labels.tolist(), strict=True))
    assert labelled == {"bar/1.png": 0, "cafe\u0301/1.png": 1}
    make_tree("zoo/1.png")
    with pytest.raises(ConfigError, match="Received: zoo"):
        read_other_examples(run, TrainConfig(), IMAGE, str(root), None)


def test_a_run_keeps_its_own_examples_whatever_its_folders_would_be_now(make_tree, write_run):
    """A run made when a flat test/ beside other folders was always a class."""
    root = make_tree("NG/1.png", "OK/1.png", "test/1.png")
    config = TrainConfig(dataset=str(root), data=DataConfig())
    with pytest.raises(ConfigError, match="layout classes"):
        IMAGE.read_examples(str(root), config.data)
    sha256 = IMAGE.inspect(IMAGE.read_examples(str(root), DataConfig(layout="classes"))).sha256
    names = ["NG", "OK", "test"]
    rows = [(f"{n}/1.png", h, n, "test") for n, h in zip(names, sha256, strict=True)]
    examples, _ = read_own_examples(write_run(names, rows), config, IMAGE, None)
    assert examples.paths.tolist() == ["NG/1.png", "OK/1.png", "test/1.png"]
