"""The source `webdataset`: tar shards whose members 0001.jpg and 0001.cls are one example."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.class_names import name_class
from keras_transfer.data.sources.encoded_images.encoded_set import (
    EncodedImage,
    EncodedSet,
    read_encoded,
)
from keras_transfer.data.sources.encoded_images.shard_files import (
    Shard,
    count_bytes,
    identify,
    list_shards,
    name_set,
    read_class_names,
)
from keras_transfer.data.sources.encoded_images.tar_members import Member, read_members
from keras_transfer.data.sources.tables.find_columns import LABELS
from keras_transfer.data.sources.tables.read_table import simplify
from keras_transfer.system.errors import ConfigError

SUFFIX = ".tar"
# What the name of an image ends with.
IMAGES = {"jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "img", "image", "ppm"}
# Bytes that a member may have: no photograph has more, and no label.
MOST = dict.fromkeys(IMAGES, 2**30) | {"cls": 2**10, "json": 2**20}
KEYS = (*LABELS, "cls")  # of the label in a .json


def read_webdataset(dataset: str, config: DataConfig) -> Examples:
    """Return the images in tar shards: one file, a folder, `data-{000..009}.tar` or `data-*.tar`.

    A label is a .cls, a number or a name, or stands in a .json under `label` or the like. The names
    of numbers are read from a classes.txt beside the shards. Splits are read from the names of
    shards and of their folders.

    Raises:
        ConfigError: The shards cannot be read, or hold something else than labelled images.
    """
    shards = list_shards(dataset, SUFFIX)
    named = read_class_names(dataset)
    encoded = EncodedSet(
        source="webdataset",
        where=dataset,
        name=name_set(dataset),
        identity=identify(shards, *named),
        class_names=named or None,
        size=count_bytes(shards),
        read=lambda: _read_shards(shards, named, dataset),
    )
    return read_encoded(encoded)


def _read_shards(
    shards: Sequence[Shard], named: Sequence[str], dataset: str
) -> Iterator[EncodedImage]:
    labelled = False
    for shard in shards:
        for members in _group(read_members(shard.file, MOST), shard.file):
            if image := _read_example(members, shard, named):
                labelled = labelled or image.label is not None
                yield image
    if not labelled:
        raise ConfigError(
            "Tar shards must hold images with their labels, such as 0001.jpg and 0001.cls. "
            f"Received: {dataset}, where no image has a label. An archive of class folders is "
            "unpacked first: tar -xf FILE; then give the folder."
        )


def _group(members: Iterator[Member], file: Path) -> Iterator[list[Member]]:
    """Yield the members of one example after another: they share a name up to its first dot."""
    group: list[Member] = []
    for member in members:
        if group and member.key != group[0].key:
            yield group
            group = []
        if any(_is_same_kind(member, other) for other in group):
            raise ConfigError(
                "An example must be one image with one label. Received: two of a kind, "
                f"{member.suffix}, for {member.key} in {file}. Write each image under a name of "
                "its own."
            )
        group.append(member)
    if group:
        yield group


def _is_same_kind(first: Member, second: Member) -> bool:
    both_images = first.suffix in IMAGES and second.suffix in IMAGES
    return both_images or first.suffix == second.suffix


def _read_example(
    members: Sequence[Member], shard: Shard, named: Sequence[str]
) -> EncodedImage | None:
    """Return the image of an example with its label; None where it has no image."""
    where = f"{shard.file}, {members[0].key}"
    contents = {m.suffix if m.suffix not in IMAGES else "image": m.content for m in members}
    if "image" not in contents:
        return None
    value: object = None
    if "cls" in contents:
        value = _read_text(contents["cls"], where)
    elif "json" in contents:
        value = _read_json(contents["json"], where)
    label = name_class(value, named, where)
    return EncodedImage(members[0].key, contents["image"], label, shard.split)


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
