"""Where labelled images come from: one row per kind of source.

Every source ends as files on disk, or as images in shards that are read like files
(`data/shards`), so the rest of the program has one way through.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.shards.member_files import SUFFIX
from keras_transfer.data.sources.buckets.bucket_addresses import is_bucket
from keras_transfer.data.sources.buckets.local_copies import bring_here, check_bucket
from keras_transfer.data.sources.class_names import settle_names
from keras_transfer.data.sources.digits import read_digits
from keras_transfer.data.sources.encoded_images import parquet_shards, tar_shards
from keras_transfer.data.sources.encoded_images.hugging_face import read_hugging_face
from keras_transfer.data.sources.encoded_images.load_hugging_face import is_saved
from keras_transfer.data.sources.file_walk import walk_images
from keras_transfer.data.sources.folders.folder import read_folder
from keras_transfer.data.sources.foreign_sources import explain_foreign
from keras_transfer.data.sources.tables import parquet_table
from keras_transfer.data.sources.tables.labels_csv import read_csv
from keras_transfer.data.sources.tfds import read_tfds
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.packages import require_package

logger = logging.getLogger(__name__)


def _read_bucket(address: str, config: DataConfig) -> Examples:
    """Read the copy of what is at an address."""
    copy = bring_here(address)
    return SOURCES[choose_source(copy)](copy, config)


# Chosen by what the path is, or by a word, as in `tfds:mnist`.
SOURCES: dict[str, Callable[[str, DataConfig], Examples]] = {
    "folder": read_folder,
    "csv": read_csv,
    "parquet": parquet_shards.read_parquet,
    "webdataset": tar_shards.read_webdataset,
    "bucket": _read_bucket,
    "hf": read_hugging_face,
    "tfds": read_tfds,
    "digits": read_digits,
}

WORDS = ("hf", "tfds", "digits")
KINDS = (
    "a folder, a labels.csv, .parquet files, .tar shards, s3://, gs://, az:// or hf:// and what is "
    "there, hf:NAME, tfds:NAME or digits"
)
SHARDS = {parquet_table.SUFFIX: "parquet", SUFFIX: "webdataset"}
PACKAGES = {"hf": ("datasets", "hf"), "parquet": ("pyarrow", "parquet")}  # with their extras
ARCHIVES = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")


def read_examples(dataset: str, config: DataConfig) -> Examples:
    """List the labelled images of a data set, also where they are too few to train on.

    Args:
        dataset: What `KINDS` says. A word of `WORDS` wins over a folder of that name; write
            `./digits` for the folder.
        config: Where sets that are downloaded are kept.

    Raises:
        ConfigError: There is no such data set, or it is no image classification data; the message
            says what was found and what is needed. What they must be to be trained on, see
            `check_examples`.
    """
    source = choose_source(dataset)
    try:
        return settle_names(SOURCES[source](dataset, config))
    except PermissionError as error:
        raise ConfigError(
            f"`dataset` must be readable. Received: {dataset}, of which {error.filename} is not. "
            "Change its permissions."
        ) from error


def choose_source(dataset: str) -> str:
    """Return the key in `SOURCES` of what reads `dataset`.

    Nothing but its path is looked at, and the columns of a Parquet file.

    Raises:
        ConfigError: There is no such path, address or source, or a package that it needs is
            missing.
    """
    if is_bucket(dataset):
        check_bucket(dataset)
        return "bucket"
    try:
        source = _match_source(dataset)
    except (OSError, RuntimeError) as error:  # a name too long, a home that is nobody's
        raise ConfigError(f"`dataset` must be a path or a source. Received: {error}.") from error
    if source in PACKAGES:
        require_package(f"`dataset` {dataset}", *PACKAGES[source])
    file = Path(dataset).expanduser()
    if source == "parquet" and file.is_file() and parquet_shards.lists_paths(file):
        return "csv"
    return source


def _match_source(dataset: str) -> str:
    if not dataset.strip():  # as a path it would be the folder we are in
        raise ConfigError(f"`dataset` must be {KINDS}. Received: nothing.")
    word = dataset.partition(":")[0]
    path = Path(dataset).expanduser()
    if (hint := explain_foreign(dataset)) and not path.exists():
        raise ConfigError(
            f"`dataset` must be a path here, or a source. Received: {dataset}. {hint}"
        )
    if word in WORDS:
        if path.exists():
            logger.warning("Reading the source %s; for the folder write ./%s.", dataset, dataset)
        return word
    if path.is_dir():
        return _match_folder(path)
    suffix = path.suffix.lower()
    if path.is_file() and suffix in (".csv", ".tsv"):
        return "csv"
    if suffix in SHARDS and (path.is_file() or set(dataset) & set("{*?[")):
        return SHARDS[suffix]
    raise ConfigError(_explain_unknown(dataset, path))


def _match_folder(folder: Path) -> str:
    """Return the source of a folder: that of shards where it holds nothing else, or of `hf`."""
    if is_saved(folder):
        return "hf"
    found: set[str] = set()
    for file in walk_images(folder, "", set()):
        suffix = os.path.splitext(file)[1].lower()
        if suffix not in SHARDS:
            return "folder"
        found.add(SHARDS[suffix])
    return found.pop() if len(found) == 1 else "folder"


def _explain_unknown(dataset: str, path: Path) -> str:
    """Return an error that shows `dataset` read as a path and as a source."""
    must = f"`dataset` must be {KINDS}."
    if path.is_file() and path.suffix.lower() in ARCHIVES:
        return f"{must} Received: {dataset}, an archive. Unpack it and give what is in it."
    if path.is_file():
        return f"{must} Received: {dataset}, a file. Use the folder of the images or a .csv table."
    names, tables = list(WORDS), (".csv", *SHARDS)
    if path.parent.is_dir():
        names += [
            entry.name
            for entry in path.parent.iterdir()
            if not entry.name.startswith(".") and (entry.is_dir() or entry.suffix in tables)
        ]
    hint = f" {suggest_close(path.name, names)}".rstrip()
    return (
        f"{must} Received: {dataset}: there is no such path {path.absolute()}, and no such source."
        f"{hint} TensorFlow Datasets are written tfds:{path.name or 'NAME'}, sets of the Hugging "
        f"Face Hub hf:{dataset}."
    )
