"""Unlabelled texts for prediction: rows of tables, .txt files, lines, or texts in memory."""

import contextlib
import glob
import logging
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.file_walk import is_side_folder
from keras_transfer.data.sources.in_memory.given_labels import name_cell
from keras_transfer.data.sources.in_memory.given_sets import is_kind
from keras_transfer.data.sources.tables.parquet_table import SUFFIX as PARQUET
from keras_transfer.data.sources.tables.parquet_table import read_parquet_table
from keras_transfer.data.sources.unlabelled import STANDARD_INPUT, match_pattern
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.packages import require_package
from keras_transfer.texts.in_memory.given_strings import list_texts_of
from keras_transfer.texts.sources.delimited_texts import read_delimited
from keras_transfer.texts.sources.json_lines import SUFFIXES as JSON_LINES
from keras_transfer.texts.sources.json_lines import read_json_lines, read_record
from keras_transfer.texts.sources.text_columns import pick_texts, tell_texts
from keras_transfer.texts.sources.text_encoding import find_encoding, tell_encoding
from keras_transfer.texts.sources.text_folders import SUFFIX as ONE_TEXT

logger = logging.getLogger(__name__)

DELIMITED = (".csv", ".tsv")
TABLES = (*DELIMITED, *JSON_LINES, PARQUET)
WHAT = f"tables ({', '.join(TABLES)}), {ONE_TEXT} files, folders of them, globs, - (standard "
WHAT += "input, a text a line; csv:-, tsv:-, jsonl:-: a table), or sentences of more than one word"
STREAMED = {"csv:-": ".csv", "tsv:-": ".tsv", "jsonl:-": ".jsonl"}  # kinds of standard input

Texts = tuple[str | None, ...]  # of one example, one or two
Source = Texts | Path  # the texts, or the file of one
Found = Iterator[tuple[str, Source]]


def list_words(words: Iterable[str]) -> tuple[list[str], list[Source]]:
    """Find the texts that words of a command line name, see `WHAT`, and a name for each.

    A word that is no file and holds a blank is a text itself, and its own name. Rows of a table are
    called `reviews.csv:017`, lines of standard input `-:017`.

    Raises:
        ConfigError: A word names nothing, a table has no texts, or there are pairs beside others.
    """
    return _gather(_find_texts(word) for word in words)


def list_texts(texts: Any) -> tuple[list[str], list[Source]]:
    """Return a name and a source for each text that Python code gives.

    Args:
        texts: A text, a pair as a tuple, or a file or folder as `list_words` takes it; several of
            these, also as a Series, an array or a `tf.data.Dataset`; or a DataFrame, a dict of
            columns or a `datasets.Dataset` with the columns text, or text and text_2. A str that
            is no table and no .txt file is a text.

    Raises:
        ConfigError: There is none, one is something else, or there are pairs beside others.
    """
    if isinstance(texts, Mapping) or hasattr(texts, "columns") or hasattr(texts, "column_names"):
        texts = _read_frame(texts)
    elif is_kind(texts, "tensorflow", "DatasetV2"):
        texts = _read_stream(texts)
    one = isinstance(texts, str | bytes | Path) or _is_pair(texts)
    several = [texts] if one or not isinstance(texts, Iterable) else list_texts_of(texts)
    return _gather(_take(number, text) for number, text in enumerate(several))


def stream_texts(
    sources: Sequence[Source], batch_size: int
) -> Iterator[tuple[np.ndarray, list[str]]]:
    """Read given texts in order.

    Args:
        sources: As `list_words` returns them.
        batch_size: Texts at a time.

    Yields:
        (n, k) of str objects, and n reasons why a text is unusable, "" for the others.
    """
    for start in range(0, len(sources), batch_size):
        read = [_read_source(source) for source in sources[start : start + batch_size]]
        contents = np.empty((len(read), max(len(texts) for texts, _ in read)), object)
        for row, (texts, _) in enumerate(read):
            contents[row] = texts
        yield contents, [reason for _, reason in read]


def _gather(parts: Iterable[Found]) -> tuple[list[str], list[Source]]:
    found = [each for part in parts for each in part]
    if not found:
        raise ConfigError("There must be at least one text. Received: none.")
    names, sources = zip(*found, strict=True)
    counts = {1 if isinstance(source, Path) else len(source) for source in sources}
    if len(counts) > 1:
        raise ConfigError(
            "All texts must be single ones, or all of them pairs. Received: both. Predict them one "
            "after the other."
        )
    return list(names), list(sources)


def _find_texts(word: str) -> Found:
    if word == STANDARD_INPUT or word in STREAMED:
        yield from _read_streamed(STREAMED[word]) if word in STREAMED else _read_lines()
        return
    files = _expand(word)
    if files is None:
        yield word, (word,)
        return
    for file in files:
        if Path(file).suffix.lower() in TABLES and os.path.exists(file):
            yield from _read_table(file)
        else:
            yield file, Path(file)


def _expand(word: str) -> list[str] | None:
    """Return the files that a word names; None: it is a text itself.

    Raises:
        ConfigError: It names nothing, or cannot be read.
    """
    path = os.path.expanduser(word)
    try:
        if os.path.isdir(path):
            return _list_folder(path)
        if os.path.lexists(path):
            return [path]
        matches = sorted(match_pattern(path)) if glob.has_magic(path) else []
    except OSError as error:
        raise ConfigError(
            f"Folders must be such that can be read. Received: {word} ({error.strerror})."
        ) from error
    if matches:
        return [f for m in matches for f in (_list_folder(m) if os.path.isdir(m) else [m])]
    if len(word.split()) > 1:
        return None
    raise ConfigError(f"Texts must be {WHAT}. Received: {word}, which is not there.")


def _list_folder(folder: str) -> list[str]:
    """Return the .txt files below a folder."""
    os.scandir(folder).close()  # one that is named must be readable, those below it need not be
    found = []
    for here, below, files in os.walk(folder):
        below[:] = sorted(name for name in below if not is_side_folder(name))
        names = (name for name in sorted(files) if not name.startswith("."))
        found += [os.path.join(here, name) for name in names if name.lower().endswith(ONE_TEXT)]
    if not found:
        raise ConfigError(
            f"A folder must hold {ONE_TEXT} files. Received: {folder}, which holds none. Name the "
            "tables in it one by one."
        )
    return found


def _read_streamed(suffix: str) -> Found:
    """Yield the rows of the table that standard input holds."""
    content = sys.stdin.buffer.read() if sys.stdin else b""
    if not content.strip():
        raise ConfigError("Standard input must hold a table of texts. Received: nothing.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"standard input{suffix}")
        file.write_bytes(content)
        try:
            rows = list(_read_table(str(file)))
        except ConfigError as error:
            raise ConfigError(str(error).replace(str(file), "standard input")) from error
    yield from ((STANDARD_INPUT + name.removeprefix(str(file)), texts) for name, texts in rows)


def _warn_of_table(line: str) -> None:
    """Say how standard input is read as a table, where its first line looks like one of a table."""
    kind = "jsonl" if pick_texts(read_record(line) or ()) else ""
    for word, separator in (("csv", ","), ("tsv", "\t")):
        cells = [cell.strip('" ') for cell in line.split(separator)]
        kind = word if len(cells) > 1 and pick_texts(cells) else kind
    if kind:
        text = "Standard input looks like a table; its lines are taken as texts. %s:- reads a table"
        logger.warning(text, kind)


def _read_lines() -> Found:
    content = sys.stdin.buffer.read() if sys.stdin else b""
    encoding = find_encoding([content])
    if encoding is None or not content.strip():
        what = "no text, since it holds zero bytes" if encoding is None else "nothing"
        raise ConfigError(f"Standard input must hold texts, one a line. Received: {what}.")
    tell_encoding("standard input", encoding)
    lines = content.decode(encoding.name, encoding.errors).rstrip("\r\n").split("\n")
    _warn_of_table(lines[0].strip())
    for number, line in enumerate(lines, 1):
        yield f"{STANDARD_INPUT}:{number:0{len(str(len(lines)))}}", (line.rstrip("\r"),)


def _read_table(file: str) -> Found:
    """Yield the rows of a table, whether they have labels or not."""
    table, numbers = Path(file), None
    suffix = table.suffix.lower()
    if suffix in JSON_LINES:
        columns, numbers = read_json_lines(table, DataConfig())
    elif suffix == PARQUET:
        require_package(file, "pyarrow", "parquet")
        columns, _ = read_parquet_table(table)
    else:
        columns = read_delimited(table)
    chosen = pick_texts(columns)
    if not chosen:
        raise ConfigError(
            "A table must have a column text, or text and text_2. Received: "
            f"{name_some([*columns]) or 'no column'} in {file}. Name the column of texts so."
        )
    tell_texts(table.name, chosen)
    rows = list(zip(*(columns[name] for name in chosen), strict=True))
    numbers = numbers or list(range(1, len(rows) + 1))
    width = len(str(max(numbers, default=0)))
    for number, texts in zip(numbers, rows, strict=True):
        yield f"{file}:{number:0{width}}", texts


def _read_frame(frame: Any) -> list[Any]:
    kept = getattr(frame, "column_names", None)  # of a datasets.Dataset
    columns = list(frame) if isinstance(frame, Mapping) else kept or frame.columns
    names = {str(name): name for name in columns}
    chosen = pick_texts(names)
    if not chosen:
        raise ConfigError(
            "A DataFrame must have a column text, or text and text_2. Received: "
            f"{name_some([*names]) or 'no column'}. Name the column of texts so."
        )
    return list(zip(*(list_texts_of(frame[names[name]]) for name in chosen), strict=True))


def _read_stream(dataset: Any) -> list[Any]:
    """Return the strings of a `tf.data.Dataset`, batched or not."""
    arrays = [np.asarray(element) for element in dataset]
    return [text for array in arrays for text in np.atleast_1d(array).tolist()]


def _take(number: int, text: Any) -> Found:
    """Yield the texts that one object of Python code is, or names."""
    if isinstance(text, Path) or (isinstance(text, str) and _is_file(text)):
        yield from _find_texts(str(text))
        return
    texts = text if isinstance(text, tuple) else (text,)
    if len(texts) not in (1, 2) or not all(map(_is_cell, texts)):
        raise ConfigError(
            "A text must be a str, a pair of them as a tuple, or the path of a file. Received: "
            f"{repr(text)[:100]}."
        )
    yield f"text {number}", tuple(name_cell(t) if _is_string(t) else None for t in texts)


def _is_pair(texts: Any) -> bool:
    return isinstance(texts, tuple) and len(texts) == 2 and all(isinstance(t, str) for t in texts)


def _is_file(text: str) -> bool:
    with contextlib.suppress(OSError, ValueError):  # too long for a name, a zero byte
        return text.lower().endswith((*TABLES, ONE_TEXT)) and os.path.isfile(text)
    return False


def _is_cell(cell: Any) -> bool:
    """Return whether it is a text, or what pandas has in place of one: None, NaN."""
    return _is_string(cell) or name_cell(cell) == ""


def _is_string(cell: Any) -> bool:
    return isinstance(cell, str | bytes)


def _read_source(source: Source) -> tuple[Texts, str]:
    if not isinstance(source, Path):
        return source, "" if any(text and text.strip() for text in source) else "it is empty"
    try:
        content = source.read_bytes()
    except OSError as error:
        return (None,), error.strerror or str(error)
    encoding = find_encoding([content])
    if encoding is None:
        return (None,), "it is no text: it holds zero bytes"
    tell_encoding(str(source), encoding)
    return _read_source((content.decode(encoding.name, encoding.errors),))
