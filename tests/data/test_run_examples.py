import pytest

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.run_examples import list_examples, read_other_examples
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.modalities.table import choose_modality
from keras_transfer.run.run_directory import Run

OLD_ORDER = ("0", "1", "10", "2")  # sorted as text, as runs were before tables had numbers in order


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
    rows = "".join(f"{name}.png,x,{name},train\n" for name in OLD_ORDER)
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
