"""The source `text_folder`: class folders of .txt files, alone or in folders that are splits."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import (
    Examples,
    Row,
    is_text,
    make_examples,
    refuse_several_labels,
)
from keras_transfer.data.sources.class_names import order_class_names
from keras_transfer.data.sources.file_walk import is_side_folder, list_folders
from keras_transfer.data.sources.folders.folder_words import UNLABELLED, read_name
from keras_transfer.data.sources.folders.layout import find_layout
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.sources.text_encoding import find_encoding

logger = logging.getLogger(__name__)

SUFFIX = ".txt"
WITHOUT_LABELS = "unsup"  # as the reviews of IMDb have it
LOOKED_AT = 20  # folders that tell whether a data set is one of texts


def read_text_folder(dataset: str, config: DataConfig) -> Examples:
    """Read the .txt files of a folder that holds class folders, or train/ and others with them.

    What is a split is read as for images. Folders `unsup` are left out.

    Raises:
        ConfigError: There is no text, no class folder, the folders can be read in two ways, or a
            file is no text and `data.on_bad_file` is error.
    """
    root = Path(os.path.abspath(Path(dataset).expanduser()))
    layout = find_layout(root, config.layout)
    bare = [found.path for found in layout.folders if _has_no_labels(found.class_name)]
    if bare and config.layout != "classes":
        logger.warning("Left out, since they have no labels: %s", name_some(bare))
    folders = [f for f in layout.folders if f.path not in bare or config.layout == "classes"]
    rows: list[Row] = [
        (path, folder.class_name, folder.split, "")
        for folder in folders
        for path in list_texts(root, folder.path)
    ]
    if not rows:
        raise ConfigError(
            f"`dataset` must hold texts. Received: {root}, where no {SUFFIX} file was found in the "
            "folders of classes. Put them into one folder per class, such as pos/1.txt and "
            "neg/1.txt."
        )
    learned = {found.class_name for found in folders if found.split in ("", "train")}
    class_names = order_class_names(learned | {name for _, name, _, _ in rows})
    refuse_several_labels(class_names, root)
    contents = _read_all(root, [path for path, _, _, _ in rows], config)
    return make_examples("text_folder", root, rows, class_names, contents)


def holds_texts(folder: Path) -> bool:
    """Return whether class folders hold more .txt files than others; only some are looked at.

    Raises:
        OSError: A folder cannot be read.
    """
    texts = others = 0
    waiting = [folder / name for name in list_folders(folder)]
    for _ in range(LOOKED_AT):
        if not waiting:
            break
        here = waiting.pop(0)
        with os.scandir(here) as entries:
            names = [entry.name for entry in entries if entry.is_file()]
        waiting += [here / name for name in list_folders(here)]
        found = sum(name.lower().endswith(SUFFIX) for name in names)
        texts, others = texts + found, others + len(names) - found
    return texts > others


def list_texts(root: Path, folder: str) -> Iterator[str]:
    """Yield the '/'-separated paths of the .txt files below a folder, sorted within each."""
    for here, below, files in os.walk(root / folder):
        below[:] = sorted(name for name in below if not is_side_folder(name))
        relative = os.path.relpath(here, root).replace(os.sep, "/")
        for name in sorted(files):
            if name.lower().endswith(SUFFIX) and not name.startswith(".") and is_text(name):
                yield f"{relative}/{name}"


def _has_no_labels(class_name: str) -> bool:
    named = read_name(class_name)
    return class_name.lower() == WITHOUT_LABELS or bool(named and named.split == UNLABELLED)


def _read_all(root: Path, paths: list[str], config: DataConfig) -> list[tuple[str | None]]:
    """Return the text of each file, None where it is none; warn of what is not plain UTF-8."""
    contents: list[tuple[str | None]] = []
    odd: list[str] = []
    bad: list[str] = []
    for path in paths:
        try:
            content = Path(root, path).read_bytes()
        except OSError as error:
            logger.warning("%s cannot be read (%s)", path, error.strerror)
            content = b"\0"
        if encoding := find_encoding([content]):
            contents.append((content.decode(encoding.name, encoding.errors),))
            if encoding.broken or not encoding.name.startswith("utf"):
                odd.append(f"{path} ({encoding.name})")
        else:
            contents.append((None,))
            bad.append(path)
    if bad and config.on_bad_file == "error":
        raise ConfigError(
            f"Every {SUFFIX} file must be text. Received: {len(bad)} in {root} that hold zero "
            f"bytes or cannot be read: {name_some(bad)}. Remove them, or leave them out with "
            "--data.on_bad_file skip."
        )
    if odd:
        files = count_of(len(odd), "file is", "files are")
        text = "%s no UTF-8: %s; save them as UTF-8 if letters look wrong"
        logger.warning(text, files, name_some(odd, most=2))
    return contents
