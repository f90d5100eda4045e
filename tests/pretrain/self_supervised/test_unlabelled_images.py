"""Which images a network goes on by, and in which order."""

import shutil

import numpy as np
import pytest
from PIL import Image

from keras_transfer.modalities.table import MODALITIES
from keras_transfer.pretrain.self_supervised.self_supervised_settings import SelfSupervisedConfig
from keras_transfer.pretrain.self_supervised.unlabelled_images import find_images, hold_images
from keras_transfer.system.errors import ConfigError

IMAGE = MODALITIES["image"]


def find(folder, **changes):
    settings = {"backbone": "tiny", "batch_size": 4, "side": 32} | changes
    config = SelfSupervisedConfig(images=str(folder), **settings).as_training()
    return find_images(str(folder), config, IMAGE), config


@pytest.fixture
def photos(tmp_path):
    for number in range(8):
        pixels = np.random.default_rng(number).integers(0, 256, (36, 40, 3), dtype=np.uint8)
        (folder := tmp_path / "photos" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "photos"


def read_pixels(found, config):
    return hold_images(found, config, IMAGE).splits["train"].pixels


@pytest.mark.thorough
def test_order_depends_on_content_alone(photos, tmp_path):
    (flat := tmp_path / "flat").mkdir()
    for number, file in enumerate(sorted(photos.rglob("*.png"), reverse=True)):
        shutil.copy(file, flat / f"{number:02}.png")
    (first, config), (second, _) = find(photos), find(flat)
    assert first.sha256 == second.sha256
    np.testing.assert_array_equal(read_pixels(first, config), read_pixels(second, config))


@pytest.mark.thorough
def test_what_is_shown_depends_on_the_seed_and_not_on_the_memory(photos, monkeypatch):
    module = "keras_transfer.pretrain.self_supervised.unlabelled_images.free_memory"

    def shows(seed, memory):
        monkeypatch.setattr(module, lambda: memory)
        found, config = find(photos, seed=seed)
        data = hold_images(found, config, IMAGE)
        assert (data.splits["train"].pixels is None) == (memory == 0)
        return np.concatenate([views for views, _ in data.pair_batches("pretrain", 2)])

    kept = shows(0, 10**9)
    np.testing.assert_array_equal(kept, shows(0, 0))
    assert not np.array_equal(kept, shows(1, 10**9))


def test_copies_count_once_and_broken_files_are_named_and_left_out(photos, caplog):
    shutil.copy(photos / "a/0.png", photos / "copy.png")
    (photos / "a/broken.png").write_bytes((photos / "a/2.png").read_bytes()[:200])
    with caplog.at_level("INFO"):
        found, _ = find(photos)
    assert (len(found.examples.paths), found.left_out) == (8, 1)
    assert "1 unreadable file is left out: a/broken.png" in caplog.text
    assert "8 different ones, 1 copy" in caplog.text


def test_a_pattern_and_a_data_set_are_images_too(photos, tmp_path):
    assert len(find(photos / "*/*.png")[0].examples.paths) == 8
    lines = [f"photos/{file.relative_to(photos)},x" for file in sorted(photos.rglob("*.png"))[:5]]
    (tmp_path / "labels.csv").write_text("\n".join(["path,label", *lines]) + "\n")
    assert len(find(tmp_path / "labels.csv")[0].examples.paths) == 5


def test_too_few_images_are_refused(photos):
    with pytest.raises(ConfigError, match=r"`images` must hold 9 different images or more.*: 8 in"):
        find(photos, batch_size=9)


def test_what_is_no_place_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"`images` must be a folder.*no such path"):
        find(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match="must name at least one file"):
        find(tmp_path / "empty")


def test_test_images_are_warned_of(stripes, caplog):
    find(stripes)
    assert "48 images of validation or test are learned from" in caplog.text
    caplog.clear()
    find(f"{stripes}/*")
    assert "48 images of validation or test are learned from" in caplog.text
    caplog.clear()
    find(stripes / "test")  # it was named, so it is meant
    assert caplog.text == ""
