"""The images that a network goes on by: found, inspected, and ordered by what is in them."""

import hashlib
import logging
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.divided_examples import Inspected, settle_unusable
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.buckets.local_copies import bring_here
from keras_transfer.data.sources.choose_source import choose_source
from keras_transfer.data.sources.unlabelled import expand_word
from keras_transfer.data.splits.row_groups import NO_LINKS
from keras_transfer.data.training_data import TrainingData
from keras_transfer.modalities.table import require_images
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.machine import free_memory
from keras_transfer.training.cache.memory_store import MemoryStore, count_bytes

SHARE = 4  # of the free memory, a fourth may hold decoded images

logger = logging.getLogger(__name__)


class Unlabelled(NamedTuple):
    """Images of different content, ordered by its SHA-256: labels and names decide nothing."""

    examples: Examples
    findings: Findings
    sha256: str  # of all their digests
    left_out: int  # files that cannot be read


def find_images(word: str, config: TrainConfig, modality: Modality) -> Unlabelled:
    """Find the images that a word names, and look into each.

    Args:
        word: A folder, a pattern, a file, or what `--dataset` takes.
        config: How images are read, and how many a batch has.
        modality: Of the images.

    Raises:
        ConfigError: The word names nothing, or fewer images than a batch.
    """
    require_images(word, "images")
    examples = _list_images(word, config, modality)
    _warn_of_held_out(examples)
    findings = modality.inspect(examples)
    settle_unusable(Inspected(examples, findings, NO_LINKS), config)
    digests, rows = np.unique(np.where(findings.usable, findings.sha256, ""), return_index=True)
    digests, rows = digests[digests != ""], rows[digests != ""]
    usable = int(findings.usable.sum())
    if len(rows) < config.data.batch_size:
        raise ConfigError(
            f"`images` must hold {config.data.batch_size} different images or more, a batch. "
            f"Received: {len(rows)} in {word}. Add images, or lower --batch_size; fewer than "
            "about 100 teach little."
        )
    copies = f", {count_of(usable - len(rows), 'copy', 'copies')}" if usable > len(rows) else ""
    logger.info("Images: %s, %s%s", word, count_of(len(rows), "different one"), copies)
    whole = hashlib.sha256("\n".join(digests.tolist()).encode()).hexdigest()
    return Unlabelled(examples.take(rows), findings.take(rows), whole, len(examples.paths) - usable)


def hold_images(found: Unlabelled, config: TrainConfig, modality: Modality) -> TrainingData:
    """Return the images ready to be batched, decoded once if they fit into the memory."""
    size = config.data.image_size
    assert size is not None
    data = modality.hold_splits(found.examples, config, size, found.findings)
    shape, dtype = data.decoded
    layout = {"train": ((len(data.splits["train"]), *shape), dtype)}
    if count_bytes(layout) > free_memory() // SHARE:
        logger.info("The images do not fit into the memory: they are read again in every epoch")
        return data
    store = MemoryStore(layout)
    for pixels, _ in data.clean_batches("train"):
        store.append("train", pixels.numpy().astype(dtype))
    return data.with_decoded("train", store.finish()["train"])


def _list_images(word: str, config: TrainConfig, modality: Modality) -> Examples:
    """Return examples of one class, all of the split train."""
    word = bring_here(word)
    path = Path(word).expanduser()
    try:
        source = choose_source(word)
    except ConfigError as error:
        if not (path.is_file() or set(word) & set("*?[")):  # one image, or a pattern
            raise ConfigError(str(error).replace("`dataset`", "`images`")) from error
        source = "folder"
    if source == "folder":
        files = [os.path.abspath(name) for name in expand_word(word)]
        folders = [os.path.abspath(path)] if path.is_dir() else map(os.path.dirname, files)
        root = Path(os.path.commonpath([*folders]))
        paths = np.array([Path(os.path.relpath(file, root)).as_posix() for file in files])
        flips = True
    else:
        found = modality.read_examples(word, config.data)
        root, paths, flips = found.root, found.paths, found.flips
    empty = np.full(len(paths), "")
    return Examples(
        source=source,
        root=root,
        paths=paths,
        labels=np.zeros(len(paths), np.int64),
        class_names=("image",),
        splits=np.full(len(paths), "train"),
        groups=empty,
        flips=flips,
    )


def _warn_of_held_out(examples: Examples) -> None:
    """Say that images of folders called test are learned from, too."""
    held = [
        path
        for path in examples.paths.tolist()
        if SPLIT_WORDS.get(path.partition("/")[0].lower()) in ("validation", "test")
    ]
    if len(held) > 0:
        logger.warning(
            "%s of validation or test are learned from, without labels: name the folder of the "
            "training images alone if others are to be new to the network",
            count_of(len(held), "image"),
        )
