import os
from pathlib import Path

import pytest
from labelled import load_examples
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.data.sources.encoded_images.hugging_face import (
    is_hugging_face,
    write_hugging_face,
)
from keras_transfer.data.sources.in_memory.name_data_set import name_data_set
from keras_transfer.images.modality import IMAGE
from keras_transfer.system.errors import ConfigError

datasets = pytest.importorskip("datasets", reason="needs the extra hf")


@pytest.fixture
def make(draw):
    """Return a function that makes a Dataset of four images with columns of our choice."""

    def make(labels=(0, 1, 0, 1), first=0, names=("square", "oval"), **features):
        images = [{"bytes": draw(first + k), "path": f"p{k}.png"} for k in range(len(labels))]
        kinds = {"image": datasets.Image(), "label": datasets.ClassLabel(names=list(names))}
        kinds |= features
        columns = {"image": images, "label": list(labels)}
        columns |= {name: [None] * len(labels) for name in features if name not in columns}
        return datasets.Dataset.from_dict(columns, features=datasets.Features(kinds))

    return make


def test_saved_splits_and_the_order_of_classes_are_kept(make, draw, list_rows, tmp_path, cache):
    parts = datasets.DatasetDict(train=make(), valid=make(first=4), test=make(first=8))
    parts.save_to_disk(str(tmp_path / "saved"))
    examples = load_examples(f"hf:{tmp_path}/saved", DataConfig())
    assert examples.source == "hf"
    assert examples.class_names == ("square", "oval")  # of the ClassLabel, not of the alphabet
    assert list_rows(examples) == {
        draw(first + k): (("square", "oval")[k % 2], split)
        for first, split in ((0, "train"), (4, "validation"), (8, "test"))
        for k in range(4)
    }
    assert examples.paths[0] == "test/oval/000001-p1.png"  # its row, and what it is called there
    assert examples.root.parent == cache / "hf"
    again = load_examples(str(tmp_path / "saved"), DataConfig())  # known by what save_to_disk wrote
    assert again.root == examples.root


def test_parts_side_by_side_keep_their_class_names(make, draw, cache):
    """Each by its own ClassLabel, so that a 0 of one may be a 1 of the other."""
    train, other = make(), make(first=4, names=("oval", "square"))
    for given in ((train, other), {"train": train, "Validation": other}):
        examples = read_examples(name_data_set(given, IMAGE), DataConfig())
        assert examples.class_names == ("square", "oval")
        rows = zip(examples.paths.tolist(), examples.labels.tolist(), strict=True)
        found = {(examples.root / path).read_bytes(): label for path, label in rows}
        assert [found[draw(k)] for k in range(8)] == [0, 1, 0, 1, 1, 0, 1, 0]


def test_set_of_one_part_has_no_splits(make, tmp_path):
    make().save_to_disk(str(tmp_path / "saved"))
    assert set(load_examples(f"hf:{tmp_path}/saved", DataConfig()).splits) == {""}


def test_folder_of_images_that_the_package_knows_is_read(make, draw, list_rows, tmp_path):
    for split, first in (("train", 0), ("test", 2)):
        for k, name in enumerate(("a", "b")):
            (tmp_path / "set" / split / name).mkdir(parents=True)
            (tmp_path / "set" / split / name / "1.png").write_bytes(draw(first + k))
    config = DataConfig(data_dir=tmp_path / "kept")
    rows = list_rows(load_examples(f"hf:{tmp_path}/set", config))
    assert rows == {
        draw(first + k): (name, split)
        for split, first in (("train", 0), ("test", 2))
        for k, name in enumerate(("a", "b"))
    }
    assert (tmp_path / "kept").is_dir()


def test_object_is_written_once_and_anew_when_it_is_another(make, cache):
    table = write_hugging_face(make())
    written = (table.parent / "labels.csv").stat().st_mtime_ns
    assert write_hugging_face(make()) == table
    assert (table.parent / "labels.csv").stat().st_mtime_ns == written
    assert write_hugging_face(make(first=1)) != table
    assert write_hugging_face(make(labels=(0, 1, 1, 1))) != table


def test_table_of_an_object_keeps_splits_and_the_order_of_classes(make, draw, list_rows):
    parts = datasets.DatasetDict(train=make(), validation=make(first=4))
    examples = load_examples(str(write_hugging_face(parts)), DataConfig())
    assert examples.class_names == ("square", "oval")
    assert list_rows(examples)[draw(5)] == ("oval", "validation")
    assert name_data_set(parts, IMAGE) == str(write_hugging_face(parts))


