import logging
import os

import pytest
from labelled import load_examples

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.system.errors import ConfigError


def load(path):
    return load_examples(str(path), DataConfig())


def rows(examples):
    names = [examples.class_names[label] for label in examples.labels]
    return list(zip(examples.paths.tolist(), names, examples.splits.tolist(), strict=True))


def test_class_folders_give_sorted_columns_without_splits(make_tree):
    root = make_tree("dogs/b.png", "cats/2.jpg", "dogs/a.png", "cats/10.jpg")
    examples = load(root)
    assert rows(examples) == [
        ("cats/10.jpg", "cats", ""),
        ("cats/2.jpg", "cats", ""),
        ("dogs/a.png", "dogs", ""),
        ("dogs/b.png", "dogs", ""),
    ]
    assert examples.source == "folder"
    assert examples.root == root
    assert examples.class_names == ("cats", "dogs")
    assert examples.labels.dtype == "int64"
    assert examples.groups.tolist() == [""] * 4
    assert (examples.image_size, examples.flips, examples.fractions) == (None, True, None)


@pytest.mark.parametrize("prefix", ["", "train/"])
def test_class_folders_that_are_numbers_are_in_order_of_value(make_tree, prefix):
    root = make_tree(*(f"{prefix}{k}/1.png" for k in range(12)))
    assert load(root).class_names == tuple(map(str, range(12)))


@pytest.mark.parametrize(
    ("train", "held_out", "split"),
    [
        ("train", "val", "validation"),
        ("Training", "VALID", "validation"),
        ("TRAIN", "Validation", "validation"),
        ("train", "test", "test"),
        ("training", "Testing", "test"),
    ],
)
def test_split_folders_are_understood_in_every_spelling(make_tree, train, held_out, split):
    root = make_tree(
        *(f"{folder}/{name}/1.png" for folder in (train, held_out) for name in ("a", "b"))
    )
    assert sorted(rows(load(root))) == sorted(
        [(f"{train}/{name}/1.png", name, "train") for name in ("a", "b")]
        + [(f"{held_out}/{name}/1.png", name, split) for name in ("a", "b")]
    )


def test_lone_train_folder_is_no_split(make_tree):
    assert rows(load(make_tree("train/a/1.png", "train/b/1.png"))) == [
        ("train/a/1.png", "a", ""),
        ("train/b/1.png", "b", ""),
    ]


def test_images_in_sub_folders_and_linked_folders_of_a_class_are_used(make_tree, tmp_path):
    root = make_tree("a/2024/may/1.png", "b/1.png")
    linked = make_tree("2.png", root="elsewhere")
    (root / "b/linked").symlink_to(linked)
    (root / "a/2024/loop").symlink_to(root / "a")
    assert load(root).paths.tolist() == ["a/2024/may/1.png", "b/1.png", "b/linked/2.png"]


def test_hidden_files_are_used_and_side_files_and_hidden_folders_are_not(make_tree):
    root = make_tree(
        "a/.hidden.png", "a/1.png", "b/1.png", "__MACOSX/a/1.png", ".git/1.png", "a/.trash/2.png"
    )
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store", "notes.TXT", "README.md", "page.html"):
        (root / "a" / name).write_text("x")
    (root / "b" / "page.jpg").write_text("<html>")  # a candidate: the doctor shall name it
    (root / "b" / "no_suffix").write_text("x")
    expected = ["a/.hidden.png", "a/1.png", "b/1.png", "b/no_suffix", "b/page.jpg"]
    assert load(root).paths.tolist() == expected


def test_files_whose_names_are_not_utf8_are_left_out_with_a_warning(make_tree, caplog):
    root = make_tree("a/1.png", "b/1.png")
    try:
        os.rename(root / "a/1.png", os.fsencode(root / "a") + b"/\xff.png")
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    make_tree("a/2.png")
    assert load(root).paths.tolist() == ["a/2.png", "b/1.png"]
    assert "not UTF-8" in caplog.text


def test_empty_class_folder_stays_a_class_for_the_splits_to_refuse(make_tree):
    assert load(make_tree("a/1.png", "b/1.png", "c/")).class_names == ("a", "b", "c")
    root = make_tree("train/a/1.png", "train/b/1.png", "train/c/", "val/a/1.png", root="split")
    assert load(root).class_names == ("a", "b", "c")


def test_classes_may_have_the_names_of_splits(make_tree):
    assert load(make_tree("test/1.png", "control/1.png")).class_names == ("control", "test")


