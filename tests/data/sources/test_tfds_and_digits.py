import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from labelled import load_examples
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources import cached_data_sets, digits
from keras_transfer.data.sources import tfds as tfds_source
from keras_transfer.system.errors import ConfigError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def few_digits(monkeypatch):
    """Two files per digit instead of 1,797 images."""
    rows = [(f"{k % 10}/{k}.png", b"x", str(k % 10), "") for k in range(20)]
    monkeypatch.setattr(digits, "_draw_digits", lambda: rows)


def define_builders():
    """Define two small sets of TensorFlow Datasets; defining a class makes its name known."""
    import tensorflow_datasets as tfds

    class TinyShapes(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")
        SPLITS = ("train", "valid", "TEST", "extra")
        FEATURES: ClassVar = {
            "image": tfds.features.Image(shape=(4, 4, 3), encoding_format="png"),
            "label": tfds.features.ClassLabel(names=["square", "round/oval", "never"]),
            "note": tfds.features.Text(),
        }
        url_infos: ClassVar = {"https://example.org/train.gz": None}

        def _info(self):
            features = tfds.features.FeaturesDict(self.FEATURES)
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {split: self._generate_examples(split) for split in self.SPLITS}

        def _generate_examples(self, split="train"):
            for index in range(6):
                pixels = np.full((4, 4, 3), 10 * index + self.SPLITS.index(split), np.uint8)
                label = -1 if index == 5 else index % 2
                yield index, {"image": pixels, "label": label, "note": split}

    class TinyBoxes(TinyShapes):
        VERSION = tfds.core.Version("1.0.0")
        FEATURES: ClassVar = {
            "image": tfds.features.Image(shape=(4, 4, 3)),
            "labels": tfds.features.Sequence(tfds.features.ClassLabel(num_classes=3)),
        }

    return TinyShapes


@pytest.fixture(scope="session")
def tfds_dir(tmp_path_factory):
    """Prepare a small set of TensorFlow Datasets as a user would, without network."""
    folder = tmp_path_factory.mktemp("tfds")
    define_builders()(data_dir=str(folder)).download_and_prepare()
    return folder


def load_tiny(tfds_dir, name="tfds:tiny_shapes"):
    return load_examples(name, DataConfig(data_dir=tfds_dir))


@pytest.mark.thorough
def test_digits_are_written_once_as_images(cache):
    examples = load_examples("digits", DataConfig())
    assert examples.source == "digits"
    assert examples.root == cache / "digits"
    assert examples.class_names == tuple("0123456789")
    assert np.bincount(examples.labels).tolist() == [
        178,
        182,
        177,
        183,
        181,
        182,
        181,
        179,
        174,
        180,
    ]
    assert (examples.image_size, examples.flips, examples.fractions) == (64, False, (0.2, 0.2))
    assert set(examples.splits) == {""}

    from sklearn.datasets import load_digits

    digits = load_digits()
    row = int(np.flatnonzero(examples.paths == "7/0007.png")[0])
    with Image.open(examples.root / examples.paths[row]) as image:
        assert (image.mode, image.size) == ("L", (8, 8))
        levels = np.asarray(image)
    assert np.abs(levels - digits.images[7] * 255 / 16).max() <= 0.5
    assert examples.labels[row] == digits.target[7]

    before = (cache / "digits/7/0007.png").stat().st_mtime_ns
    again = load_examples("digits", DataConfig())
    assert again.paths.tolist() == examples.paths.tolist()
    assert (cache / "digits/7/0007.png").stat().st_mtime_ns == before


def test_several_at_once_leave_one_complete_folder(cache, few_digits):
    with ThreadPoolExecutor(4) as threads:
        read = list(threads.map(lambda _: load_examples("digits", DataConfig()), range(4)))
    assert [len(examples.paths) for examples in read] == [20] * 4
    assert os.listdir(cache) == ["digits"]


def read_set(draw, names=("a", "b")):
    return cached_data_sets.read_prepared("digits", Path("set"), list(names), draw)


def test_folder_that_another_process_finished_first_is_kept(cache):
    def draw():
        yield "a/mine.png", b"mine", "a", ""
        read_set(lambda: [("a/theirs.png", b"theirs", "a", "")])

    assert read_set(draw).paths.tolist() == ["a/theirs.png"]
    assert os.listdir(cache / "set/a") == ["theirs.png"]
    assert os.listdir(cache) == ["set"]


def test_broken_off_writing_leaves_nothing_behind(cache):
    def draw():
        yield "a/1.png", b"1", "a", ""
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_set(draw)
    assert os.listdir(cache) == []


def test_full_disk_names_the_cache_setting(cache):
    def draw():
        yield "a/1.png", b"1", "a", ""
        raise OSError(28, "No space left on device")

    with pytest.raises(ConfigError, match=r"No space left.*KERAS_TRANSFER_CACHE"):
        read_set(draw)
    assert os.listdir(cache) == []


@pytest.mark.parametrize("damage", ["lost file", "cut file", "no table", "a file", "empty"])
def test_damaged_cache_is_made_anew(cache, few_digits, caplog, damage):
    root = load_examples("digits", DataConfig()).root
    if damage == "lost file":
        (root / "0/0.png").unlink()
    elif damage == "cut file":
        (root / "0/0.png").write_bytes(b"")
    elif damage == "no table":
        (root / "labels.csv").unlink()
    else:
        shutil.rmtree(root)
        root.touch() if damage == "a file" else root.mkdir()
    assert len(load_examples("digits", DataConfig()).paths) == 20
    assert (root / "0/0.png").read_bytes() == b"x"
    assert "made anew" in caplog.text


def test_folder_of_the_users_that_has_the_name_of_a_set_is_kept(cache, few_digits, caplog):
    (cache / "digits/mine").mkdir(parents=True)
    (cache / "digits/mine/1.png").touch()
    assert len(load_examples("digits", DataConfig()).paths) == 20
    (kept,) = cache.glob("digits.former-*")
    assert (kept / "mine/1.png").exists()
    assert str(kept) in caplog.text


def test_cache_of_a_former_version_is_used(cache, few_digits):
    root = load_examples("digits", DataConfig()).root
    (root / "manifest.json").unlink()
    (root / "0/0.png").write_bytes(b"former")
    load_examples("digits", DataConfig())
    assert (root / "0/0.png").read_bytes() == b"former"


def test_tfds_splits_are_kept_and_encoded_images_copied(cache, tfds_dir, caplog):
    caplog.set_level("INFO", logger="keras_transfer")
    examples = load_tiny(tfds_dir)
    assert examples.source == "tfds"
    assert examples.class_names == ("square", "round/oval")  # "never" has no image
    splits, counts = np.unique(examples.splits, return_counts=True)
    assert dict(zip(splits, counts, strict=True)) == {"train": 5, "validation": 5, "test": 5}
    assert "extra" in caplog.text
    assert "Left out 1 image of the split train: no label." in caplog.text
    assert examples.root.parent == cache / "tfds/tiny_shapes"
    assert examples.root.name.startswith("1.0.0-")
    seen = {}
    for path, label, split in zip(examples.paths, examples.labels, examples.splits, strict=True):
        assert path.endswith(".png")
        with Image.open(examples.root / path) as image:
            seen[image.getpixel((0, 0))[0]] = (int(label), split)
    assert seen == {
        10 * index + offset: (index % 2, split)
        for index in range(5)
        for offset, split in enumerate(("train", "validation", "test"))
    }


def test_tfds_set_is_copied_once_and_again_when_it_was_prepared_anew(cache, tfds_dir, monkeypatch):
    first = load_tiny(tfds_dir, "tfds:tiny_shapes:1.0.0")
    copy = tfds_source._copy_images
    monkeypatch.setattr(tfds_source, "_copy_images", lambda *_: pytest.fail("copied again"))
    assert load_tiny(tfds_dir).root == first.root
    monkeypatch.setattr(tfds_source, "_copy_images", copy)
    os.utime(tfds_dir / "tiny_shapes/1.0.0/dataset_info.json")
    assert load_tiny(tfds_dir).root != first.root


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tfds:", "must name a set.*tfds:mnist"),
        ("tfds:mnst", "not found. Did you mean 'tfds:mnist'"),
        ("tfds:tiny_shapes:9.9.9", "9.9.9"),
        ("tfds:tiny_boxes", "image classification data.*detection or multi-label"),
    ],
)
def test_tfds_sets_that_cannot_be_used_are_refused(cache, tfds_dir, name, message):
    with pytest.raises(ConfigError, match=message):
        load_tiny(tfds_dir, name)


