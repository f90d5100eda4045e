"""The source `tfds` of texts: sets of TensorFlow Datasets with a text, or two, and a label."""

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import count_of
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples, Row, make_examples
from keras_transfer.data.sources.encoded_images.given_splits import choose_splits
from keras_transfer.data.sources.tfds import download_set, find_builder
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.sources.text_columns import pick_texts, tell_texts

logger = logging.getLogger(__name__)

# Sets that are known to be texts before anything of them is here.
NAMES = {
    *(
        "imdb_reviews",
        "glue",
        "ag_news_subset",
        "yelp_polarity_reviews",
        "dbpedia",
        "civil_comments",
    ),
    *("sentiment140", "super_glue", "snli", "multi_nli", "paws_wiki"),
}
TITLED = ("title", "description")  # of news, which are both at once
FEATURES = "features.json"
TEXT, IMAGE = ".Text", "image"  # what the kinds of features are called in it


def read_tfds_texts(dataset: str, config: DataConfig) -> Examples:
    """Return a set of TensorFlow Datasets, `tfds:NAME[/CONFIG][:VERSION]`, with its own splits.

    Splits with other names than train, validation and test are ignored; a single one is no split.

    Raises:
        ConfigError: There is no such set, it is no text classification data, or it is neither
            prepared in `data.data_dir` nor can be downloaded.
    """
    builder = find_builder(dataset, config)
    texts, label = _find_features(dataset, builder)
    if not builder.info.splits:
        download_set(dataset, builder)
    splits = choose_splits(dataset, list(builder.info.splits))
    tell_texts(dataset, texts)
    names = [name.strip() for name in builder.info.features[label].names]
    rows: list[Row] = []
    contents: list[tuple[str, ...]] = []
    for name, split in splits.items():
        for row, content in _read_split(builder, name, texts, label):
            rows.append((row[0], names[row[1]], split, ""))
            contents.append(content)
    if not rows:
        raise ConfigError(
            f"`dataset` must hold labelled texts. Received: {dataset}, where none has a label. "
            "Choose another set."
        )
    present = {name for _, name, _, _ in rows}
    ordered = [name for name in names if name in present]
    return make_examples("tfds", Path(builder.data_dir), rows, ordered, contents)


def is_text_set(dataset: str) -> bool:
    """Return whether `tfds:NAME` is known as one of texts, or prepared where sets usually are."""
    name = dataset.partition(":")[2].strip().partition(":")[0]
    if name.partition("/")[0] in NAMES:
        return True
    folder = Path(os.environ.get("TFDS_DATA_DIR") or Path.home() / "tensorflow_datasets", name)
    for file in [*folder.glob(f"*/{FEATURES}"), *folder.glob(f"*/*/{FEATURES}")][:1]:
        kinds = json.dumps(json.loads(file.read_bytes())).lower()
        return TEXT.lower() in kinds and IMAGE not in kinds
    return False


def _find_features(dataset: str, builder: Any) -> tuple[list[str], str]:
    """Return the names of the one text, or the two, and of the label."""
    import tensorflow_datasets as tfds

    features = dict(builder.info.features)
    labels = [n for n, feature in features.items() if type(feature) is tfds.features.ClassLabel]
    texts = [n for n, feature in features.items() if isinstance(feature, tfds.features.Text)]
    chosen = [*TITLED] if {*TITLED} <= {*texts} else pick_texts(texts) or texts
    if len(labels) == 1 and 1 <= len(chosen) <= 2:
        return chosen, labels[0]
    shown = ", ".join(f"{name} ({type(value).__name__})" for name, value in features.items())
    raise ConfigError(
        "`dataset` must be text classification data: one text, or two, and one label per example. "
        f"Received: {dataset}, which has {shown}. Choose another set, or write its texts to a "
        "table with the columns text,label."
    )


def _read_split(
    builder: Any, name: str, texts: list[str], label: str
) -> Iterator[tuple[tuple[str, int], tuple[str, ...]]]:
    """Yield path, label and texts of the examples of a split; those without a label are left out.

    A title and what it is the title of are one text.
    """
    import tensorflow_datasets as tfds

    decoding = tfds.decode.PartialDecoding({**dict.fromkeys(texts, True), label: True})
    width = len(str(builder.info.splits[name].num_examples))
    unlabelled = 0
    data = builder.as_dataset(split=name, decoders=decoding)
    for number, example in enumerate(tfds.as_numpy(data), 1):
        if example[label] < 0:
            unlabelled += 1
            continue
        found = [example[text].decode("utf-8", "replace") for text in texts]
        content = (" ".join(found),) if texts == [*TITLED] else tuple(found)
        yield (f"{name}:{number:0{width}}", int(example[label])), content
    if unlabelled:
        without = count_of(unlabelled, "text")
        logger.warning("Left out %s of the split %s: no label.", without, name)
