"""Where labelled images come from: one row per kind of source.

Every source ends as files on disk, so the rest of the program has one way through.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from keras_transfer.config.lookup import suggest_close
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.class_names import settle_names
from keras_transfer.data.sources.digits import read_digits
from keras_transfer.data.sources.folders.folder import read_folder
from keras_transfer.data.sources.foreign_sources import explain_foreign
from keras_transfer.data.sources.tables.labels_csv import read_csv
from keras_transfer.data.sources.tfds import read_tfds
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

# folder and csv are chosen by what the path is; the others by their word, as in `tfds:mnist`.
SOURCES: dict[str, Callable[[str, DataConfig], Examples]] = {
    "folder": read_folder,
    "csv": read_csv,
    "tfds": read_tfds,
    "digits": read_digits,
}

WORDS = tuple(name for name in SOURCES if name not in ("folder", "csv"))


def read_examples(dataset: str, config: DataConfig) -> Examples:
    """List the labelled images of a data set, also where they are too few to train on.

    Args:
        dataset: A folder, a labels.csv, `tfds:NAME` or `digits`. A word of `SOURCES` wins over a
            folder of that name; write `./digits` for the folder.
        config: Where TensorFlow Datasets keeps its files.

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
    """Return the key in `SOURCES` of what reads `dataset`; nothing but its path is looked at.

    Raises:
        ConfigError: There is no such path and no such source.
    """
    try:
        return _match_source(dataset)
    except (OSError, RuntimeError) as error:  # a name too long, a home that is nobody's
        raise ConfigError(f"`dataset` must be a path or a source. Received: {error}.") from error


def _match_source(dataset: str) -> str:
    if not dataset.strip():  # as a path it would be the folder we are in
        raise ConfigError(
            "`dataset` must be a folder, a labels.csv, tfds:NAME or digits. Received: nothing."
        )
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
        return "folder"
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv"):
        return "csv"
    raise ConfigError(_explain_unknown(dataset, path))


def _explain_unknown(dataset: str, path: Path) -> str:
    """Return an error that shows `dataset` read as a path and as a source."""
    must = "`dataset` must be a folder, a labels.csv, tfds:NAME or digits."
    if path.is_file():
        return f"{must} Received: {dataset}, a file. Use the folder of the images or a .csv table."
    names = list(WORDS)
    if path.parent.is_dir():
        names += [
            entry.name
            for entry in path.parent.iterdir()
            if not entry.name.startswith(".") and (entry.is_dir() or entry.suffix == ".csv")
        ]
    hint = f" {suggest_close(path.name, names)}".rstrip()
    return (
        f"{must} Received: {dataset}: there is no such path {path.absolute()}, and no such source."
        f"{hint} TensorFlow Datasets are written tfds:{path.name or 'NAME'}."
    )
