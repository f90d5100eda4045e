"""From a data set to splits, with the record of it in a run."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.batch_order import view_seeds
from keras_transfer.data.data_report import say_classes
from keras_transfer.data.examples import make_examples
from keras_transfer.data.load_splits import load_splits, reload_splits
from keras_transfer.images.augmentation.augment_batch import augment_batch
from keras_transfer.images.augmentation.view_draws import draw_uniform
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.images.hold_splits import hold_splits
from keras_transfer.images.modality import IMAGE
from keras_transfer.run.run_directory import Run


def hold(config, examples, findings):
    return IMAGE.hold_splits(examples, config, 32, findings)


def test_splits_know_which_of_their_files_are_plain(make_tree, tiny_config, tmp_path):
    names = [f"{name}/{index}.png" for name in "ab" for index in range(12)]
    root = make_tree(*names)
    for name in names[::3]:
        Image.open(root / name).convert("P").save(root / name)
    (root / "a/bad.png").write_bytes(b"no image")  # left out, so rows are not those of the files
    config = dataclasses.replace(
        tiny_config, dataset=str(root), output=tmp_path / "runs", data=DataConfig()
    )
    data = hold(config, *load_splits(config, IMAGE, Run.create(config)))
    assert set(data.splits) == {"train", "validation", "test"}
    for split in data.splits.values():
        wanted = [name not in names[::3] for name in split.paths.tolist()]
        np.testing.assert_array_equal(split.plain, wanted)


def test_what_is_odd_or_occurs_twice_is_logged(make_tree, tiny_config, tmp_path, caplog):
    root = make_tree(*(f"{name}/{index}.png" for name in "ab" for index in range(12)))
    for index in (1, 2):
        Image.open(root / f"a/{index}.png").convert("RGBA").save(root / f"a/{index}.png")
    (root / "a/3.png").rename(root / "a/.3.png")
    shutil.copy(root / "a/4.png", root / "b/copy.png")
    config = dataclasses.replace(
        tiny_config, dataset=str(root), output=tmp_path / "runs", data=DataConfig()
    )
    caplog.set_level("INFO")
    load_splits(config, IMAGE, Run.create(config))
    assert caplog.messages[-3:] == [
        "Odd, but used: 2 alpha, 1 hidden (data_report.json)",
        "Duplicates: 1 group of equal files, 0 that look alike (data_report.json)",
        "1 group of duplicates has several classes: a/4.png (a), b/copy.png (b)",
    ]


def test_classes_are_named_and_counted_and_rare_ones_left_out(
    make_tree, tiny_config, tmp_path, caplog
):
    names = [f"{name}/{index}.png" for name in "abd" for index in range(4)]
    root = make_tree(*names, "c/0.png", "c/1.png")
    (root / "a/bad.png").write_bytes(b"no image")
    config = dataclasses.replace(
        tiny_config,
        dataset=str(root),
        output=tmp_path / "runs",
        data=DataConfig(rare_classes="drop"),
    )
    caplog.set_level("INFO")
    run = Run.create(config)
    data = hold(config, *load_splits(config, IMAGE, run))
    assert data.class_names == run.class_names() == ("a", "b", "d")
    for split in data.splits.values():
        named = [f"{data.class_names[label]}/" for label in split.labels]
        assert [path[:2] for path in split.paths.tolist()] == named
    assert caplog.messages[-1] == "3 classes: a (4), b (4), d (4)"
    report = json.loads(run.data_report_file.read_text())
    assert report["left_out_classes"] == {"c": 2}
    assert {"path": "c/0.png", "split": ""} in report["dropped"]
    caplog.clear()
    again = hold(config, *reload_splits(config, IMAGE, run))
    assert again.class_names == data.class_names
    assert caplog.messages[-1] == "3 classes: a (4), b (4), d (4)"
    assert not any("came since" in message for message in caplog.messages)


@pytest.mark.parametrize(
    "folders", [["OK", "NG", "test"], ["training_set/a", "training_set/b", "test_set/a"]]
)
def test_an_interrupted_run_keeps_the_classes_that_its_folders_had(
    make_tree, tiny_config, tmp_path, caplog, folders
):
    """Runs made when any folder without train/ beside it was a class."""
    root = make_tree(*(f"{folder}/{index}.png" for folder in folders for index in range(4)))
    config = dataclasses.replace(tiny_config, dataset=str(root), output=tmp_path / "runs")
    run = Run.create(config)
    before = dataclasses.replace(config, data=DataConfig(layout="classes"))
    made = hold(before, *load_splits(before, IMAGE, run))
    again = hold(config, *reload_splits(config, IMAGE, run))
    assert again.class_names == made.class_names == run.class_names()
    for name, split in made.splits.items():
        assert again.splits[name].paths.tolist() == split.paths.tolist()
        assert again.splits[name].labels.tolist() == split.labels.tolist()
    assert not any("came since" in message for message in caplog.messages)


def test_the_first_classes_are_said_in_lines_that_a_terminal_holds():
    counts = {f"a kind of food with a long name {index}": index for index in range(101)}
    text = say_classes(counts)
    assert text.startswith("101 classes: a kind of food with a long name 0 (0),\n  a kind")
    assert " ".join(text.split()).endswith("name 11 (11) and 89 more")
    assert max(map(len, text.splitlines())) <= 80


def test_a_class_with_blanks_in_its_name_stays_in_one_line():
    lines = say_classes({f"class of {index:03}": 4 for index in range(12)}).splitlines()
    assert all(line.removesuffix(",").endswith("(4)") for line in lines)
    assert max(map(len, lines)) <= 80
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("settings", "mirrored"), [({}, False), ({"flip": True}, True), ({"flip": False}, False)]
)
def test_where_a_mirror_image_is_another_class_only_the_user_may_flip(
    make_tree, tiny_config, settings, mirrored
):
    root = make_tree("a/0.png")
    rows = [(f"a/{index}.png", "a", "train", "") for index in range(2)]
    digits = dataclasses.replace(make_examples("folder", root, rows), flips=False)
    config = dataclasses.replace(tiny_config, augment=AugmentConfig(preset="light", **settings))
    data = hold_splits(digits, config, 32, inspect_files(digits))
    pixels = np.random.default_rng(0).uniform(0, 255, (20, 8, 8, 3)).astype(np.float32)
    draws = draw_uniform(view_seeds(0, np.arange(20), np.arange(20)))
    changed = augment_batch(data.augmentation)(pixels, draws)
    assert bool((changed != pixels).numpy().any()) == mirrored
