"""Decoded examples that are kept instead of decoded in every epoch."""

import dataclasses
import logging
from pathlib import Path

from keras_transfer.config.messages import say_bytes
from keras_transfer.data.same_files.lost_examples import find_lost, require_unchanged
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.cache.cache_key import compute_decoded_key
from keras_transfer.training.cache.cache_store import FileStore, open_store
from keras_transfer.training.cache.memory_store import Layout, MemoryStore, Place, count_bytes
from keras_transfer.training.cache.reuse_folder import claim_scratch
from keras_transfer.training.plan.training_parts import Training

logger = logging.getLogger(__name__)

Store = MemoryStore | FileStore


def keep_decoded(training: Training) -> Training:
    """Return a training whose data has the planned splits decoded, in memory or on disk."""
    data, run = training.data, training.run
    shape, dtype = data.decoded
    for name, place in training.cache.decoded.items():
        if data.splits[name].states is None:  # the inspection kept them
            continue
        layout = {name: ((len(data.splits[name]), *shape), dtype)}
        folder = run.scratch / f"{name}_images"
        key = compute_decoded_key(name, data, run) if place == "disk" else ""
        if place == "disk" and (kept := open_store(folder, key)):
            logger.info("The decoded %s images of this run are used again", name)
            data = data.with_decoded(name, kept[name])
            continue
        if find_lost(data, run, [name]):  # of a run that goes on: who needs them all says so
            continue
        store = open_new(place, folder, layout, key)
        try:
            for examples, _ in data.clean_batches(name):
                store.append(name, examples.numpy().astype(dtype))
            require_unchanged(data, run, [name])
            data = data.with_decoded(name, store.finish()[name])
        except BaseException:
            store.discard()
            raise
    return dataclasses.replace(training, data=data)


def open_new(place: Place, folder: Path, layout: Layout, key: str) -> Store:
    """Return an empty store in memory, or in files in `folder`, which is in a run's scratch folder.

    Args:
        place: Where.
        folder: Of the files.
        layout: What it is for.
        key: What it will depend on; `open_store` asks for it.

    Raises:
        ConfigError: The memory is not there, or the disk is full or cannot be written.
    """
    if place == "memory":
        try:
            return MemoryStore(layout)
        except MemoryError as error:
            raise ConfigError(
                "What is kept for all epochs must fit into memory. Received: "
                f"{say_bytes(count_bytes(layout))}. Try --cache.memory_gb 0."
            ) from error
    try:
        claim_scratch(folder.parent)
    except OSError as error:
        raise ConfigError(
            f"The run directory must be writable. Received: {folder.parent} ({error.strerror}). "
            "Free space there, or do without a file: --cache.disk_gb 0."
        ) from error
    return FileStore(folder, layout, key)
