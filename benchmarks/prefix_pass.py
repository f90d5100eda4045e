"""Compare the pass that fills the cache with a bare `predict` loop over images in memory.

    python benchmarks/prefix_pass.py [BACKBONE] [IMAGES]

Both compute the activations below `--finetune.locked_layers 100` and the pooled features, of random
images of 224 pixels that are in memory already and are not augmented. In turn, three times; the
program prints images per second of both, the ratio of each pair, and how fast two further things
are: decoding the JPEGs that it writes, and the standard augmentation.
"""

import dataclasses
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.images.augmentation.presets import AUGMENTATIONS
from keras_transfer.images.batches import ImageData
from keras_transfer.images.image_split import Split
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.cuts import IMAGES, POOLED, find_cut, take_part
from keras_transfer.run.run_directory import Run
from keras_transfer.training.activations.activation_pass import compute_arrays
from keras_transfer.training.cache.cache_plan import list_arrays
from keras_transfer.training.cache.memory_store import MemoryStore
from keras_transfer.training.plan.training_parts import CachePlan, Training

SIDE, BATCH, PAIRS = 224, 32, 3


def main(name: str = "mobilenetv3small", count: int = 512) -> None:
    """Print the table."""
    row = BACKBONES[name]
    model = build_model(row, build_backbone(row, SIDE), 2, HeadConfig())
    cuts = {"frozen": POOLED, "finetune": find_cut(model.get_layer("backbone"), 100)}
    front = take_part(model, IMAGES, sorted({*cuts.values()}))
    data, config = draw_data(count), TrainConfig(backbone=name)
    training = Training(model=model, phases=(), data=data, config=config, run=Run("."))
    layout = list_arrays(training, cuts, 1)
    plan = CachePlan(cuts=cuts, views=1, layout=layout)
    pixels = data.splits["train"].pixels.astype("float32")
    ratios = []
    for turn in range(PAIRS + 1):  # the first one traces
        ours = measure(count, lambda: compute_arrays(front, plan, data, MemoryStore(layout), True))
        bare = measure(count, lambda: front.predict(pixels, batch_size=BATCH, verbose=0))
        if turn:
            ratios.append(ours / bare)
            print(f"cache {ours:.0f} images/s, bare predict {bare:.0f}, ratio {ours / bare:.2f}")
    print(f"{name}, {count} images: median ratio {statistics.median(ratios):.2f}")
    standard = dataclasses.replace(data, augmentation=AUGMENTATIONS["standard"])
    print(f"augmentation alone: {measure(count, lambda: exhaust(standard.view_batches(1))):.0f}")
    with tempfile.TemporaryDirectory() as folder:
        decoded = write_images(data, Path(folder))
        speed = measure(count, lambda: exhaust(decoded.clean_batches("train")))
        print(f"decoding alone, JPEGs of 500 x 375 pixels: {speed:.0f} images/s")


def measure(count: int, work: Callable[[], object]) -> float:
    """Return images per second."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def exhaust(batches: object) -> None:
    for _ in batches:
        pass


def draw_data(count: int) -> ImageData:
    """Return random images in memory; validation is one of them."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8)
    names, labels = np.arange(count).astype(str), np.arange(count) % 2

    def split(size: int) -> Split:
        return Split(paths=names[:size], labels=labels[:size], pixels=pixels[:size])

    return ImageData(
        root=Path(),
        class_names=("a", "b"),
        splits={"train": split(count), "validation": split(1)},
        image_size=SIDE,
        batch_size=BATCH,
        preparation=Preparation(),
        augmentation=AUGMENTATIONS["none"],
        seed=0,
    )


def write_images(data: ImageData, folder: Path) -> ImageData:
    """Return the same data as JPEG files, enlarged to a usual size."""
    split = data.splits["train"]
    for name, pixels in zip(split.paths, split.pixels, strict=True):
        small = Image.fromarray(pixels).resize((64, 48))  # smooth, as photographs are
        small.resize((500, 375), Image.Resampling.BICUBIC).save(folder / name, "JPEG", quality=90)
    return dataclasses.replace(
        data, root=folder, splits={"train": dataclasses.replace(split, pixels=None)}
    )


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    main(*sys.argv[1:2], *map(int, sys.argv[2:3]))