def test_tfds_set_whose_features_are_somebodys_code_is_refused(
    cache, tfds_dir, tmp_path, monkeypatch
):
    """The module that its features.json names would be imported."""
    shutil.copytree(tfds_dir, tmp_path / "sets")
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    shutil.move(tmp_path / "sets/tiny_shapes", tmp_path / "sets/strangers")
    for file in [*(tmp_path / "sets").rglob("*.*")]:
        if file.suffix == ".json":
            file.write_text(file.read_text().replace("tiny_shapes", "strangers"))
        file.rename(file.with_name(file.name.replace("tiny_shapes", "strangers")))
    (features,) = (tmp_path / "sets").rglob("features.json")
    assert len(load_tiny(tmp_path / "sets", "tfds:strangers").paths) == 15
    kinds = features.read_text()
    features.write_text(
        kinds.replace("tensorflow_datasets.core.features.text_feature.Text", "evil.Text")
    )
    with pytest.raises(ConfigError, match=r"features.json names 'evil.Text'"):
        load_tiny(tmp_path / "sets", "tfds:strangers")
    assert not (tmp_path / "ran").exists()


def test_tfds_without_network_says_at_once_what_to_do(cache, tfds_dir, tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def wait(self, **_):
        pytest.fail("TensorFlow Datasets tries for minutes")

    monkeypatch.setattr(tfds_source, "find_fault", lambda url: "no route")
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", wait)
    with pytest.raises(ConfigError) as error:
        load_tiny(tmp_path)
    assert str(error.value) == (
        "`dataset` must be prepared already or be downloadable. Received: tfds:tiny_shapes, which "
        f"is not in {tmp_path} and cannot be made: https://example.org/train.gz cannot be reached "
        "(no route). Give the folder that holds the set with --data.data_dir, or use a folder of "
        "images."
    )


def test_tfds_set_that_lacks_a_package_names_it(cache, tfds_dir, tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def fail(self, **_):
        raise ModuleNotFoundError("No module named 'scipy'", name="scipy")

    monkeypatch.setattr(tfds_source, "find_fault", lambda url: "")
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(ConfigError, match=r"cannot be made: No module.*pip install scipy"):
        load_tiny(tmp_path)
