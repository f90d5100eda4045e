"""The source `webdataset`: tar shards whose images are read where they lie.

A run made when shards were still copied to the cache names the files of that copy, which is read
as long as it is there.
"""

import contextlib
import logging
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples, Row, is_text, make_examples, refuse_odd_name
from keras_transfer.data.shards.member_files import SUFFIX, open_index
from keras_transfer.data.sources.cached_data_sets import read_folder
from keras_transfer.data.sources.class_names import name_class, order_class_names
from keras_transfer.data.sources.encoded_images.encoded_set import name_folder, tell_bare
from keras_transfer.data.sources.encoded_images.shard_files import (
    Shard,
    find_folder,
    identify,
    list_shards,
    name_set,
    read_class_names,
)
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.user_folders import cache_roots

SOURCE = "webdataset"

logger = logging.getLogger(__name__)


def read_webdataset(dataset: str, config: DataConfig) -> Examples:
    """Return the images in tar shards: one file, a folder, `data-{000..009}.tar` or `data-*.tar`.

    The names of labels that are numbers are read from a classes.txt beside the shards. Splits are
    read from the names of shards and of their folders.

    Raises:
        ConfigError: The shards cannot be read, or hold something else than labelled images.
    """
    shards = [*dict.fromkeys(list_shards(dataset, SUFFIX))]  # a pattern may name one twice
    if odd := [ascii(str(shard.file)) for shard in shards if not is_text(str(shard.file))]:
        raise ConfigError(
            f"Names of tar shards must be UTF-8. Received: {name_some(odd)}. Rename them."
        )
    named = read_class_names(dataset)
    if copied := _find_copy(dataset, shards, named):
        return copied
    root = find_folder(dataset)
    bare: Counter[str] = Counter()
    rows = [row for shard in shards for row in _list_rows(shard, root, named, bare)]
    if not rows:
        raise ConfigError(
            "Tar shards must hold images with their labels, such as 0001.jpg and 0001.cls. "
            f"Received: {dataset}, where no image has a label. An archive of class folders is "
            "unpacked first: tar -xf FILE; then give the folder."
        )
    tell_bare(bare)
    present = {row[1] for row in rows}
    for name in present:
        refuse_odd_name(name, dataset)
    names = [name for name in named if name in present]
    names += order_class_names(present - {*named})
    return make_examples(SOURCE, Path(root), rows, names)


def _list_rows(shard: Shard, root: str, named: Sequence[str], bare: Counter[str]) -> Iterator[Row]:
    """Yield the labelled images of a shard; the others are counted for their split."""
    index = open_index(str(shard.file))
    place = os.path.relpath(shard.file, root).replace(os.sep, "/")
    labels, first, rows = np.unique(index.labels, return_index=True, return_inverse=True)
    where = [f"{shard.file}, {index.names[row].decode()}" for row in first]
    pairs = zip(labels.tolist(), where, strict=True)
    names = [name_class(label.decode(), named, place) for label, place in pairs]
    for path, row in zip(index.names.tolist(), rows.tolist(), strict=True):
        if (name := names[row]) is None:
            bare[shard.split] += 1
        else:
            yield f"{place}/{path.decode()}", name, shard.split, ""


def _find_copy(dataset: str, shards: Sequence[Shard], named: Sequence[str]) -> Examples | None:
    """Return the images as an earlier version has copied them, if the copy is whole."""
    folder = name_folder(SOURCE, name_set(dataset), identify(shards, *named))
    text = "%s is read from the copy that an earlier version made: %s. Without it the shards are "
    text += "read in place, and runs that were made of it have lost their images"
    for place in (root / folder for root in cache_roots()):
        if place.is_dir():
            with contextlib.suppress(ConfigError, OSError, KeyError):  # it is not whole
                found = read_folder(SOURCE, place, named or None)
                logger.info(text, dataset, place)
                return found
    return None
