"""A sample of the images that pretrained weights are not to forget."""

import dataclasses
from pathlib import Path

import numpy as np

from keras_transfer.config.layers import merge_layers
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.run_examples import read_own_images
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.images.batches import ImageData, hold_split
from keras_transfer.images.doctor.inspection import inspect_files
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

SAMPLE = 256  # images


def read_sample(config: TrainConfig, image_size: int) -> ImageData:
    """Return at most 256 labelled images of `regularize.source` as one split called `train`.

    Args:
        config: Names the source; its seed draws the images.
        image_size: Side in pixels that the model takes.

    Raises:
        ConfigError: There are none, or fewer than two classes among them.
    """
    source = str(config.regularize.source)
    run = Run(Path(source).expanduser())
    if run.config_file.is_file():
        examples, plain = read_own_images(run, merge_layers(run.read_settings()), "train")
    else:
        examples = read_examples(source, config.data)
        rows = np.flatnonzero(np.isin(examples.splits, ("", "train")))
        rng = np.random.default_rng(config.seed)
        # a source may be all of ImageNet, and some of the images that are inspected not readable
        examples = examples.take(np.sort(rng.permutation(rows)[: 2 * SAMPLE]))
        inspection = inspect_files(examples)
        usable = np.flatnonzero(inspection.usable)
        examples, plain = examples.take(usable), inspection.plain[usable]
    examples, plain = _draw(examples, plain, config.seed)
    if len(set(examples.labels.tolist())) < 2:
        raise ConfigError(
            "`regularize.source` must hold readable images of 2 or more classes to train on. "
            f"Received: {source}. Name a folder of class folders, or an earlier run."
        )
    return hold_split(examples, config, image_size, plain)


def _draw(examples: Examples, plain: np.ndarray, seed: int) -> tuple[Examples, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = np.sort(rng.permutation(len(examples.paths))[:SAMPLE])
    drawn = examples.take(rows)
    return dataclasses.replace(drawn, splits=np.full(len(rows), "train")), plain[rows]
