"""Paths in settings: which words are paths, whether they lead anywhere, how they are in full."""

import dataclasses
import os
import re
from pathlib import Path

from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.train_config import DEFAULT_SOURCE, TrainConfig, WeightsWord
from keras_transfer.system.errors import ConfigError

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # of one letter it is a drive
HUGGING_FACE = "hf:"  # before the name of a set, or a folder
SHARD_SUFFIXES = (".parquet", ".tar")  # of files that hold many images


def name_places(config: TrainConfig) -> TrainConfig:
    """Return `config` with full paths, so that a run means the same from any working directory."""
    data_dir, split_file = config.data.data_dir, config.data.split_file
    return dataclasses.replace(
        config,
        backbone=find_origin(config.backbone),
        dataset=config.source if config.source == DEFAULT_SOURCE else find_path(config.source),
        weights=config.weights if is_word(config.weights) else find_path(config.weights),
        regularize=dataclasses.replace(
            config.regularize,
            source=config.regularize.source and find_path(config.regularize.source),
        ),
        adapt=dataclasses.replace(
            config.adapt, target=config.adapt.target and find_path(config.adapt.target)
        ),
        data=dataclasses.replace(
            config.data,
            data_dir=data_dir and data_dir.expanduser().absolute(),
            split_file=split_file and split_file.expanduser().absolute(),
        ),
    )


def find_origin(backbone: str) -> str:
    """Return the name of a backbone with what is behind `hub:` or `file:` in full, if a path."""
    start, colon, place = backbone.partition(":")
    path = Path(place).expanduser()
    leads = bool(colon and place) and path.exists()
    return f"{start}:{path.absolute()}" if leads else backbone


def shorten_origin(backbone: str) -> str:
    """Return the name of a backbone as a part of a file name: of an address or a path, its end."""
    return re.sub(r"\.(keras|h5)$", "", re.split(r"[/\\:]", backbone.rstrip("/\\"))[-1])


def find_path(word: str) -> str:
    """Return a path in full, also behind hf:, and a pattern of shards; other words as they are."""
    if is_address(word):
        return word
    start = HUGGING_FACE if word.startswith(HUGGING_FACE) else ""
    place = word.removeprefix(start)
    path = Path(place).expanduser()
    leads = path.exists() or path.suffix in SHARD_SUFFIXES  # or is a pattern
    return f"{start}{path.absolute()}" if place and leads else word


def is_address(word: str) -> bool:
    """Tell whether a word is an address, such as s3://BUCKET/FOLDER, and no path that is there."""
    return bool(ADDRESS.match(word)) and not os.path.lexists(word)


def is_word(weights: str) -> bool:
    """Return whether these weights are named by a `WeightsWord`, not by a path."""
    return weights in tuple(WeightsWord)


def check_weights(weights: str) -> None:
    """Raise a `ConfigError` unless this is a `WeightsWord` or the path of something that exists."""
    if is_word(weights) or Path(weights).expanduser().exists():
        return
    raise ConfigError(
        f"`weights` must be {', '.join(WeightsWord)}, or the path of a weights file or run "
        f"directory. Received: {weights}, which does not exist. "
        f"{suggest_close(weights, WeightsWord)}".rstrip()
    )
