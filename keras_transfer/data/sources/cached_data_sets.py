"""The sources `digits` and `tfds`: sets that become image files when they are first used.

The files go to the cache, `$KERAS_TRANSFER_CACHE` or ~/.cache/keras_transfer: one folder per set
with a labels.csv, which exists only when it is complete.
"""

import csv
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.data.examples import Examples, make_examples
from keras_transfer.data.sources.tables.read_table import read_columns
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.user_folders import cache_roots

logger = logging.getLogger(__name__)

Images = Iterable[tuple[str, bytes, str, str]]  # path, content of the file, class name, split


def read_prepared(
    source: str, name: Path, class_names: list[str], write: Callable[[], Images]
) -> Examples:
    """Return the images in the cache folder `name`, which `write` fills the first time."""
    folder = _find_folder(name, write)
    try:
        columns = read_columns(folder / "labels.csv")
        splits = [SPLIT_WORDS.get(word, "") for word in columns["split"]]
        for path in columns["path"]:
            os.stat(folder / path)
        rows = [(*row, "") for row in zip(columns["path"], columns["label"], splits, strict=True)]
        present = set(columns["label"])
        return make_examples(source, folder, rows, [n for n in class_names if n in present])
    except (ConfigError, OSError, KeyError) as error:
        raise ConfigError(
            f"The cache must be whole. Received: {folder}, which has lost files. Remove that "
            "folder; it will be written again."
        ) from error


def _find_folder(name: Path, write: Callable[[], Images]) -> Path:
    """Return the folder `name` of the first cache that has it or can be written."""
    roots = cache_roots()
    for root in roots:
        if os.path.isdir(root / name):
            return root / name
    for root in roots:
        try:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=(root / name).parent))
        except OSError as error:
            logger.info("The cache %s cannot be written (%s).", root, error.strerror)
            continue
        _fill(partial, root / name, write())
        return root / name
    raise ConfigError(
        f"A cache folder must be writable. Received: {' and '.join(map(str, roots))}, which are "
        "not. Set the environment variable KERAS_TRANSFER_CACHE to one that is."
    )


def _fill(partial: Path, folder: Path, images: Images) -> None:
    """Write the images to `partial` and rename it to `folder`, unless another process has."""
    try:
        rows = [("path", "label", "split")]
        for path, content, class_name, split in images:
            (partial / path).parent.mkdir(parents=True, exist_ok=True)
            (partial / path).write_bytes(content)
            rows.append((path, class_name, split))
        with (partial / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)
        partial.chmod(0o755)  # mkdtemp's folders are their owner's alone
        try:
            partial.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    except OSError as error:
        raise ConfigError(
            f"The cache must have room for the images. Received: {error} in {folder.parent}. Set "
            "the environment variable KERAS_TRANSFER_CACHE to another folder."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
