"""Batches of drawn pictures for pretraining, changed anew each time they are shown."""

import math

import keras
import numpy as np
from PIL import Image


class PictureBatches(keras.utils.PyDataset):
    """Batches that depend on nothing but the pictures, the seed, the epoch and their place in it.

    Each is a pair of float32 (batch_size, side, side, 3) in [0, 255]: what the network sees, and
    the same before colours, noise and holes, of which the targets are computed.
    """

    def __init__(self, pictures: np.ndarray, batch_size: int, side: int, seed: int) -> None:
        super().__init__()
        self.pictures, self.batch_size, self.side, self.seed = pictures, batch_size, side, seed
        self.start(0)

    def __len__(self) -> int:
        return len(self.pictures) // self.batch_size

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng((self.seed, self._epoch, index))
        clear = self.crops(random, self.chosen(index))
        return disturb(random, recolour(random, clear)), clear

    def chosen(self, index: int) -> np.ndarray:
        """Return which pictures a batch shows, (batch_size,)."""
        return self._order[index * self.batch_size :][: self.batch_size]

    def crops(self, random: np.random.Generator, chosen: np.ndarray) -> np.ndarray:
        """Return a crop of each of the chosen pictures, float32 (n, side, side, 3)."""
        found = [crop(random, self.pictures[number], self.side) for number in chosen]
        return np.stack(found).astype(np.float32)

    def sample(self, count: int) -> np.ndarray:
        """Return about `count` pictures as the targets are computed of: clear crops of them."""
        batches = min(math.ceil(count / self.batch_size), len(self))
        return np.concatenate([self[index][1] for index in range(batches)])

    def start(self, epoch: int) -> None:
        """Show the pictures with the crops, colours and order of an epoch, counted from 0.

        Keras looks at batches before the first epoch and calls `on_epoch_end` after that look, so
        the epoch must be told.
        """
        self._epoch = epoch
        self._order = np.random.default_rng((self.seed, epoch)).permutation(len(self.pictures))


def crop(random: np.random.Generator, picture: np.ndarray, side: int) -> np.ndarray:
    """Return 70 to 100 % of the picture each way, mirrored or not, as uint8 (side, side, 3)."""
    taken = round(len(picture) * random.uniform(0.7, 1))
    top, left = random.integers(0, len(picture) - taken + 1, 2)
    square = Image.fromarray(picture[top : top + taken, left : left + taken])
    pixels = np.asarray(square.resize((side, side), Image.Resampling.BILINEAR))
    return pixels[:, ::-1] if random.random() < 0.5 else pixels


def recolour(random: np.random.Generator, pictures: np.ndarray) -> np.ndarray:
    """Change brightness, contrast and tint of each; one in ten loses its colours."""
    n = len(pictures)
    brightness = random.uniform(0.7, 1.3, (n, 1, 1, 1)).astype(np.float32)
    contrast = random.uniform(0.6, 1.4, (n, 1, 1, 1)).astype(np.float32)
    tint = random.uniform(0.7, 1.3, (n, 1, 1, 3)).astype(np.float32)
    gray = random.random(n) < 0.1
    x = pictures * brightness
    mean = x.mean((1, 2), keepdims=True)
    x = (x - mean) * contrast + mean * tint
    x[gray] = x[gray].mean(-1, keepdims=True)
    return np.clip(x, 0, 255)


def disturb(random: np.random.Generator, pictures: np.ndarray) -> np.ndarray:
    """Add noise to each picture, and cover a rectangle of half of them by one colour."""
    n, side = len(pictures), pictures.shape[1]
    grain = random.uniform(0, 15, (n, 1, 1, 1)).astype(np.float32)
    x = pictures + grain * random.standard_normal(pictures.shape, dtype=np.float32)
    for picture in (x[number] for number in np.flatnonzero(random.random(n) < 0.5)):
        height, width = random.integers(side // 6, side // 2, 2)
        top, left = random.integers(0, side - height), random.integers(0, side - width)
        picture[top : top + height, left : left + width] = random.uniform(0, 255, 3)
    return np.clip(x, 0, 255)
