"""What sources of encoded images hand out, and how that becomes files in the cache.

A source describes its images and yields them; only `read_encoded` here writes. The encoded bytes
are copied as they are.
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from keras_transfer.config.messages import count_of, say_fault
from keras_transfer.data.examples import Examples, refuse_odd_name
from keras_transfer.data.sources.cached_data_sets import Images, read_prepared
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

# First bytes of the encodings that such sets store.
SUFFIXES = {b"\xff\xd8": "jpg", b"\x89PNG": "png", b"GIF8": "gif", b"BM": "bmp", b"RIFF": "webp"}
MOST_LETTERS = 40  # of a name from outside in the name of a file


class EncodedImage(NamedTuple):
    """One image of a set."""

    name: str  # what it is called there, if anything
    content: bytes  # as encoded; b"" where it is lost, which the doctor then says
    label: str | None  # name of its class; None: it has none, and is left out
    split: str  # train, validation, test, or "" where the set gives none


@dataclass(frozen=True, kw_only=True)
class EncodedSet:
    """A data set that is described, and not yet read."""

    source: str
    """Key in `SOURCES`, and the folder of the cache."""
    where: str
    """What it is called in messages."""
    name: str
    """How its folder in the cache begins."""
    identity: str
    """Text that is another one whenever an image or label could be."""
    class_names: Sequence[str] | None
    """Label names in index order. None: those that occur, sorted."""
    size: int
    """Bytes that the images take at most."""
    read: Callable[[], Iterator[EncodedImage]]
    """Yields the images in their order, one at a time."""


def read_encoded(encoded: EncodedSet) -> Examples:
    """Return the images of a set, which are copied to the cache the first time.

    Raises:
        ConfigError: A class name is no line of text, or the cache has no room.
    """
    for name in encoded.class_names or ():
        refuse_odd_name(name, encoded.where)
    folder = name_folder(encoded.source, encoded.name, encoded.identity)
    return read_prepared(
        encoded.source, folder, encoded.class_names, lambda: _name_files(encoded), encoded.size
    )


def name_folder(source: str, name: str, identity: str) -> Path:
    """Return the folder of a set in the cache; see `EncodedSet` for what it is named by."""
    key = hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return Path(source, f"{clean_name(name) or 'set'}-{key}")


def name_file(split: str, label: str, stem: str, content: bytes) -> str:
    """Return the path of an image: `train/cats/000012.jpg`; its class stands in labels.csv."""
    suffix = next((s for start, s in SUFFIXES.items() if content.startswith(start)), "img")
    return f"{split}/{clean_name(label) or '_'}/{stem}.{suffix}"


def clean_name(name: str) -> str:
    """Return a name from outside with nothing in it that a file system could take amiss."""
    return re.sub(r"[^\w-]", "_", name)[:MOST_LETTERS]


def tell_bare(counts: Mapping[str, int]) -> None:
    """Say how many images of each split have no label."""
    for split, count in counts.items():
        without = count_of(count, "image")
        logger.warning("Left out %s of the split %s: no label.", without, split or "images")


def _name_files(encoded: EncodedSet) -> Images:
    """Yield the images with their paths; those without a label are counted and left out."""
    seen: Counter[str] = Counter()
    bare: Counter[str] = Counter()
    names: set[str] = set()
    for image in _read_whole(encoded):
        index = seen[image.split]
        seen[image.split] += 1
        if image.label is None:
            bare[image.split] += 1
            continue
        if image.label not in names:
            refuse_odd_name(image.label, encoded.where)
            names.add(image.label)
        name = clean_name(Path(image.name).stem)
        stem = f"{index:06d}-{name}" if name else f"{index:06d}"
        path = name_file(image.split or "images", image.label, stem, image.content)
        yield path, image.content, image.label, image.split
    if not names:
        raise ConfigError(
            f"`dataset` must hold images with a label. Received: {encoded.where}, where none of "
            f"{seen.total():,} has one. Choose splits that are labelled."
        )
    tell_bare(bare)


def _read_whole(encoded: EncodedSet) -> Iterator[EncodedImage]:
    """Yield the images; an error of a library is said as one of the data set."""
    try:
        yield from encoded.read()
    except ConfigError:
        raise
    except (OSError, ValueError) as error:  # those of Arrow are among them
        raise refuse_damaged(encoded.where, error) from error


def refuse_damaged(where: str, error: Exception) -> ConfigError:
    """Return the error for files that cannot be read."""
    return ConfigError(
        f"`dataset` must be readable as a whole. Received: {where} ({say_fault(error)}). Fetch it "
        "again."
    )
