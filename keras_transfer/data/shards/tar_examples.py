"""The labelled images of a tar shard: members 0001.jpg and 0001.cls are one example."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from keras_transfer.data.shards.tar_members import Member, list_members
from keras_transfer.data.sources.class_names import name_class
from keras_transfer.data.sources.tables.find_columns import LABELS
from keras_transfer.data.sources.tables.read_table import simplify
from keras_transfer.system.errors import ConfigError

# What the name of an image ends with.
IMAGES = {"jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "img", "image", "ppm"}
# Bytes that a member with a label may have.
LABELLING = {"cls": 2**10, "json": 2**20}
MOST = dict.fromkeys(IMAGES, 2**30) | LABELLING  # no photograph has more
KEYS = (*LABELS, "cls")  # of the label in a .json
LONGEST = 2**10  # letters of a label: what an index keeps is as wide as the longest one


class ShardImage(NamedTuple):
    """An image of a shard."""

    name: str
    """'/'-separated path in the shard; of no other image there."""
    offset: int
    """Where its content begins in the shard, in bytes."""
    size: int
    """Bytes of its content."""
    label: str
    """A number or a name, as the shard says it; "": it has none."""


def list_images(shard: Path) -> Iterator[ShardImage]:
    """Yield the images of a shard in their order; only labels and headers are read.

    A label is a .cls, a number or a name, or stands in a .json under `label` or the like.

    Raises:
        ConfigError: It is no whole tar, or holds something else than labelled images.
    """
    taken: set[str] = set()
    for members in _group(list_members(shard, MOST, LABELLING), shard):
        image = next((member for member in members if member.suffix in IMAGES), None)
        if image:
            name = _name_once(image.path, taken)
            label = _read_label(members, f"{shard}, {image.key}") or ""
            yield ShardImage(name, image.offset, image.size, label)


def _group(members: Iterator[Member], shard: Path) -> Iterator[list[Member]]:
    """Yield the members of one example after another: they share a name up to its first dot."""
    group: list[Member] = []
    for member in members:
        if group and member.key != group[0].key:
            yield group
            group = []
        if any(_is_same_kind(member, other) for other in group):
            raise ConfigError(
                "An example must be one image with one label. Received: two of a kind, "
                f"{member.suffix}, for {member.key} in {shard}. Write each image under a name of "
                "its own."
            )
        group.append(member)
    if group:
        yield group


def _is_same_kind(first: Member, second: Member) -> bool:
    both_images = first.suffix in IMAGES and second.suffix in IMAGES
    return both_images or first.suffix == second.suffix


def _name_once(path: str, taken: set[str]) -> str:
    """Return what an image is called: its path, but one line of text, and not that of another."""
    name = free = "".join(c if c.isprintable() and c != "\\" else "_" for c in path)
    stem, dot, suffix = name.rpartition(".")
    number = 1
    while free in taken:
        number += 1
        free = f"{stem}~{number}{dot}{suffix}"
    taken.add(free)
    return free


def _read_label(members: Sequence[Member], where: str) -> str | None:
    """Return the label of an example, a .cls before a .json; None where it has none.

    Raises:
        ConfigError: It is no class.
    """
    contents = {member.suffix: member.content for member in members}
    value: object = None
    if "cls" in contents:
        value = _read_text(contents["cls"], where)
    elif "json" in contents:
        value = _read_json(contents["json"], where)
    label = name_class(value, (), where)
    if label and len(label) > LONGEST:
        raise ConfigError(
            f"A label must have at most {LONGEST:,} letters. Received: {len(label):,} in {where}. "
            "Write the name of one class."
        )
    return label


def _read_text(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"A label must be text in UTF-8. Received: bytes in {where}.") from error


def _read_json(text: bytes, where: str) -> object:
    """Return the label in a .json; None where it has none."""
    try:
        content = json.loads(_read_text(text, where))
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"A .json must be JSON. Received: {where} ({str(error)[:80]}). Correct it."
        ) from error
    if not isinstance(content, dict):
        return content if isinstance(content, int | str) else None
    keys = {simplify(key): key for key in content}
    return next((content[keys[key]] for key in KEYS if key in keys), None)
