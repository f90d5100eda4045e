"""Tables of numbers: a pandas DataFrame, or the same columns as NumPy arrays without pandas."""

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from keras_transfer.system.terminal.text_tables import draw_table

SHOWN = 10  # rows


class Columns(Mapping[str, np.ndarray]):
    """Columns of equal length by name; `len` counts rows, as that of a DataFrame does.

    Args:
        columns: Name to (n,) values.
    """

    def __init__(self, columns: Mapping[str, np.ndarray]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._columns)

    def __repr__(self) -> str:
        rows = zip(*(values[:SHOWN] for values in self._columns.values()), strict=True)
        more = [f"… {len(self):,} rows"] if len(self) > SHOWN else []
        return "\n".join([draw_table(self.columns, rows), *more])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def make_frame(columns: Mapping[str, Any]) -> Any:
    """Return a `pandas.DataFrame`, or `Columns` where pandas is not installed.

    Args:
        columns: Name to (n,) values, all of the same length.
    """
    arrays = {name: _to_array(values) for name, values in columns.items()}
    try:
        import pandas
    except ImportError:
        return Columns(arrays)
    # text as objects: pandas' own text holds no name that is not UTF-8
    kept = {name: pandas.Series(array, dtype=array.dtype) for name, array in arrays.items()}
    return pandas.DataFrame(kept)


def to_numbers(cells: Sequence[str], fractions: bool = False) -> np.ndarray:
    """Return a column of text as numbers, an empty cell as NaN; as it is if one is no number.

    Args:
        cells: Of the column.
        fractions: Whether they are floats even if all of them are whole.
    """
    for kind in (np.float64,) if fractions else (np.int64, np.float64):
        try:
            return np.array([cell or "nan" for cell in cells], object).astype(kind)
        except (ValueError, OverflowError):
            continue
    return np.array(cells, object)


def _to_array(values: Any) -> np.ndarray:
    """Return (n,) values; text as objects, whose length is its own."""
    is_text = len(values) > 0 and isinstance(values[0], str)
    return np.asarray(values, object if is_text else None)
