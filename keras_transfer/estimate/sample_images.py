"""The images on which costs are measured: some of a data set, or photographs of nothing."""

import contextlib
import dataclasses
import logging
from pathlib import Path

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.data.examples import Examples, make_examples
from keras_transfer.data.shards.member_files import is_there, read_file

SAMPLE = 64  # images: a second of work
WIDTH, HEIGHT = 500, 375  # pixels, the median of ImageNet
CLASSES = ("coarse", "fine")

logger = logging.getLogger(__name__)


def copy_sample(examples: Examples, folder: Path) -> Examples:
    """Return some images of a data set, evenly taken, as files of their own.

    What an inspection remembers of a file it does not inspect again, so copies are measured.

    Args:
        examples: All of the data set.
        folder: Gets the copies.
    """
    count = len(examples.paths)
    rows = np.unique(np.linspace(0, count - 1, SAMPLE).astype(int))
    taken = examples.take(rows)
    names = [f"{row:08}{Path(path).suffix}" for row, path in zip(rows, taken.paths, strict=True)]
    for path, name in zip(taken.paths, names, strict=True):
        if is_there(file := examples.root / path):
            with contextlib.suppress(OSError):  # the inspection says what cannot be read
                (folder / name).write_bytes(read_file(file))
    logger.info("Measured on %s of %s", count_of(len(rows), "image"), f"{count:,}")
    paths = np.array(names, object)
    return dataclasses.replace(
        taken, root=folder, paths=paths, splits=np.full(len(rows), "train", object)
    )


def draw_sample(folder: Path) -> Examples:
    """Draw photographs of nothing, JPEG of quality 90, as many bytes as photographs have.

    Args:
        folder: Gets them.
    """
    rows = []
    for index in range(SAMPLE):
        name = f"{index:03}.jpg"
        _draw(index, folder / name)
        rows.append((name, CLASSES[index % 2], "train", ""))
    logger.info("Measured on drawn JPEGs of %d x %d pixels: name a data set", WIDTH, HEIGHT)
    return make_examples("folder", folder, rows)


def _draw(index: int, file: Path) -> None:
    """Write smooth random fields of several scales, and grain as of a sensor."""
    from PIL import Image

    random = np.random.default_rng(index)
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for octave in range(1, 6):
        grid = random.integers(0, 256, (3 * 2**octave // 4 + 1, 2**octave, 3), dtype=np.uint8)
        field = Image.fromarray(grid).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        pixels += (np.asarray(field, np.float32) - 127.5) / octave
    grain = random.integers(-8, 9, (HEIGHT, WIDTH, 1), dtype=np.int8)
    Image.fromarray((127.5 + pixels + grain).clip(0, 255).astype(np.uint8)).save(file, quality=90)
