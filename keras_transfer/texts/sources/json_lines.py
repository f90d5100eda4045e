"""Tables of texts as JSON lines: an object a line."""

import json
import logging
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.tables.column_names import settle_name
from keras_transfer.data.sources.tables.parquet_table import write_cell
from keras_transfer.data.sources.tables.read_table import Columns
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.sources.text_encoding import find_file_encoding, open_text

logger = logging.getLogger(__name__)

SUFFIXES = (".jsonl", ".ndjson")


def read_json_lines(table: Path, config: DataConfig) -> tuple[Columns, list[int]]:
    """Read the values of every name as text, "" where there is none, and the number of each line.

    Raises:
        ConfigError: It is no text, or lines are no objects and `data.on_bad_file` is error.
    """
    encoding = find_file_encoding(table)
    columns: Columns = {}
    numbers: list[int] = []
    broken: list[str] = []
    with open_text(table, encoding) as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            if (record := read_record(line)) is None:
                broken.append(str(number))
                continue
            for name in record.keys() - columns.keys():
                columns[name] = [""] * len(numbers)
            numbers.append(number)
            for name, cells in columns.items():
                cells.append(write_cell(record.get(name)))
    _tell_broken(table, broken, config)
    return columns, numbers


def read_record(line: str) -> dict[str, Any] | None:
    """Return the object of a line; None if it is none."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    return {settle_name(key): value for key, value in record.items()}


def _tell_broken(table: Path, broken: list[str], config: DataConfig) -> None:
    if not broken:
        return
    lines = f"{count_of(len(broken), 'line')} ({name_some(broken)})"
    if config.on_bad_file == "error":
        raise ConfigError(
            f"Every line must be a JSON object. Received: {table}, where {lines} are none. Correct "
            "them, or leave them out with --data.on_bad_file skip."
        )
    logger.warning("%s: left out, since they are no JSON objects: %s", table.name, lines)
