"""Texts in sets of the package `datasets`: from its Hub, from disk (`hf:`), or from Python."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.full_paths import HUGGING_FACE
from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples, make_examples
from keras_transfer.data.sources.class_names import name_class, order_class_names
from keras_transfer.data.sources.encoded_images.given_splits import choose_splits
from keras_transfer.data.sources.encoded_images.load_hugging_face import is_saved, load_splits
from keras_transfer.data.sources.in_memory.file_tables import name_cells
from keras_transfer.data.sources.in_memory.given_sets import Listed, is_kind, join_splits
from keras_transfer.data.sources.tables.read_table import Columns, simplify
from keras_transfer.data.sources.tables.table_labels import judge_labels
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.in_memory.given_strings import read_cells
from keras_transfer.texts.sources.text_columns import CLASSES, pick_texts
from keras_transfer.texts.sources.text_rows import gather_rows

# Sets of the Hub that are known to be texts before anything of them is here.
NAMES = {
    *("imdb", "ag_news", "rotten_tomatoes", "yelp_polarity", "yelp_review_full", "glue", "sst2"),
    *("emotion", "tweet_eval", "dbpedia_14", "trec", "banking77", "amazon_polarity", "snli"),
    *("multi_nli", "super_glue", "paws", "sms_spam", "20_newsgroups", "20newsgroups", "cola"),
}
OTHERS = {"Image", "Audio", "Video"}  # features of sets that are about something else


def read_hugging_face(dataset: str, config: DataConfig) -> Examples:
    """Return the texts of `hf:NAME[:CONFIG]` of the Hub, or of `hf:FOLDER`, with its own splits.

    Raises:
        ConfigError: There is no such set, it is no text classification data, or it can neither be
            found in `data.data_dir` nor be downloaded.
    """
    word = dataset.removeprefix(HUGGING_FACE).strip()
    parts = load_splits(word, config.data_dir)
    given = read_hugging_face_texts(parts, dataset)
    folder = Path(word).expanduser()
    table = folder.absolute() if folder.is_dir() else Path(word.replace("/", "-"))
    count = len(next(iter(given.columns.values())))
    found = gather_rows(table, given.columns, range(1, count + 1), "", config)
    labels = [label for _, label, _, _ in found.rows]
    judge_labels(table, labels, config.layout == "classes" or bool(given.class_names))
    order = given.class_names or order_class_names(labels)
    names = [name for name in order if name in {*labels}]
    return make_examples("hf", table.parent, found.rows, names, found.contents)


def is_set_of_texts(dataset: str) -> bool:
    """Return whether `hf:NAME` is known as one of texts, or `hf:FOLDER` says so on disk."""
    word = dataset.removeprefix(HUGGING_FACE).strip()
    folder = Path(word).expanduser()
    if not folder.is_dir():
        return word.partition(":")[0].rpartition("/")[2].lower() in NAMES
    if not is_saved(folder):
        return False
    file = next(iter(sorted(folder.glob("**/dataset_info.json"))))
    features = json.loads(file.read_bytes()).get("features") or {}
    return _show_texts({name: str(kind.get("_type")) for name, kind in features.items()})


def is_hugging_face(dataset: Any) -> bool:
    """Return whether this is a set of the package `datasets`, or a dict of such."""
    kinds = "Dataset", "DatasetDict", "IterableDataset", "IterableDatasetDict"
    return is_kind(dataset, "datasets", *kinds)


def holds_texts(dataset: Any) -> bool:
    """Return whether such a set holds texts, and nothing to look at or to listen to."""
    part = next(iter(dataset.values()), None) if isinstance(dataset, Mapping) else dataset
    features = getattr(part, "features", None) or {}
    return _show_texts({str(name): type(kind).__name__ for name, kind in features.items()})


def read_hugging_face_texts(dataset: Any, where: str = "") -> Listed:
    """Return the texts of a `datasets.Dataset` or `DatasetDict`, with its own splits.

    Args:
        dataset: A set, or a dict of sets by the names of splits.
        where: It is called in messages; "": its kind.

    Raises:
        ConfigError: It streams, or is no text classification data.
    """
    where = where or f"the {type(dataset).__name__}"
    parts = dataset if isinstance(dataset, Mapping) else {"": dataset}
    if not parts or any(not hasattr(part, "num_rows") for part in parts.values()):
        received = f"{where}, which is streamed" if parts else f"{where} without splits"
        raise ConfigError(
            "`dataset` must be a datasets.Dataset or DatasetDict that is on disk or in memory. "
            f"Received: {received}. Load it without streaming=True."
        )
    used = choose_splits(where, list(parts))
    read = {split: _read_part(where, parts[name]) for name, split in used.items()}
    return read[""] if "" in read else join_splits(read)  # type: ignore[return-value]


def _read_part(where: str, part: Any) -> Listed:
    """Return the columns of one split that may be of use."""
    features = part.features
    texts = pick_texts(features)
    named = [name for name in features if _names_classes(features, name)]
    if not texts or not named:
        shown = name_some([f"{name} ({type(kind).__name__})" for name, kind in features.items()])
        raise ConfigError(
            "`dataset` must have a text, or two, and a label. Received: "
            f"{where} of {shown}. Rename them with dataset.rename_column."
        )
    plain = [n for n, kind in features.items() if type(kind).__name__ in ("Value", "ClassLabel")]
    part = part.with_format(None).select_columns(plain)
    columns: Columns = {}
    order: tuple[str, ...] = ()
    for name in plain:
        cells = list(part[name])
        if name in texts:
            columns[name] = read_cells(cells, f"the column {name}")
        elif not hasattr(features[name], "names"):
            columns[name] = name_cells(cells)
        else:
            names = tuple(map(str.strip, features[name].names))
            columns[name] = [name_class(label, names, where) or "" for label in cells]
            order = order or names
    return Listed(columns=columns, class_names=order)


def _names_classes(features: Mapping[str, Any], name: str) -> bool:
    return simplify(name) in CLASSES or hasattr(features[name], "names")


def _show_texts(features: Mapping[str, str]) -> bool:
    return bool(pick_texts(features)) and not OTHERS & {*features.values()}
