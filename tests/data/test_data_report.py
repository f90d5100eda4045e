import json
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.data_report import (
    build_report,
    describe_report,
    list_leaks,
    list_mislabelled,
)
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.images.modality import IMAGE


def report_on(root, assign=lambda path: "train", near=()):
    """Report on a folder; near duplicates are named by their paths."""
    examples = read_examples(str(root), DataConfig())
    rows = {path: row for row, path in enumerate(examples.paths.tolist())}
    pairs = np.array([[rows[path] for path in pair] for pair in near], np.int64).reshape(-1, 2)
    splits = np.array([assign(path) for path in rows])
    return build_report(examples, inspect_files(examples), pairs, splits)


@pytest.fixture
def folder(make_tree):
    root = make_tree("a/1.png", "a/2.png", "b/1.png", "b/2.png")
    shutil.copy(root / "a/1.png", root / "b/copy.png")
    (root / "a/empty.jpg").touch()
    (root / "b/empty.jpg").touch()  # equal as well, but no image
    Image.new("CMYK", (8, 6)).save(root / "b/ink.png", format="JPEG")
    return root


def test_report_names_what_is_unusable_odd_and_equal(folder):
    report = report_on(folder, lambda path: "test" if path == "b/copy.png" else "train")
    values = report.pop("values")["8 bits"]
    files = ["a/1.png", "a/2.png", "b/1.png", "b/2.png", "b/ink.png"]
    shades = [np.asarray(Image.open(folder / file).convert("RGB")) for file in files]
    assert values["images"] == 6
    assert values["low"] == min(map(np.min, shades))
    assert values["high"] == max(map(np.max, shades)) == 255
    assert json.loads(json.dumps(report)) == {
        "images": 8,
        "classes": {"a": 2, "b": 4},
        "left_out_classes": {},
        "splits": {"train": {"a": 2, "b": 3}, "test": {"a": 0, "b": 1}},
        "short_side": {
            "smallest": 6,
            "quarter": 6,
            "median": 6,
            "three_quarters": 6,
            "largest": 6,
        },
        "unusable": [
            {"path": "a/empty.jpg", "reason": "the file is empty"},
            {"path": "b/empty.jpg", "reason": "the file is empty"},
        ],
        "odd": [
            {"path": "b/ink.png", "kind": "wrong extension"},
            {"path": "b/ink.png", "kind": "CMYK"},
        ],
        "dropped": [],
        "duplicates": [
            {
                "kind": "exact",
                "paths": ["a/1.png", "b/copy.png"],
                "splits": ["train", "test"],
                "labels": ["a", "b"],
            }
        ],
    }


def test_near_duplicates_are_grouped_with_their_equal_files(folder):
    near = [("a/1.png", "a/2.png"), ("a/2.png", "b/2.png")]
    exact, alike = report_on(folder, near=near)["duplicates"]
    assert exact["paths"] == ["a/1.png", "b/copy.png"]
    assert alike["kind"] == "near"
    assert alike["paths"] == ["a/1.png", "a/2.png", "b/2.png", "b/copy.png"]
    assert alike["labels"] == ["a", "a", "b", "b"]


def test_report_names_images_that_were_dropped_and_their_given_split(make_tree):
    root = make_tree("train/a/1.png", "train/b/1.png", "test/a/1.png", "test/b/1.png")
    report = report_on(root, lambda path: "" if path.endswith("b/1.png") else path.split("/")[0])
    assert report["dropped"] == [
        {"path": "test/b/1.png", "split": "test"},
        {"path": "train/b/1.png", "split": "train"},
    ]


def test_leaks_and_wrong_labels_are_told_from_the_report(folder):
    report = report_on(folder)
    assert list_leaks(report) == []
    assert list_mislabelled(report) == report["duplicates"]
    shutil.copy(folder / "b/2.png", folder / "b/3.png")
    report = report_on(folder, lambda path: "validation" if path == "b/3.png" else "train")
    assert [group["paths"] for group in list_leaks(report)] == [["b/2.png", "b/3.png"]]
    left_out = report_on(folder, lambda path: "" if path == "b/3.png" else "train")
    assert list_leaks(left_out) == []


def test_report_names_classes_without_a_usable_image(make_tree):
    root = make_tree("a/1.png", "c/")
    (root / "b").mkdir()
    (root / "b/1.png").touch()
    report = report_on(root)
    assert report["classes"] == {"a": 1, "b": 0, "c": 0}
    assert "No image in train: b, c" in describe_report(report, IMAGE)


def test_set_without_a_usable_image_is_described(make_tree):
    root = make_tree("a/", "b/")
    for name in "ab":
        (root / name / "1.png").touch()
    text = describe_report(report_on(root), IMAGE)
    assert "2 files in 2 classes" in text
    assert "Unusable files: 2" in text


def test_the_text_says_all_that_is_wrong_and_how_much_more_there_is(folder):
    for index in range(30):
        (folder / f"a/x{index:02}.png").touch()
    text = describe_report(report_on(folder), IMAGE)
    assert "Unusable files: 32" in text
    assert "a/x00.png" in text
    assert "a/x20.png" not in text
    assert "… and 22 more" in text
    assert "Duplicates: 1 group of equal files, 0 that look alike" in text
    verdict = "32 unusable files, 0 groups of duplicates in several splits, 1 with several classes."
    assert text.endswith(f"Wrong: {verdict}")


def test_the_text_says_that_nothing_is_wrong_and_that_classes_differ(make_tree):
    root = make_tree(*(f"a/{k}.png" for k in range(7)), "b/1.png", "b/2.png")
    text = describe_report(report_on(root), IMAGE)
    assert "The largest class has 7 images, the smallest 2: see --data.class_weight auto" in text
    assert text.endswith("Nothing is wrong.")
    (root / "a/6.png").unlink()
    assert "largest class" not in describe_report(report_on(root), IMAGE)
