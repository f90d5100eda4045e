"""Mixup and CutMix: each image of a training batch is mixed with its neighbour, labels as well.

The plan of a mix is made of the seeds of the batch alone, so that a resumed run mixes the same.
"""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_transfer.images.augmentation.boxes import mark_boxes
from keras_transfer.images.augmentation.presets import Augmentation


def plan_mixes(
    seeds: np.ndarray, augmentation: Augmentation, side: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw how much of each image, and which part of it, comes from its partner.

    Mixup blends the whole image, CutMix takes all of a box. Where both are on, each image takes one
    of them at random.

    Args:
        seeds: (batch, 2), int64, as `view_seeds` returns them.
        augmentation: Its `mixup` and `cutmix` are the alphas of Beta distributions; one is above 0.
        side: Of the images, in pixels.

    Returns:
        Boxes (batch, 4): top, left, bottom, right in pixels. Shares (batch,) in `[0, 1]` of the
        partner within the box. Weights (batch,) of the partner's label. All float32.

    References:
        Zhang et al. 2018, mixup: Beyond empirical risk minimization.
        Yun et al. 2019, CutMix: Regularization strategy to train strong classifiers.
    """
    count = len(seeds)
    generator = np.random.default_rng(seeds.ravel().tolist())
    blended = np.full(count, augmentation.mixup > 0)
    if augmentation.mixup and augmentation.cutmix:
        blended = generator.random(count) < 0.5
    boxes = np.tile(np.array([0, 0, side, side], np.float32), (count, 1))
    shares, weights = np.ones(count, np.float32), np.ones(count, np.float32)
    if augmentation.mixup:
        drawn = generator.beta(augmentation.mixup, augmentation.mixup, count)
        shares[blended] = weights[blended] = drawn[blended]
    if augmentation.cutmix:
        drawn = draw_boxes(generator, augmentation.cutmix, count, side)
        boxes[~blended] = drawn[~blended]
        height, width = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
        weights[~blended] = (height * width / side**2)[~blended]
    return boxes, shares, weights


def draw_boxes(generator: np.random.Generator, alpha: float, count: int, side: int) -> np.ndarray:
    """Return boxes (count, 4) in whole pixels, float32, cut off at the border of the image.

    The centre is anywhere, so much of a box may be outside: only what is inside may count.

    Args:
        generator: Draws.
        alpha: The share of a whole box is from Beta(alpha, alpha).
        count: Number of boxes.
        side: Of the images, in pixels.
    """
    half = np.sqrt(generator.beta(alpha, alpha, count)) * side / 2
    centres = generator.integers(0, side, (count, 2))
    corners = np.concatenate([centres - half[:, None], centres + half[:, None]], axis=1)
    return np.clip(np.round(corners), 0, side).astype(np.float32)


def mix_batch(images: Any, labels: Any, boxes: Any, shares: Any, weights: Any) -> tuple[Any, Any]:
    """Mix each image with the one before it in the batch, and the first with the last.

    The order of a batch is random already, so its neighbour is a random partner of an image, and
    never the image itself unless it is alone.

    Args:
        images: (batch, side, side, 3), float32.
        labels: (batch, classes), float32, one-hot.
        boxes: See `plan_mixes`.
        shares: See `plan_mixes`.
        weights: See `plan_mixes`.

    Returns:
        Images and labels of the same shapes; labels still sum up to 1.
    """
    mask = mark_boxes(boxes, tf.shape(images)[1]) * shares[:, None, None, None]
    images = images + mask * (tf.roll(images, 1, axis=0) - images)
    labels = labels + weights[:, None] * (tf.roll(labels, 1, axis=0) - labels)
    return images, labels
