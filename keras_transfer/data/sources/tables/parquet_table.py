"""Tables in Parquet files, as pandas and Hugging Face write them: their plain values as text."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.data.sources.class_names import name_class
from keras_transfer.data.sources.tables.column_names import settle_name
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.packages import require_package

SUFFIX = ".parquet"
ROWS = 4096  # read at a time

Cells = dict[str, list[str]]  # column name -> its cells


def is_parquet(table: Path) -> bool:
    """Return whether a table is a Parquet file, by its name."""
    return table.suffix.lower() == SUFFIX


def read_parquet_table(table: Path) -> tuple[Cells, Mapping[str, tuple[str, ...]]]:
    """Read the columns of plain values as text, and the names of classes that Hugging Face gives.

    Raises:
        ConfigError: It is no Parquet file, or a damaged one, or pyarrow is not installed.
    """
    require_package(str(table), "pyarrow", "parquet")
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(table) as opened:
            schema = opened.schema_arrow
            names = [field.name for field in schema if _is_plain(field.type)]
            classes = _find_classes(schema, names)
            columns: Cells = {name: [] for name in names}
            for batch in opened.iter_batches(batch_size=ROWS, columns=names):
                for name, values in zip(batch.schema.names, batch.columns, strict=True):
                    columns[name] += _write_cells(table, values.to_pylist(), classes.get(name, ()))
    except (OSError, pyarrow.ArrowException) as error:
        raise ConfigError(
            f"A table must be a whole Parquet file. Received: {table} "
            f"({str(error).splitlines()[0]}). Write or fetch it again."
        ) from error
    return (
        {settle_name(name): cells for name, cells in columns.items()},
        {settle_name(name): found for name, found in classes.items()},
    )


def list_parquet_names(table: Path) -> list[str]:
    """Return the names of all columns; only the end of the file is read.

    Raises:
        OSError: It is no Parquet file.
        pyarrow.ArrowException: The same.
    """
    from pyarrow import parquet

    return [str(name) for name in parquet.read_schema(table).names]


def read_features(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    """Return what Hugging Face says of the columns; nothing where it says nothing."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
    return features if isinstance(features, dict) else {}


def write_cell(value: Any) -> str:
    """Return a value as the cell of a table would have it."""
    if value is None or value != value:  # not a number
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, default=str)


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_integer(kind)
        or types.is_boolean(kind)
        or types.is_floating(kind)
        or types.is_list(kind)  # of labels, which are refused as such
    )


def _find_classes(schema: Any, names: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the names of the numbers in each column of classes."""
    found = {}
    for name, feature in read_features(schema.metadata or {}).items():
        named = feature.get("names") if isinstance(feature, dict) else None
        if name in names and isinstance(named, list) and feature.get("_type") == "ClassLabel":
            found[name] = tuple(map(str, named))
    return found


def _write_cells(table: Path, values: list[Any], names: tuple[str, ...]) -> list[str]:
    if not names:
        return [write_cell(value) for value in values]
    return [name_class(value, names, str(table)) or "" for value in values]
