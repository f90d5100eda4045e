"""From a data set to splits, with the record of it in a run."""

import dataclasses
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.batch_order import view_seeds
from keras_transfer.data.examples import make_examples
from keras_transfer.data.load_splits import load_splits
from keras_transfer.images.augmentation.augment_batch import augment_batch
from keras_transfer.images.augmentation.view_draws import draw_uniform
from keras_transfer.images.hold_splits import hold_splits
from keras_transfer.images.modality import IMAGE
from keras_transfer.run.run_directory import Run


def test_splits_know_which_of_their_files_are_plain(make_tree, tiny_config, tmp_path):
    names = [f"{name}/{index}.png" for name in "ab" for index in range(12)]
    root = make_tree(*names)
    for name in names[::3]:
        Image.open(root / name).convert("P").save(root / name)
    (root / "a/bad.png").write_bytes(b"no image")  # left out, so rows are not those of the files
    config = dataclasses.replace(
        tiny_config, dataset=str(root), output=tmp_path / "runs", data=DataConfig()
    )
    data = load_splits(config, IMAGE, 32, Run.create(config))
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
    load_splits(config, IMAGE, 32, Run.create(config))
    assert caplog.messages[-3:] == [
        "Odd, but used: 2 alpha, 1 hidden (data_report.json)",
        "Duplicates: 1 groups of equal files, 0 that look alike (data_report.json)",
        "1 groups of duplicates have several classes: a/4.png (a), b/copy.png (b)",
    ]


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
    data = hold_splits(
        digits, config, 32, SimpleNamespace(plain=np.zeros(2, bool), states=np.zeros((2, 2)))
    )
    pixels = np.random.default_rng(0).uniform(0, 255, (20, 8, 8, 3)).astype(np.float32)
    draws = draw_uniform(view_seeds(0, np.arange(20), np.arange(20)))
    changed = augment_batch(data.augmentation)(pixels, draws)
    assert bool((changed != pixels).numpy().any()) == mirrored
