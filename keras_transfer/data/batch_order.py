"""Which image comes when, and in which view: arrays that depend on (seed, phase, epoch) alone.

Epoch 7 can be replayed without epochs 1 to 6: that is what exact resume and cached views stand on.
"""

import zlib
from collections.abc import Iterator

import numpy as np

POOLED_BATCHES = 50  # batches at a time among which like ones are put together


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


def plan_batches(
    seed: int,
    phase: str,
    epochs: range,
    count: int,
    batch_size: int,
    views: int | None,
    pace: int | None = None,
    alike: bool = False,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the image indices and the view numbers of one batch after the other, int64 (batch,).

    Args:
        seed: The run's seed.
        phase: Name of the phase.
        epochs: Which epochs; batches do not reach across them.
        count: Number of training images.
        batch_size: Images in a batch; the last one of an epoch may have fewer.
        views: How many views the epochs take in turn. None: every epoch has new ones.
        pace: Images that an epoch takes, from passes over all of them that go on across epochs.
            None: each image once.
        alike: Whether neighbours, by their indices, are put into the same batches.
    """
    for epoch in epochs:
        if pace is None:
            images, numbers = _plan_pass(seed, phase, epoch, count, views)
        else:
            images, numbers = _plan_pace(seed, phase, epoch, count, views, pace)
        if alike:
            order = _group_alike(images, batch_size, _generator(seed, f"{phase} batches", epoch))
            images, numbers = images[order], numbers[order]
        for start in range(0, len(images), batch_size):
            batch = slice(start, start + batch_size)
            yield images[batch], numbers[batch]


def _group_alike(images: np.ndarray, batch_size: int, generator: np.random.Generator) -> np.ndarray:
    """Return an order of shuffled images in which those of a batch have indices near each other.

    Of so many batches at a time that every epoch still mixes them otherwise; the order of batches
    is drawn anew, and a partial one stays the last.

    References:
        Transformers' LengthGroupedSampler, whose number of batches this is.
    """
    count = len(images)
    pool = batch_size * max(1, min(POOLED_BATCHES, count // (4 * batch_size)))
    order = np.concatenate(
        [
            start + np.argsort(images[start : start + pool], kind="stable")
            for start in range(0, count, pool)
        ]
    )
    whole = count // batch_size
    batches = order[: whole * batch_size].reshape(whole, batch_size)
    return np.concatenate([generator.permutation(batches).ravel(), order[whole * batch_size :]])


def _plan_pass(
    seed: int, phase: str, epoch: int, count: int, views: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of an epoch and the view of each, in their order."""
    order, numbers = plan_epoch(seed, phase, epoch, count)
    if views is not None:
        numbers %= views
    return order, numbers[order]


def _plan_pace(
    seed: int, phase: str, epoch: int, count: int, views: int | None, pace: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same for an epoch of `pace` images: a piece of one pass, or of several."""
    begin, end = epoch * pace, (epoch + 1) * pace
    passes = range(begin // count, (end - 1) // count + 1)
    found = [_plan_pass(seed, phase, number, count, views) for number in passes]
    piece = slice(begin - passes.start * count, end - passes.start * count)
    images, numbers = (np.concatenate(parts)[piece] for parts in zip(*found, strict=True))
    return images, numbers


def plan_pairs(
    seed: int, phase: str, epochs: range, count: int, batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the image indices of one whole batch after the other, and two views of each image.

    Every epoch has new views. Images that do not fill a batch wait for another epoch.

    Args:
        seed: The run's seed.
        phase: Name of the phase.
        epochs: Which epochs.
        count: Number of training images, `batch_size` or more.
        batch_size: Images in a batch.

    Yields:
        Two arrays of int64: images (batch_size,), and view numbers (2 * batch_size,), of which
        those of an image follow each other.
    """
    for images, numbers in plan_batches(seed, phase, epochs, count, batch_size, views=None):
        if len(images) == batch_size:
            yield images, np.stack([2 * numbers, 2 * numbers + 1], axis=1).ravel()


def view_seeds(seed: int, images: np.ndarray, views: np.ndarray) -> np.ndarray:
    """Return the seeds (n, 2), int64, from which the view of each image is drawn."""
    return np.stack([(np.int64(seed) << 32) + images, views], axis=1).astype(np.int64)


def _generator(seed: int, phase: str, stream: int) -> np.random.Generator:
    # crc32 rather than hash(), which differs from process to process
    return np.random.default_rng([seed, zlib.crc32(phase.encode()), stream])
