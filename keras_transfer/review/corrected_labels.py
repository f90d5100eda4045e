"""labels.csv with the decisions of a person: a data set of its own, beside unchanged images."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples, is_text
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.class_names import order_class_names
from keras_transfer.review.decisions import Decisions
from keras_transfer.review.review_table import TEXT_COLUMNS
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_table
from keras_transfer.system.terminal.visible_text import quote_word

LABELS_FILE = "labels.csv"


def write_labels_csv(
    examples: Examples, decisions: Decisions, file: Path, modality: Modality
) -> list[str]:
    """Write a labels.csv that the program reads as a data set; return the options it needs.

    Its paths start at its folder, its splits and groups are those of the data set, and so is the
    order of its classes.

    Args:
        examples: The data set.
        decisions: About its images.
        file: To write; what is there is replaced.
        modality: Of the examples.

    Raises:
        ConfigError: It cannot be written, or a table cannot say what the data set says.
    """
    kept = np.flatnonzero(~decisions.removed & [is_text(path) for path in examples.paths.tolist()])
    columns, rows = _list_rows(examples.take(kept), decisions.labels[kept], file.parent)
    unproved = file.with_name(f".{file.name}")  # what is there stays where this one cannot be read
    try:
        write_table(unproved, columns, rows)
    except OSError as error:
        raise ConfigError(
            f"`output` must be a folder that can be written. Received: {file.parent} "
            f"({error.strerror}). Choose another with --output."
        ) from error
    wanted = [examples.class_names[label] for label in decisions.labels[kept]]
    try:
        layout = _find_layout(unproved, wanted, modality)
        unproved.replace(file)
    finally:
        unproved.unlink(missing_ok=True)
    return [*layout, *_list_options(examples)]


def _list_rows(
    examples: Examples, labels: np.ndarray, folder: Path
) -> tuple[list[str], Iterator[tuple[str, ...]]]:
    """Return header and rows; a column split is always there, or folders would say the splits."""
    if examples.contents is not None:
        return _list_texts(examples, examples.contents, labels)
    folder = Path(os.path.abspath(folder))
    files = [os.path.join(os.path.abspath(examples.root), path) for path in examples.paths.tolist()]
    paths = [_find_way(file, folder) for file in files]
    names = [examples.class_names[label] for label in labels]
    columns = {"path": paths, "label": names}
    present = [name for name in examples.class_names if name in {*names}]
    if present != order_class_names(present):  # a column of numbers says the order
        numbers = {name: str(index) for index, name in enumerate(present)}
        columns = {"path": paths, "class": names, "class_id": [numbers[name] for name in names]}
    columns["split"] = examples.splits.tolist()
    if (examples.groups != "").any():
        columns["group"] = examples.groups.tolist()
    return [*columns], zip(*columns.values(), strict=True)


def _list_texts(
    examples: Examples, contents: np.ndarray, labels: np.ndarray
) -> tuple[list[str], Iterator[tuple[str, ...]]]:
    """Return header and rows of a table of texts; what is gone is empty."""
    names = TEXT_COLUMNS[: contents.shape[1]]
    columns = {
        name: [text or "" for text in texts] for name, texts in zip(names, contents.T, strict=True)
    }
    columns["label"] = [examples.class_names[label] for label in labels]
    columns["split"] = examples.splits.tolist()
    if (examples.groups != "").any():
        columns["group"] = examples.groups.tolist()
    return [*columns], zip(*columns.values(), strict=True)


def _find_way(file: str, folder: Path) -> str:
    """Return the path of a file from a folder; in full where there is none, as on another drive."""
    try:
        return os.path.relpath(file, folder).replace(os.sep, "/")
    except ValueError:
        return file


def _find_layout(file: Path, wanted: list[str], modality: Modality) -> list[str]:
    """Return what a training needs to read the table as it is meant: nothing, or a layout.

    Raises:
        ConfigError: It cannot be read so.
    """
    refusal = ""
    for words in ([], ["--data.layout", "classes"]):
        config = DataConfig(layout="classes") if words else DataConfig()
        try:
            found = modality.read_examples(str(file), config)
        except ConfigError as error:
            refusal = refusal or str(error)
            continue
        names = [found.class_names[label] for label in found.labels]
        if sorted(names) == sorted(wanted):
            return words
        refusal = "it would be read with other labels: rename classes such as NA or null"
    raise ConfigError(f"The data set must be one that a labels.csv can hold. Received: {refusal}")


def _list_options(examples: Examples) -> list[str]:
    """Return the options that say what the source knew and a table cannot."""
    words: list[str] = []
    if examples.image_size:
        words += ["--image_size", str(examples.image_size)]
    if examples.value_range:
        words += ["--data.value_range", examples.value_range]
    if not examples.flips:
        words += ["--augment.flip", "false"]
    if examples.fractions and not (examples.splits != "").any():
        names = "--data.validation_fraction", "--data.test_fraction"
        for name, share in zip(names, examples.fractions, strict=True):
            words += [name, f"{share:g}"]
    return [quote_word(word) for word in words]
