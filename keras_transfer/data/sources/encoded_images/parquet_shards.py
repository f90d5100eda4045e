"""The source `parquet`: encoded images in cells of Parquet files, as Hugging Face writes them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.class_names import name_class
from keras_transfer.data.sources.encoded_images.encoded_set import (
    EncodedImage,
    EncodedSet,
    read_encoded,
    refuse_damaged,
)
from keras_transfer.data.sources.encoded_images.image_cells import read_cell
from keras_transfer.data.sources.encoded_images.image_columns import Column, choose_columns
from keras_transfer.data.sources.encoded_images.shard_files import (
    Shard,
    count_bytes,
    identify,
    list_shards,
    name_set,
    read_class_names,
)
from keras_transfer.data.sources.tables.find_columns import PATHS
from keras_transfer.data.sources.tables.parquet_table import SUFFIX, read_features
from keras_transfer.data.sources.tables.read_table import simplify
from keras_transfer.data.sources.tables.table_splits import read_split
from keras_transfer.system.errors import ConfigError

ROWS = 16  # read at a time: of the largest photographs, some hundred megabytes
REMEDY = (
    "Rename the columns to `image`, of bytes, and `label`; paths of files go into one file "
    "with the columns path and label."
)


def read_parquet(dataset: str, config: DataConfig) -> Examples:
    """Return the images in a Parquet file, a folder of them, or those that a pattern means.

    A cell holds the bytes of an encoded image, or Hugging Face's {bytes, path}. Splits are read
    from the names of files and folders, or from a column `split`.

    Raises:
        ConfigError: The files cannot be read, or their columns are no image classification data.
    """
    shards = list_shards(dataset, SUFFIX)
    named = read_class_names(dataset)
    image, label = _find_columns(shards[0].file, named)
    for shard in shards[1:]:
        _find_columns(shard.file, named, (image, label))
    encoded = EncodedSet(
        source="parquet",
        where=dataset,
        name=name_set(dataset),
        identity=identify(shards, *named),
        class_names=label.class_names or None,
        size=count_bytes(shards),
        read=lambda: _read_shards(shards, image, label),
    )
    return read_encoded(encoded)


def lists_paths(file: Path) -> bool:
    """Return whether a file has a column of paths of images, and none of encoded images."""
    try:
        with _open(file) as opened:
            columns = list(_describe(opened.schema_arrow, ()))
    except ConfigError:  # whoever reads its images says why it cannot be read
        return False
    encoded = any(column.kind in ("image", "bytes") for column in columns)
    texts = [column.name for column in columns if "string" in column.shown]
    return not encoded and any(simplify(name) in PATHS for name in texts)


def _find_columns(
    file: Path, named: Sequence[str], expected: tuple[Column, Column] | None = None
) -> tuple[Column, Column]:
    """Return the columns of the image and the label, which must be those of the other files."""
    with _open(file) as opened:
        columns = list(_describe(opened.schema_arrow, named))
    found = choose_columns(str(file), columns, REMEDY)
    if expected and found != expected:
        raise ConfigError(
            "Parquet files of one data set must have the same columns and classes. Received: "
            f"{found[0].name} and {found[1].name} ({found[1].shown}) in {file}, others in the "
            "files before. Give them as data sets of their own."
        )
    return found


def _open(file: Path) -> Any:
    """Open a file without reading its rows.

    Raises:
        ConfigError: It is no Parquet file, or a damaged one.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        # whole columns of a group of rows are not held, which may be all of the file
        return pyarrow.parquet.ParquetFile(file, buffer_size=2**20, pre_buffer=False)
    except (OSError, pyarrow.ArrowException) as error:
        raise refuse_damaged(str(file), error) from error


def _describe(schema: Any, named: Sequence[str]) -> Iterator[Column]:
    """Yield what each column holds; the names of classes are Hugging Face's, or those given."""
    from pyarrow import types

    features = read_features(schema.metadata or {})
    for field in schema:
        kind, feature = field.type, features.get(field.name)
        feature = feature if isinstance(feature, dict) else {}
        names = feature.get("names") if feature.get("_type") == "ClassLabel" else None
        names = tuple(map(str, names)) if isinstance(names, list) else ()
        if types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            yield Column(field.name, "image", "bytes and path")
        elif types.is_binary(kind) or types.is_large_binary(kind):
            yield Column(field.name, "bytes", str(kind))
        elif types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
            yield Column(field.name, "list", str(kind))
        elif types.is_integer(kind) and names:
            yield Column(field.name, "classes", f"{len(names)} classes", names)
        elif types.is_dictionary(kind) or types.is_boolean(kind) or _is_text(kind):
            yield Column(field.name, "value", str(kind))
        elif types.is_integer(kind):
            yield Column(field.name, "value", str(kind), tuple(named))
        else:
            yield Column(field.name, "other", str(kind))


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _read_shards(shards: Sequence[Shard], image: Column, label: Column) -> Iterator[EncodedImage]:
    """Yield the images of all files, a few rows at a time."""
    for file, split in shards:
        with _open(file) as opened:
            names = opened.schema_arrow.names
            columns = list(dict.fromkeys([image.name, label.name, *_find_split(names)]))
            for batch in opened.iter_batches(batch_size=ROWS, columns=columns):
                for row in batch.to_pylist():
                    content, name = read_cell(row[image.name], file.parent)
                    found = name_class(row[label.name], label.class_names, str(file))
                    word = read_split(file, str(row.get("split") or "").strip())
                    yield EncodedImage(name, content, found, word or split)


def _find_split(names: Sequence[str]) -> list[str]:
    return ["split"] if "split" in names else []
