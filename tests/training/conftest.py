"""Small data and settings for one phase."""

import dataclasses
import subprocess
import sys

import keras
import numpy as np
import pytest
from cache_starts import PHASES, PLACES, write_split

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.images.batches import ImageData
from keras_transfer.images.image_split import Split
from keras_transfer.models.run_model import build_classifier
from keras_transfer.run.run_directory import Run
from keras_transfer.training.cache.cache_plan import plan_cache
from keras_transfer.training.cache.kept_examples import keep_decoded
from keras_transfer.training.plan.training_parts import Training


def _make_data(size=32, train=12, seed=0):
    random = np.random.default_rng(seed)

    def split(count):
        pixels = random.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
        labels = np.arange(count) % 2
        pixels[labels == 1] //= 2  # learnable: the second class is darker
        return Split(paths=np.array([f"{i}" for i in range(count)]), labels=labels, pixels=pixels)

    return ImageData(
        root=None,
        class_names=("bright", "dark"),
        splits={"train": split(train), "validation": split(8)},
        image_size=size,
        batch_size=8,
        preparation=Preparation(),
        augmentation=AUGMENTATIONS["none"],
        seed=seed,
    )


@pytest.fixture(scope="session")
def make_data():
    return _make_data


@pytest.fixture
def start(tiny_backbone, tmp_path, make_data, make_config):
    """Return a function that makes a training whose cache is planned; always the same weights."""

    def make(place="memory", views=3, train=21, **changes):
        cache = CacheConfig(views=views, **PLACES[place] | changes)
        config = make_config("tiny", head=HeadConfig(dropout=0.0), cache=cache)
        data = dataclasses.replace(make_data(train=train), augmentation=AUGMENTATIONS["standard"])
        keras.utils.set_random_seed(1)
        model = build_classifier(config, data.class_names, None)
        run = Run(tmp_path / f"{place}-{views}-{len(list(tmp_path.iterdir()))}")
        run.path.mkdir()
        write_split(run, data)
        training = Training(model=model, phases=PHASES, data=data, config=config, run=run)
        return keep_decoded(dataclasses.replace(training, cache=plan_cache(training)))

    return make


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "scratch/activations"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache/activations"


@pytest.fixture
def dead_pid():
    """The number of a process that ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid
