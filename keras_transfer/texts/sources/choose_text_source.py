"""Where labelled texts come from: which reader a data set needs, and whether it is one of texts."""

import contextlib
import csv
import io
import logging
from collections.abc import Callable
from pathlib import Path

from keras_transfer.config.full_paths import HUGGING_FACE, is_address
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.buckets.bucket_addresses import is_bucket
from keras_transfer.data.sources.buckets.local_copies import bring_here, check_bucket
from keras_transfer.data.sources.class_names import settle_names
from keras_transfer.data.sources.encoded_images.load_hugging_face import is_saved
from keras_transfer.data.sources.foreign_sources import explain_foreign
from keras_transfer.data.sources.tables.parquet_table import list_parquet_names
from keras_transfer.data.sources.tables.read_table import find_separator
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.packages import is_installed, require_package
from keras_transfer.texts.hugging_face_texts import is_set_of_texts, read_hugging_face
from keras_transfer.texts.sources import delimited_texts, json_lines, tabular_texts
from keras_transfer.texts.sources.tabular_texts import KINDS, read_text_tables
from keras_transfer.texts.sources.text_columns import is_about_files, is_header, pick_texts
from keras_transfer.texts.sources.text_encoding import find_encoding
from keras_transfer.texts.sources.text_folders import holds_texts, read_text_folder
from keras_transfer.texts.sources.tfds_texts import is_text_set, read_tfds_texts

logger = logging.getLogger(__name__)

TEXT_SOURCES: dict[str, Callable[[str, DataConfig], Examples]] = {
    "csv": read_text_tables,
    "jsonl": read_text_tables,
    "parquet": read_text_tables,
    "text_folder": read_text_folder,
    "hf": read_hugging_face,
    "tfds": read_tfds_texts,
}
WHAT = "a table of texts (.csv, .tsv, .jsonl, .parquet), a folder of them or of .txt files, or "
WHAT += "hf:NAME or tfds:NAME"
SEEN = 2**16  # bytes of a table that tell what it is about


def read_texts(dataset: str, config: DataConfig) -> Examples:
    """Read the labelled texts of a data set, also where they are too few to train on.

    Args:
        dataset: What `WHAT` says.
        config: What becomes of what cannot be read; where sets that are downloaded are kept.

    Raises:
        ConfigError: There is no such data set, or it is no text classification data; the message
            says what was found and what is needed.
    """
    dataset = bring_here(dataset)
    source = choose_text_source(dataset)
    try:
        return settle_names(TEXT_SOURCES[source](dataset, config))
    except PermissionError as error:
        raise ConfigError(
            f"`dataset` must be readable. Received: {dataset}, of which {error.filename} is not. "
            "Change its permissions."
        ) from error


def check_text_source(dataset: str) -> None:
    """Look whether a data set of texts is there.

    Raises:
        ConfigError: It is not, or a package that it needs is missing.
    """
    if is_bucket(dataset):
        check_bucket(dataset)
    else:
        choose_text_source(dataset)


def choose_text_source(dataset: str) -> str:
    """Return the key in `TEXT_SOURCES` of what reads `dataset`.

    Raises:
        ConfigError: There is no such data set, or a package that it needs is missing.
    """
    try:
        source = _match_source(dataset)
    except (OSError, RuntimeError) as error:  # a name too long, a home that is nobody's
        raise ConfigError(f"`dataset` must be a path or a source. Received: {error}.") from error
    if source == "parquet":
        require_package(f"`dataset` {dataset}", "pyarrow", "parquet")
    elif source == "hf":
        require_package(f"`dataset` {dataset}", "datasets", "hf")
    return source


def looks_like_text(dataset: str) -> bool:
    """Return whether a data set is one of texts by its names and its first records.

    What cannot be read is none; what is about images is none even if it has texts as well.
    """
    try:
        if dataset.startswith("tfds:"):
            return is_text_set(dataset)
        path = Path(dataset).expanduser()
        if is_address(dataset):  # `data.modality` says it: nothing is copied for a guess
            return False
        if dataset.startswith(HUGGING_FACE) or is_saved(path):
            return is_set_of_texts(dataset)
        if path.is_dir():
            return _is_text_folder(path)
        return path.is_file() and _is_text_table(path)
    except Exception as error:  # of many kinds: whoever reads the data set says why it cannot be
        logger.debug("%s does not look like texts: %s", dataset, error)
        return False


def _match_source(dataset: str) -> str:
    if not dataset.strip():
        raise ConfigError(f"`dataset` must be {WHAT}. Received: nothing.")
    path = Path(dataset).expanduser()
    if (hint := explain_foreign(dataset)) and not path.exists():
        raise ConfigError(
            f"`dataset` must be a path here, or a source. Received: {dataset}. {hint}"
        )
    if dataset.startswith("tfds:"):
        return "tfds"
    if dataset.startswith(HUGGING_FACE) or is_saved(path):
        return "hf"
    if path.is_dir():
        return _match_folder(path)
    if path.is_file() and path.suffix.lower() in KINDS:
        return KINDS[path.suffix.lower()]
    received = "a file of another kind" if path.is_file() else f"no such path {path.absolute()}"
    raise ConfigError(f"`dataset` must be {WHAT}. Received: {dataset}, {received}. Correct it.")


def _match_folder(folder: Path) -> str:
    """Return the kind of the tables in a folder; class folders win over tables beside them."""
    if holds_texts(folder) or not (tables := tabular_texts.list_tables(folder)):
        return "text_folder"
    return KINDS[next(iter(tables)).suffix.lower()]


def _is_text_folder(folder: Path) -> bool:
    if holds_texts(folder):
        return True
    tables = tabular_texts.list_tables(folder)
    return bool(tables) and all(map(_is_text_table, tables))


def _is_text_table(table: Path) -> bool:
    kind = KINDS.get(table.suffix.lower())
    if kind == "parquet":
        names = list_parquet_names(table) if is_installed("pyarrow") else []
        return _name_texts(names)
    with table.open("rb") as stream:
        content = stream.read(SEEN)
    encoding = find_encoding([content[:-4] if len(content) == SEEN else content])
    if kind is None or encoding is None:
        return False
    text = content.decode(encoding.name, "replace")
    if kind == "jsonl":
        record = json_lines.read_record(next(filter(str.strip, text.splitlines()), ""))
        # a first record that is longer than what is read still begins with its names
        return _name_texts(record) if record else '"text"' in text or '"sentence"' in text
    return _is_delimited(text, len(content) == SEEN)


def _is_delimited(text: str, cut: bool) -> bool:
    """Return whether the beginning of a table has a column of texts, by its header or without."""
    text, separator = find_separator(text)
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        whole = text[: text.rfind("\n") + 1] if cut else text
        quoting = delimited_texts.choose_quoting(whole.splitlines(keepends=True), separator)
        lines = io.StringIO(whole or text, newline="")
        rows += filter(None, csv.reader(lines, delimiter=separator, quoting=quoting))
    if not rows:
        return False
    if is_header(rows[0]):
        return _name_texts([name.strip() for name in rows[0]])
    rows = rows[: -1 if cut else None]  # a cell with ends of lines may be cut
    if is_about_files(rows[0]) or {len(row) for row in rows} != {2}:
        return False
    named = delimited_texts.name_columns([list(cells) for cells in zip(*rows, strict=True)])
    # paths of files have no blanks, most texts have some
    return named is not None and sum(" " in t.strip() for t in named["text"]) * 2 > len(rows)


def _name_texts(names: "list[str] | dict[str, object]") -> bool:
    return bool(pick_texts(names)) and not is_about_files(names)
