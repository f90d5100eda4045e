from pathlib import Path

import keras
import numpy as np
from benchmark_modules import load

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.images.batches import ImageData
from keras_transfer.images.image_split import Split


def test_the_probe_learns_from_all_but_the_test_split_and_scores_that():
    probe = load("linear_probe").probe
    bright = np.arange(20) % 2
    pixels = np.broadcast_to((bright * 200)[:, None, None, None], (20, 8, 8, 3)).astype(np.uint8)
    paths = np.arange(20).astype(str)

    def measure(**labels):
        splits = {
            name: Split(paths=paths, labels=truth, pixels=pixels) for name, truth in labels.items()
        }
        data = ImageData(
            root=Path(),
            class_names=("dark", "bright"),
            splits=splits,
            image_size=8,
            batch_size=7,
            preparation=Preparation(),
            augmentation=AUGMENTATIONS["none"],
            seed=0,
        )
        images = keras.Input((8, 8, 3))
        features = keras.layers.GlobalAveragePooling2D()(images)
        return probe(keras.Model(images, features), data)

    assert measure(train=bright, validation=bright) == 1
    assert measure(train=bright, validation=1 - bright) == 0
    assert measure(train=bright, validation=bright, test=1 - bright) == 0
