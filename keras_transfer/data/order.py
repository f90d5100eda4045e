"""Which image comes when, and in which view: arrays that depend on (seed, phase, epoch) alone.

Epoch 7 can be replayed without epochs 1 to 6: that is what exact resume and cached views stand on.
"""

import zlib

import numpy as np


def plan_epoch(seed: int, phase: str, epoch: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the order and the views of one epoch.

    Each image starts at a random view of its own and goes on by one view an epoch, so among any K
    epochs in a row `views % K` meets each of K views once.

    Args:
        seed: The run's seed.
        phase: Name of the phase; phases have orders and views of their own.
        epoch: From 0.
        count: Number of training images.

    Returns:
        Two arrays (count,), int64: `order`, a permutation of the image indices, and `views`, the
        view number of each image *by image index* (not by position), from 0 to below 2**31.
    """
    order = _generator(seed, phase, epoch + 1).permutation(count)
    first_views = _generator(seed, phase, 0).integers(0, 2**30, count)
    return order, first_views + epoch


def view_seeds(seed: int, images: np.ndarray, views: np.ndarray) -> np.ndarray:
    """Return the seeds (n, 2), int64, from which the view of each image is drawn."""
    return np.stack([(np.int64(seed) << 32) + images, views], axis=1).astype(np.int64)


def _generator(seed: int, phase: str, stream: int) -> np.random.Generator:
    # crc32 rather than hash(), which differs from process to process
    return np.random.default_rng([seed, zlib.crc32(phase.encode()), stream])