def test_formats_and_transformations_of_an_object_are_not_applied(make, draw, list_rows):
    changed = make().with_transform(lambda rows: {"image": [0], "label": [0]})
    rows = list_rows(load_examples(str(write_hugging_face(changed)), DataConfig()))
    assert rows[draw(3)] == ("oval", "")


def test_images_without_a_label_are_left_out_with_a_word(make, caplog):
    table = write_hugging_face(make(labels=(0, -1, 1, -1)))
    assert len(load_examples(str(table), DataConfig()).paths) == 2
    assert "Left out 2 images of the split images: no label." in caplog.text


def test_labels_of_text_and_numbers_are_classes(make):
    table = write_hugging_face(make(labels=("b", "a", "b", "a"), label=datasets.Value("string")))
    assert load_examples(str(table), DataConfig()).class_names == ("a", "b")
    table = write_hugging_face(make(labels=(10, 9, 10, 9), label=datasets.Value("int64")))
    assert load_examples(str(table), DataConfig()).class_names == ("9", "10")


def test_image_that_is_only_a_path_is_read_and_a_lost_one_is_left_to_the_doctor(draw, tmp_path):
    (tmp_path / "here.png").write_bytes(draw(1))
    cells = [{"bytes": None, "path": str(tmp_path / name)} for name in ("here.png", "gone.png")]
    kinds = {"image": datasets.Image(), "label": datasets.Value("string")}
    part = datasets.Dataset.from_dict(
        {"image": cells, "label": ["a", "b"]}, features=datasets.Features(kinds)
    )
    folder = write_hugging_face(part).parent
    assert (folder / "images/a/000000-here.png").read_bytes() == draw(1)
    assert (folder / "images/b/000001-gone.img").read_bytes() == b""


def test_columns_are_found_by_what_they_hold(make):
    other = {"coarse": datasets.ClassLabel(names=["x"]), "thumbnail": datasets.Image()}
    assert len(load_examples(str(write_hugging_face(make(**other))), DataConfig()).paths) == 4


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ({"label": datasets.Value("float32")}, r"the columns image \(Image\), label \(float32\)"),
        ({"label": datasets.List(datasets.Value("int64"))}, "detection or multi-label"),
        ({"image": datasets.Value("string")}, r"image \(string\)"),
        (
            {"label": datasets.Value("float32"), "a": datasets.ClassLabel(names=["x"])}
            | {"b": datasets.ClassLabel(names=["y", "z"])},
            r"a \(1 classes\), b \(2 classes\). Rename the one to use to `label`",
        ),
    ],
)
def test_columns_that_cannot_be_told_are_named(make, features, message):
    part = make().remove_columns([name for name in ("image", "label") if name in features])
    for name, feature in features.items():
        cell = [1] if isinstance(feature, datasets.List) else None
        part = part.add_column(name, [cell] * 4, feature=feature)
    with pytest.raises(ConfigError, match=message):
        write_hugging_face(part)


def test_set_without_any_label_is_refused(make, cache):
    with pytest.raises(ConfigError, match="the Dataset, where none of 2 has one"):
        write_hugging_face(make(labels=(-1, -1)))
    assert os.listdir(cache / "hf") == []


def test_what_is_streamed_or_empty_is_refused(make):
    with pytest.raises(ConfigError, match="IterableDataset, where it is streamed"):
        write_hugging_face(make().to_iterable_dataset())
    with pytest.raises(ConfigError, match="without splits"):
        write_hugging_face(datasets.DatasetDict())
    with pytest.raises(ConfigError, match=r"train split. Received: the DatasetDict with a, b"):
        write_hugging_face(datasets.DatasetDict(a=make(), b=make()))


def test_damaged_file_is_refused_in_a_line(make, tmp_path):
    make(labels=(0, 1) * 50).save_to_disk(str(tmp_path / "saved"))
    (file,) = (tmp_path / "saved").glob("*.arrow")
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(ConfigError, match=r"Received: hf:.*saved"):
        read_examples(f"hf:{tmp_path}/saved", DataConfig())


def test_objects_are_known_without_the_package():
    assert is_hugging_face(datasets.Dataset.from_dict({}))
    assert is_hugging_face(datasets.DatasetDict())
    assert not is_hugging_face([Path(), Image])
