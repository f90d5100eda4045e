"""Test-time augmentation: the mean of what a model says of an example and of views of it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.modality import Modality
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.visible_text import show_name


def choose_views(
    config: TrainConfig, modality: Modality, flips: bool, tta: int, given: str = ""
) -> Any:
    """Return how the views are changed, for `modality.hold_split`.

    Args:
        config: Settings of the run, whose augmentation is meant.
        modality: Of the examples.
        flips: Whether a mirror image shows the same class.
        tta: Versions of each example, itself included, from 1.
        given: What the run's augmentation is called where Python code gave it.

    Raises:
        ConfigError: The run has no views.
    """
    views = modality.find_test_views(config, flips)
    if tta > 1 and given:
        raise ConfigError(
            "`tta` must be 1 where the augmentation was given from Python: the run does not hold "
            f"it. Received: {tta}, and {show_name(given)}."
        )
    if tta > 1 and modality.noun == "text":
        raise ConfigError(f"`tta` must be 1 where the examples are texts. Received: {tta}.")
    if tta > 1 and views is None:
        raise ConfigError(
            "`tta` must be 1 where the run's augmentation has no views but mixes, erasing, "
            "RandAugment and flips of digits. "
            f"Received: {tta}, and {modality.describe_views(config)}."
        )
    return views


def average_views(
    forward: Callable[[Any], Any], clean: Iterable[Any], views: Iterator[Any], tta: int
) -> list[np.ndarray]:
    """Return the mean probabilities of each batch, (batch, classes).

    Args:
        forward: From a batch to probabilities.
        clean: Batches of unchanged examples.
        views: `tta - 1` views of the first batch, then of the next.
        tta: Versions of each example; 1: the unchanged one alone.
    """
    found = []
    for batch in clean:
        versions = [batch, *(next(views) for _ in range(tta - 1))]
        found.append(np.mean([forward(version) for version in versions], axis=0))
    return found
