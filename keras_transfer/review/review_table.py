"""label_review.csv: the suspects, and a column in which a person decides."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.config.messages import name_some, say_value
from keras_transfer.data.sources.tables.read_table import Columns, read_columns
from keras_transfer.review.label_quality.suspects import LabelReview
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_table

COLUMNS = ("path", "label", "suggested", "probability", "reason", "decision")
TEXT_COLUMNS = ("text", "text_2")  # beside them, of a set of texts
# Excel computes cells that begin so, and shows what comes out in place of the name.
FORMULA = ("=", "+", "-", "@")


def write_review(review: LabelReview, file: Path) -> None:
    """Write label_review.csv: a row a suspect, the most doubtful first, no decisions yet.

    With a byte order mark, so that Excel reads its letters.
    """
    columns = list_columns(review)
    write_table(file, [*columns], zip(*columns.values(), strict=True), "utf-8-sig")


def list_columns(review: LabelReview) -> dict[str, list[str]]:
    """Return the cells of label_review.csv by `COLUMNS`, and the texts where there are such."""
    names = [shield(name) for name in review.class_names]
    cells = (
        [shield_path(path) for path in review.paths.tolist()],
        [names[label] for label in review.labels],
        [names[label] for label in review.suggested],
        ["" if np.isnan(share) else f"{share:.3f}" for share in review.probability],
        review.reasons.tolist(),
        [""] * len(review),
    )
    found = dict(zip(COLUMNS, cells, strict=True))
    if review.contents is not None:
        for name, texts in zip(TEXT_COLUMNS, review.contents.T, strict=False):
            found[name] = [shield(text) for text in texts]
    return found


def read_review(table: Any) -> Columns:
    """Return the columns of a reviewed table, whatever program saved it.

    Args:
        table: Path of a CSV file, as `read_columns` reads them, or columns such as a DataFrame's.

    Raises:
        ConfigError: It is none, or lacks what an answer needs: paths, and what is decided.
    """
    if isinstance(table, str | os.PathLike):
        file = Path(table).expanduser()
        if not file.is_file():
            raise ConfigError(
                f"`apply` must be a label_review.csv that you went through. Received: {file}, "
                "which is no file."
            )
        columns, said = read_columns(file), str(file)
    else:
        columns, said = _read_frame(table), type(table).__name__
    columns = {name.lower(): cells for name, cells in columns.items()}
    if lacking := [name for name in COLUMNS[:3] if name not in columns]:
        raise ConfigError(
            f"A reviewed table must have the columns {', '.join(COLUMNS[:3])}. Received: "
            f"{name_some([*columns], most=8)} in {said}, without {lacking[0]}. Restore it."
        )
    return columns


def _read_frame(table: Mapping[str, Any]) -> Columns:
    """Return the columns of a DataFrame as text; what is missing there is empty.

    Raises:
        ConfigError: It has none.
    """
    if not hasattr(table, "keys"):
        raise ConfigError(
            "`table` must be the path of a label_review.csv, or columns such as a DataFrame's. "
            f"Received: {say_value(table)}."
        )
    found = {str(name): [_say_cell(cell) for cell in table[name]] for name in table}
    if len({len(cells) for cells in found.values()}) > 1:
        raise ConfigError(
            "The columns of a reviewed table must be equally long. Received: "
            + ", ".join(f"{name} {len(cells):,}" for name, cells in found.items())
        )
    return found


def _say_cell(cell: Any) -> str:
    """Return a cell as text; NaN, None and what pandas has for nothing are empty."""
    said = "" if cell is None else str(cell).strip()
    return "" if said in ("nan", "<NA>", "NaT") and not isinstance(cell, str) else said


def shield(name: str) -> str:
    """Return a name as a cell that no program computes."""
    return f"'{name}" if name.startswith(FORMULA) else name


def shield_path(path: str) -> str:
    """Return a path as such a cell; it leads to the same file."""
    return f"./{path}" if path.startswith(FORMULA) else path
