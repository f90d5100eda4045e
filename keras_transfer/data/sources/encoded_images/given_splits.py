"""Which splits of a data set are used, and as what."""

import logging
from collections.abc import Sequence

from keras_transfer.config.split_names import SPLIT_WORDS, SPLITS
from keras_transfer.data.sources.folders.folder_words import HELD_OUT, read_name
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


def choose_splits(dataset: str, available: Sequence[str]) -> dict[str, str]:
    """Return which of the splits that a set names are used, and as what: {"valid": "validation"}.

    A single split is no split.

    Raises:
        ConfigError: None of several is train.
    """
    if len(available) == 1:
        return {available[0]: ""}
    used = {name: SPLIT_WORDS[name.lower()] for name in available if name.lower() in SPLIT_WORDS}
    if "train" not in used.values():
        raise ConfigError(
            f"`dataset` must hold a train split. Received: {dataset} with {', '.join(available)}. "
            "Choose another configuration of the set."
        )
    tell_unused(dataset, [name for name in available if name not in used])
    return used


def find_shard_splits(dataset: str, shards: Sequence[str]) -> dict[str, str]:
    """Return the split of each shard by its name, `train-00000-of-00002`, or its folder's.

    Where some have a split, the others are not used; where none has, all are, without a split.

    Args:
        dataset: What they are called in messages.
        shards: '/'-separated paths, relative to what the user named.
    """
    words = {shard: _read_split(shard) for shard in shards}
    other = "validation" if "test" in words.values() else "test"
    words = {shard: other if word == HELD_OUT else word for shard, word in words.items()}
    used = {shard: word for shard, word in words.items() if word in SPLITS}
    if not used:
        return dict.fromkeys(shards, "")
    tell_unused(dataset, [shard for shard in shards if shard not in used])
    return used


def tell_unused(dataset: str, names: Sequence[str]) -> None:
    """Say which splits or shards are not used."""
    if names:
        logger.info("Splits of %s that are not used: %s.", dataset, ", ".join(names))


def _read_split(shard: str) -> str:
    """Return the split that the last part of a path with such a word names, "" for none."""
    for part in reversed(shard.split("/")):
        if named := read_name(part.partition(".")[0]):
            return named.split
    return ""
