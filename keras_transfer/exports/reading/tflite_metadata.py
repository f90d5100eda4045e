"""How a TFLite file of others says that it scales pixels: in the metadata table that it may have.

References:
    tensorflow/tflite-support, `metadata_schema.fbs`, whose order of fields the numbers here are.
"""

from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.exports.reading.contract import Span

TABLE = b"TFLITE_METADATA"  # name of the buffer
SUBGRAPHS, INPUTS, UNITS = 3, 2, 4  # of ModelMetadata, SubGraphMetadata, TensorMetadata
KIND, OPTIONS = 0, 1  # of ProcessUnit
NORMALIZATION = 1  # of the kinds of ProcessUnitOptions
MEAN, DEVIATION = 0, 1  # of NormalizationOptions


def read_span(file: Path) -> Span | None:
    """Return what a model takes for black and white, (0 - mean) / std and (255 - mean) / std.

    None: its file does not say it.
    """
    content = _read_table(file)
    if content is None:
        return None
    from flatbuffers import encode, packer
    from flatbuffers.table import Table

    tables = [Table(content, encode.Get(packer.uoffset, content, 0))]
    for slot in (SUBGRAPHS, INPUTS, UNITS):  # the units of the first input of the first graph
        tables = [each for table in tables[:1] for each in _list_tables(table, slot)]
    for unit in tables:
        place = unit.Offset(_find(KIND))
        if place and content[unit.Pos + place] == NORMALIZATION and unit.Offset(_find(OPTIONS)):
            options = Table(content, 0)
            unit.Union(options, unit.Offset(_find(OPTIONS)))
            mean, deviation = (_read_floats(options, slot) for slot in (MEAN, DEVIATION))
            if mean.size in (1, 3) and deviation.size in (1, 3) and deviation.all():
                return -mean / deviation, (255 - mean) / deviation
    return None


def _read_table(file: Path) -> bytes | None:
    """Return the bytes of the table of metadata."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(file.read_bytes(), 0)
    for index in range(model.MetadataLength()):
        entry = model.Metadata(index)
        if entry.Name() == TABLE:
            return bytes(model.Buffers(entry.Buffer()).DataAsNumpy())
    return None


def _find(slot: int) -> int:
    """Return where the offset of a field is noted."""
    return 4 + 2 * slot


def _list_tables(table: Any, slot: int) -> list[Any]:
    place = table.Offset(_find(slot))
    if not place:
        return []
    start = table.Vector(place)
    starts = range(start, start + 4 * table.VectorLen(place), 4)
    return [type(table)(table.Bytes, table.Indirect(each)) for each in starts]


def _read_floats(table: Any, slot: int) -> np.ndarray:
    place = table.Offset(_find(slot))
    count = table.VectorLen(place) if place else 0
    start = table.Vector(place) if place else 0
    return np.frombuffer(table.Bytes, "<f4", count, start).astype(np.float64)
