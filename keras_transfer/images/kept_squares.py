"""Squares that an inspection makes of the files it reads: a training reads each file once."""

import contextlib

import numpy as np
from PIL import Image

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.decoding.decoding_memory import find_least


def find_centre(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the corners of the largest centred square, which `resize_square` would cut out."""
    width, height = size
    side = min(size)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


class SquareRows:
    """Some rows of an array of squares that is not copied.

    Args:
        squares: (m, side, side, 3), uint8.
        rows: (n,) of int64, those of the n images.
    """

    def __init__(self, squares: np.ndarray, rows: np.ndarray) -> None:
        self._squares, self._rows = squares, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, images: np.ndarray | slice) -> "SquareRows":
        """Return the squares of these images; nothing is copied."""
        return SquareRows(self._squares, self._rows[images])

    def read(self, images: np.ndarray) -> np.ndarray:
        """Return the squares of these images as an array of their own."""
        return np.asarray(self._squares[self._rows[images]])

    @property
    def memory(self) -> int:
        """Bytes of memory that the whole array takes; those in a file take none."""
        return 0 if isinstance(self._squares, np.memmap) else self._squares.nbytes


class SquareKeeper:
    """Resizes the pixels that threads hand in, as `decode_square` does, and keeps the squares.

    Args:
        squares: (n, side, side, 3), uint8, to be filled.
        preparation: How an image becomes a square; the files' own shades are kept.
    """

    def __init__(self, squares: np.ndarray, preparation: Preparation) -> None:
        from keras_transfer.images.decoding.resizing import trace_resize  # it loads TensorFlow

        self.least = find_least(squares.shape[1], preparation)
        self._squares, self._kept = squares, np.zeros(len(squares), bool)
        self._resize = trace_resize(squares.shape[1], preparation)
        self._crops = preparation.resize == "crop"

    def keep(self, row: int, image: Image.Image) -> None:
        """Keep the square of an image; from any thread.

        Args:
            row: Of the image.
            image: What `show_image` returns at the scale `least`.
        """
        if self._crops:  # what would be cut off need not be copied
            image = image.crop(find_centre(image.size))
        with contextlib.suppress(Exception):  # decoded later, which says what is wrong
            self._squares[row] = self._resize(np.asarray(image))
            self._kept[row] = True

    def recall(self, rows: np.ndarray) -> SquareRows | None:
        """Return the squares of these rows, or None where one of them is lacking."""
        return SquareRows(self._squares, rows) if self._kept[rows].all() else None
