"""The source `hf`: data sets of the package `datasets`, from its Hub, from disk, or from Python."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.full_paths import HUGGING_FACE
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.class_names import name_class
from keras_transfer.data.sources.encoded_images.encoded_set import (
    EncodedImage,
    EncodedSet,
    read_encoded,
)
from keras_transfer.data.sources.encoded_images.given_splits import choose_splits
from keras_transfer.data.sources.encoded_images.image_cells import read_cell
from keras_transfer.data.sources.encoded_images.image_columns import Column, choose_columns
from keras_transfer.data.sources.encoded_images.load_hugging_face import load_splits
from keras_transfer.system.errors import ConfigError

REMEDY = "Rename the one to use to `label` in Python (dataset.rename_column) and give that."
Parts = Mapping[str, Any]  # a datasets.Dataset for each name of a split


def read_hugging_face(dataset: str, config: DataConfig) -> Examples:
    """Return `hf:NAME[:CONFIG]` of the Hub, or `hf:FOLDER`, with its own splits.

    The encoded images are copied to the cache unchanged. Splits with other names than train,
    validation and test (in the spellings of folders) are ignored; a single split is no split.

    Raises:
        ConfigError: There is no such set, it is not image classification data, or it is neither
            in `data.data_dir` nor can be downloaded.
    """
    word = dataset.removeprefix(HUGGING_FACE).strip()
    return read_encoded(_describe(dataset, Path(word).name, load_splits(word, config.data_dir)))


def write_hugging_face(dataset: Any) -> Path:
    """Return the labels.csv of a `datasets.Dataset` or `DatasetDict`, written to the cache once.

    Raises:
        ConfigError: It streams, or is not image classification data.
    """
    parts = dataset if isinstance(dataset, Mapping) else {"": dataset}
    if streams := [name or "it" for name, part in parts.items() if not hasattr(part, "num_rows")]:
        raise ConfigError(
            "`dataset` must be a datasets.Dataset or DatasetDict that is on disk or in memory. "
            f"Received: {type(dataset).__name__}, where {streams[0]} is streamed. Load it without "
            "streaming=True."
        )
    if not parts:
        raise ConfigError("`dataset` must hold images. Received: a DatasetDict without splits.")
    described = _describe(f"the {type(dataset).__name__}", "dataset", parts)
    return read_encoded(described).root / "labels.csv"


def is_hugging_face(dataset: object) -> bool:
    """Tell whether an object is of the package `datasets`, which need not be there."""
    return type(dataset).__module__.split(".")[0] == "datasets"


def _describe(where: str, name: str, parts: Parts) -> EncodedSet:
    used = choose_splits(where, list(parts))
    columns = {
        split: choose_columns(where, list(_list_columns(parts[split])), REMEDY) for split in used
    }
    names = [name for _, label in columns.values() for name in label.class_names]
    return EncodedSet(
        source="hf",
        where=where,
        name=name,
        identity="\n".join(f"{split} {parts[split]._fingerprint}" for split in used),
        class_names=list(dict.fromkeys(names)) or None,
        size=sum(_count_bytes(parts[split]) for split in used),
        read=lambda: (
            image
            for split, word in used.items()
            for image in _read_split(where, parts[split], *columns[split], word)
        ),
    )


def _list_columns(part: Any) -> Iterator[Column]:
    """Yield what each column of a split holds."""
    import datasets

    for name, feature in part.features.items():
        shown = type(feature).__name__
        if isinstance(feature, datasets.Image):
            yield Column(name, "image", shown)
        elif isinstance(feature, datasets.ClassLabel):
            names = tuple(map(str.strip, feature.names))
            yield Column(name, "classes", f"{len(names)} classes", names)
        elif not isinstance(feature, datasets.Value):
            plain = isinstance(feature, datasets.Audio | datasets.Video)
            yield Column(name, "other" if plain else "list", shown)
        elif "binary" in feature.dtype:
            yield Column(name, "bytes", feature.dtype)
        else:
            text = feature.dtype.startswith(("int", "uint", "string", "large_string", "bool"))
            yield Column(name, "value" if text else "other", feature.dtype)


def _read_split(
    where: str, part: Any, image: Column, label: Column, split: str
) -> Iterator[EncodedImage]:
    import datasets

    # transformations and formats that were set for training elsewhere are not wanted here
    part = part.with_format(None).select_columns([image.name, label.name])
    if image.kind == "image":
        part = part.cast_column(image.name, datasets.Image(decode=False))
    for row in part:
        content, name = read_cell(row[image.name], Path())
        yield EncodedImage(
            name, content, name_class(row[label.name], label.class_names, where), split
        )


def _count_bytes(part: Any) -> int:
    """Return about how many bytes a split has; 0 where that is not known."""
    return int(getattr(part.data, "nbytes", 0))
