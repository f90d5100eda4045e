"""The examples of a run, and others with the same classes."""

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.run_examples import (
    list_examples,
    read_other_examples,
    read_own_examples,
)
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.images.modality import IMAGE
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.contents.split_table import SPLIT_COLUMNS
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_table

OLD_ORDER = ("0", "1", "10", "2")  # sorted as text, as runs were before tables had numbers in order


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
    run = write_run(["bar", "caf\u00e9"], [("bar/1.png", "0" * 64, "bar", "train")])
    root = make_tree("cafe\u0301/1.png", "bar/1.png")
    examples, _ = read_other_examples(run, TrainConfig(), IMAGE, str(root), None)
    assert examples.class_names == ("bar", "caf\u00e9")
    labelled = dict(zip(examples.paths.tolist(), examples.labels.tolist(), strict=True))
    assert labelled == {"bar/1.png": 0, "cafe\u0301/1.png": 1}
    make_tree("zoo/1.png")
    with pytest.raises(ConfigError, match="Received: zoo"):
        read_other_examples(run, TrainConfig(), IMAGE, str(root), None)


def test_a_run_keeps_its_own_examples_whatever_its_labels_look_like(make_tree, write_run):
    """A run made when every label was a class."""
    table = make_tree("1.png", "2.png") / "labels.csv"
    table.write_text("path,label\n1.png,1.5\n2.png,2.5\n", "utf-8")
    config = TrainConfig(dataset=str(table), data=DataConfig())
    sha256 = IMAGE.inspect(IMAGE.read_examples(str(table), DataConfig(layout="classes"))).sha256
    rows = [(f"{n}.png", h, f"{n}.5", "test") for n, h in zip("12", sha256, strict=True)]
    examples, _ = read_own_examples(write_run(["1.5", "2.5"], rows), config, IMAGE, None)
    assert examples.paths.tolist() == ["1.png", "2.png"]


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


@pytest.fixture
def table(make_tree):
    """A table of one image for each of four numbers, which a new run orders by value."""
    root = make_tree(*(f"{name}.png" for name in OLD_ORDER))
    rows = "".join(f"{name}.png,{name}\n" for name in OLD_ORDER)
    (root / "labels.csv").write_text(f"path,label\n{rows}")
    return str(root / "labels.csv")


@pytest.fixture
def run(tmp_path):
    """A run whose class names are in another order than those of its table are now."""
    run = Run(tmp_path / "run")
    run.path.mkdir()
    run.class_names_file.write_text("".join(f"{name}\n" for name in OLD_ORDER))
    rows = "".join(f"{name}.png,{'0' * 64},{name},train\n" for name in OLD_ORDER)
    run.split_file.write_text(f"path,sha256,class,split\n{rows}")
    return run


def name_labels(examples):
    return {
        path.removesuffix(".png"): examples.class_names[label]
        for path, label in zip(examples.paths.tolist(), examples.labels, strict=True)
    }


def test_older_runs_keep_the_order_of_their_class_names(run, table):
    source = read_examples(table, TrainConfig().data)
    assert source.class_names == ("0", "1", "2", "10")
    listed = list_examples(run, source)
    assert listed.class_names == OLD_ORDER
    assert name_labels(listed) == {name: name for name in OLD_ORDER}


def test_other_examples_are_labelled_in_the_order_of_the_run(run, table):
    config = TrainConfig(dataset=table)
    examples, _ = read_other_examples(run, config, choose_modality(config), table, None)
    assert examples.class_names == OLD_ORDER
    assert name_labels(examples) == {name: name for name in OLD_ORDER}
