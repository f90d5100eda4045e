"""Paths in settings, written in full."""

import dataclasses
from pathlib import Path

from keras_transfer.config.train_config import DEFAULT_SOURCE, TrainConfig

PLAIN_WEIGHTS = ("auto", "imagenet", "bundled", "none")  # words for weights that are no path


def name_places(config: TrainConfig) -> TrainConfig:
    """Return `config` with full paths, so that a run means the same from any working directory."""
    data_dir, split_file = config.data.data_dir, config.data.split_file
    return dataclasses.replace(
        config,
        dataset=config.source if config.source == DEFAULT_SOURCE else find_path(config.source),
        weights=config.weights if config.weights in PLAIN_WEIGHTS else find_path(config.weights),
        regularize=dataclasses.replace(
            config.regularize,
            source=config.regularize.source and find_path(config.regularize.source),
        ),
        data=dataclasses.replace(
            config.data,
            data_dir=data_dir and data_dir.expanduser().absolute(),
            split_file=split_file and split_file.expanduser().absolute(),
        ),
    )


def find_path(word: str) -> str:
    """Return a path in full; other words, such as tfds:NAME, as they are."""
    path = Path(word).expanduser()
    return str(path.absolute()) if path.exists() else word
