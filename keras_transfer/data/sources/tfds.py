"""The source `tfds`: image classification sets of TensorFlow Datasets."""

import contextlib
import hashlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.cached_data_sets import read_prepared
from keras_transfer.data.sources.encoded_images.encoded_set import name_file
from keras_transfer.data.sources.encoded_images.given_splits import choose_splits
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.network import find_fault

logger = logging.getLogger(__name__)


def read_tfds(dataset: str, config: DataConfig) -> Examples:
    """Return a set of TensorFlow Datasets, `tfds:NAME[/CONFIG][:VERSION]`, with its own splits.

    The encoded images are copied to the cache unchanged. Splits with other names than train,
    validation and test (in the spellings of folders) are ignored; a single split is no split.

    Raises:
        ConfigError: There is no such set, it is not image classification data, or it is neither
            prepared in `data.data_dir` nor can be downloaded.
    """
    builder = find_builder(dataset, config)
    image, label = _find_features(dataset, builder)
    if not builder.info.splits:
        download_set(dataset, builder)
    splits = choose_splits(dataset, list(builder.info.splits))
    names = [name.strip() for name in builder.info.features[label].names]
    # Another data_dir, or a set that was prepared anew, is another folder of the cache.
    info = Path(builder.data_dir, "dataset_info.json")
    content = f"{info.absolute()} {info.stat().st_mtime_ns}".encode() + info.read_bytes()
    folder = f"{builder.info.full_name}-{hashlib.sha256(content).hexdigest()[:8]}"
    return read_prepared(
        "tfds",
        Path("tfds", folder),
        names,
        lambda: _copy_images(builder, image, label, names, splits),
    )


def find_builder(dataset: str, config: DataConfig) -> Any:
    """Return the builder of `tfds:NAME`; nothing is downloaded."""
    import tensorflow_datasets as tfds

    name = dataset.partition(":")[2].strip()
    must = "`dataset` must name a set of TensorFlow Datasets: tfds:NAME, tfds:NAME/CONFIG"
    must += " or tfds:NAME:VERSION"
    if not name:
        raise ConfigError(f"{must}. Received: {dataset}. Add a name, as in tfds:mnist.")
    folder = config.data_dir and str(config.data_dir.expanduser())
    try:
        with _own_features(dataset):
            return tfds.builder(name, data_dir=folder)
    except ConfigError:
        raise
    except Exception as error:  # of many kinds: what was asked for does not exist
        close = re.search(r"Did you mean: .*-> (\w+)", str(error))
        hint = f"Did you mean 'tfds:{close[1]}'? " if close else ""
        raise ConfigError(
            f"{must}. Received: {dataset}: {_first_line(error)} {hint}"
            "See https://www.tensorflow.org/datasets/catalog."
        ) from error


@contextlib.contextmanager
def _own_features(dataset: str) -> Iterator[None]:
    """Let a prepared set name features of TensorFlow Datasets only.

    The class of a feature stands in its features.json, and its module would be imported.

    Raises:
        ConfigError: The set names another one.
    """
    import tensorflow_datasets as tfds

    features = tfds.features.FeatureConnector
    find = features.cls_from_name

    def find_own(name: str) -> Any:
        if name in features._registered_features or name.startswith("tensorflow_datasets."):
            return find(name)
        raise ConfigError(
            "A set of TensorFlow Datasets must hold features of its own kinds. Received: "
            f"{dataset}, whose features.json names {name!r}, code that would be run. If it is "
            "yours, write its images to a folder with a labels.csv."
        )

    features.cls_from_name = find_own
    try:
        yield
    finally:
        features.cls_from_name = find


def _find_features(dataset: str, builder: Any) -> tuple[str, str]:
    """Return the names of the one image and the one label."""
    import tensorflow_datasets as tfds

    features = dict(builder.info.features)
    images = [
        name
        for name, feature in features.items()
        if isinstance(feature, tfds.features.Image)
        and not isinstance(feature, tfds.features.LabeledImage)
        and np.dtype(feature.np_dtype).kind == "u"  # floats would be stored as coloured noise
    ]
    labels = [n for n, feature in features.items() if type(feature) is tfds.features.ClassLabel]
    keys = builder.info.supervised_keys
    if keys and keys[0] in images and keys[1] in labels:
        return keys[0], keys[1]
    if len(images) == 1 and len(labels) == 1:
        return images[0], labels[0]
    shown = ", ".join(f"{name} ({type(value).__name__})" for name, value in features.items())
    if any(isinstance(feature, tfds.features.Sequence) for feature in features.values()):
        shown += ", and looks like detection or multi-label data"
    raise ConfigError(
        "`dataset` must be image classification data: one image and one label per example. "
        f"Received: {dataset}, which has {shown}. Choose another set, or write its images to a "
        "folder with a labels.csv."
    )


def download_set(dataset: str, builder: Any) -> None:
    """Download and prepare a set, after a quick look whether its server answers."""
    try:
        for url in list(builder.url_infos)[:1]:
            if fault := find_fault(url):  # TFDS itself tries for minutes
                raise OSError(f"{url} cannot be reached ({fault})")
        logger.info("Downloading %s to %s.", dataset, builder.data_dir)
        builder.download_and_prepare()
    except Exception as error:  # of many kinds: network, disk, a package or a manual step missing
        folder = Path(builder.data_dir)
        for _ in builder.info.full_name.split("/"):
            folder = folder.parent
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        raise ConfigError(
            "`dataset` must be prepared already or be downloadable. Received: "
            f"{dataset}, which is not in {folder} and cannot be made: {_first_line(error)} "
            + (f"Install it: pip install {missing}. Or give" if missing else "Give")
            + " the folder that holds the set with --data.data_dir, or use a folder of images."
        ) from error


def _first_line(error: Exception) -> str:
    """Return the first line of an error as a sentence."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0].strip()
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _copy_images(
    builder: Any, image: str, label: str, names: list[str], splits: dict[str, str]
) -> Iterator[tuple[str, bytes, str, str]]:
    """Yield the encoded images of the used splits; those without a label (-1) are left out."""
    import tensorflow_datasets as tfds

    decoding = tfds.decode.PartialDecoding(
        {image: True, label: True}, decoders={image: tfds.decode.SkipDecoding()}
    )
    for name, split in splits.items():
        unlabelled = 0
        data = tfds.as_numpy(builder.as_dataset(split=name, decoders=decoding))
        for index, example in enumerate(data):
            if example[label] < 0:
                unlabelled += 1
                continue
            content, class_name = example[image], names[example[label]]
            yield name_file(name, class_name, f"{index:06d}", content), content, class_name, split
        if unlabelled:
            without = count_of(unlabelled, "image")
            logger.warning("Left out %s of the split %s: no label.", without, name)