def test_other_folders_beside_splits_are_ignored_with_a_warning(make_tree, caplog):
    root = make_tree("train/a/1.png", "train/b/1.png", "val/a/1.png", "models/m/1.png")
    assert "models/m/1.png" not in load(root).paths
    assert "models/" in caplog.text


def test_test_images_without_class_folders_are_left_out_with_a_warning(make_tree, caplog):
    caplog.set_level(logging.WARNING)
    examples = load(make_tree("train/a/1.png", "train/b/1.png", "test/1.png", "test/2.png"))
    assert rows(examples) == [("train/a/1.png", "a", ""), ("train/b/1.png", "b", "")]
    assert "2 files" in caplog.text


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ([], "must hold images"),
        (["a/", "b/"], "must hold images"),
        (["1.png", "2.png"], "must hold class folders.*2 files lie directly.*1.png"),
        (["a/1.png"], "at least two classes.*'a'"),
        (["train/a/1.png", "val/a/1.png"], "at least two classes"),
        (["val/a/1.png", "val/b/1.png"], "must hold a train split.*only validation"),
        (["train/1.png", "test/1.png"], "must hold train/ with class folders"),
        (["val/a/1.png", "b/1.png"], "must hold train/"),
        (["train/a/1.png", "train/b/1.png", "c/1.png"], "either classes or splits"),
        (["train/a/1.png", "val/a/1.png", "valid/a/1.png"], "one folder.*val/, valid/"),
        (["train/a/1.png", "train/b/1.png", "val/c/1.png"], "of validation must be in train.*: c"),
        (["train/a/1.png", "train/b/", "test/b/1.png"], "of test must be in train.*: b"),
        (["inner/train/a/1.png", "inner/val/a/1.png"], "train/, val/ in it. Use .*set/inner"),
        (["inner/a/1.png", "inner/b/1.png"], "Use .*set/inner"),
        (["a;b/1.png", "c/1.png"], "exactly one class.*a;b.*multi-label"),
        (["a,b/1.png", "a/1.png", "b/1.png"], "exactly one class.*a,b.*multi-label"),
        (["a\nb/1.png", "c/1.png"], "one line of text"),
    ],
)
def test_unusable_folders_are_refused_in_words(make_tree, paths, message):
    root = make_tree(*paths)
    root.mkdir(exist_ok=True)
    with pytest.raises(ConfigError, match=message):
        load(root)


def test_folder_with_a_table_names_the_table(make_tree):
    root = make_tree("1.png")
    (root / "train.csv").write_text("path,label\n1.png,a\n")
    with pytest.raises(ConfigError, match=r"use .*set/train.csv"):
        load(root)


@pytest.mark.parametrize(
    ("paths", "side", "kind"),
    [
        (["images/1.png", "labels/"], {}, "YOLO"),
        (["train/images/1.png", "train/labels/", "valid/images/1.png"], {}, "YOLO"),
        (["a/1.png", "b/1.png"], {"data.yaml": "train: a\nnames: [x, y]\n"}, "YOLO"),
        (["train2017/1.png", "annotations/"], {"annotations/instances.json": "{}"}, "COCO"),
        (["train/1.png"], {"train/_annotations.coco.json": "{}"}, "COCO"),
        (["JPEGImages/1.png", "Annotations/"], {"Annotations/1.xml": "<x/>"}, "VOC"),
        (["images/1.png", "annotations/"], {"annotations/1.xml": "<x/>"}, "VOC"),
        (["train/1.png"], {"train/1.xml": "<x/>"}, "VOC"),
        (["train/1.png"], {"train/_classes.csv": "filename,a,b\n"}, "multi-label"),
        (["images/1.png", "masks/1.png"], {}, "segmentation"),
    ],
)
def test_data_of_other_tasks_is_recognized(make_tree, paths, side, kind):
    root = make_tree(*paths)
    for name, text in side.items():
        (root / name).write_text(text)
    with pytest.raises(ConfigError, match=f"looks like {kind}.*One folder per class is needed"):
        load(root)


def test_commas_and_side_files_of_ordinary_sets_are_no_multi_label_data(make_tree):
    root = make_tree("tench, Tinca tinca/1.png", "hot dog/1.png", "dog/1.png")
    (root / "data.yaml").write_text("author: me\n")
    assert len(load(root).class_names) == 3


def test_shared_sets_are_read(shared_data):
    examples = load(shared_data / "hymenoptera")
    assert examples.class_names == ("ants", "bees")
    assert [(examples.splits == s).sum() for s in ("train", "validation")] == [244, 153]
