"""From listed and inspected images to data that is ready to be batched."""

import dataclasses
import logging

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.config.pixels.preparation import find_preparation
from keras_transfer.config.pixels.value_range import FULL, format_range, read_recorded
from keras_transfer.config.split_names import SPLITS
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.images.augmentation.presets import (
    AUGMENTATIONS,
    Augmentation,
    resolve_augmentation,
)
from keras_transfer.images.batches import ImageData
from keras_transfer.images.decoding.shades import find_shades
from keras_transfer.images.doctor.inspection import Inspection, choose_size
from keras_transfer.images.doctor.value_span import (
    find_limits,
    measure_set,
    resolve_range,
    say_values,
)
from keras_transfer.images.image_split import Split
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

SLACK = 0.01  # of the range: numbers that lie beyond it by less are not worth a word


def hold_splits(
    examples: Examples, config: TrainConfig, image_size: int, inspection: Inspection
) -> ImageData:
    """Return the images of all splits, ready to be batched; those without a split are left out.

    Args:
        examples: With their splits.
        config: Its `data.image_size` wins over the source's own size. Where `data.value_range` is
            auto, the training images decide.
        image_size: The backbone's own, in pixels, taken where neither of them says one.
        inspection: Of the examples.
    """
    rows = {name: np.flatnonzero(examples.splits == name) for name in SPLITS}
    config = _settle_range(examples, config, inspection.take(rows["train"]))
    _warn_of_outside(examples, inspection, config.data.value_range)
    return _hold(
        examples,
        {name: _take_split(examples, inspection, r, config) for name, r in rows.items() if len(r)},
        config,
        choose_size(examples, config, image_size),
        resolve_augmentation(config.augment, examples.flips),
    )


def hold_split(
    examples: Examples,
    config: TrainConfig,
    image_size: int,
    inspection: Inspection,
    augmentation: Augmentation | None = None,
) -> ImageData:
    """Return labelled images of one split as data to predict on; nothing is trained with it.

    Args:
        examples: Images of one split, named in `examples.splits`.
        config: Settings of the run whose model will see them.
        image_size: Side in pixels that the model takes.
        inspection: Of the examples.
        augmentation: Of their views, where there are to be any.
    """
    config = _with_range(config, read_recorded(config.data.value_range))
    _warn_of_outside(examples, inspection, config.data.value_range)
    split = _take_split(examples, inspection, np.arange(len(examples.paths)), config)
    splits, views = {str(examples.splits[0]): split}, augmentation or AUGMENTATIONS["none"]
    return _hold(examples, splits, config, image_size, views)


def _take_split(
    examples: Examples, inspection: Inspection, rows: np.ndarray, config: TrainConfig
) -> Split:
    part, kept = inspection.take(rows), None
    if find_shades(config.data.value_range) is None:  # what is kept has the shades of the files
        kept = part.recall_squares()
    return Split(
        paths=examples.paths[rows],
        labels=examples.labels[rows],
        pixels=kept,
        plain=part.plain,
        states=part.states if kept is None else None,
    )


def _hold(
    examples: Examples,
    splits: dict[str, Split],
    config: TrainConfig,
    image_size: int,
    augmentation: Augmentation,
) -> ImageData:
    return ImageData(
        root=examples.root,
        class_names=examples.class_names,
        splits=splits,
        image_size=image_size,
        batch_size=config.data.batch_size,
        preparation=find_preparation(config.data),
        augmentation=augmentation,
        seed=config.seed,
    )


def _settle_range(examples: Examples, config: TrainConfig, training: Inspection) -> TrainConfig:
    """Return `config` with a value range, and say how the training images are read by it."""
    values, asked = measure_set(training.kinds, training.spans), config.data.value_range
    if examples.value_range and asked not in ("auto", FULL, examples.value_range):
        raise ConfigError(
            "`data.value_range` must be auto where images are floats in [0, 1], which are kept as "
            f"256 shades. Received: {asked}. Leave it out, or spread the floats themselves."
        )
    if examples.value_range:
        logger.info("Values: floats in [0, 1], of which 0 is black and 1 is white")
    if asked == "auto":
        config = _with_range(config, examples.value_range or resolve_range(values))
    said, odd = say_values(values, config.data.value_range)
    if said:
        logger.info("%s", said)
    for words in odd:
        logger.warning("%s", words)
    return config


def _with_range(config: TrainConfig, value_range: str) -> TrainConfig:
    return dataclasses.replace(
        config, data=dataclasses.replace(config.data, value_range=value_range)
    )


def _warn_of_outside(examples: Examples, inspection: Inspection, value_range: str) -> None:
    """Warn of images whose numbers reach beyond those that become black and white."""
    found = []
    for row, (low, high) in enumerate(inspection.spans.tolist()):
        if kind := str(inspection.kinds[row]):
            floor, top = find_limits(kind, low, high, value_range)
            slack = SLACK * (top - floor)
            if low < floor - slack or high > top + slack:
                found.append((str(examples.paths[row]), low, high, floor, top))
    if found:
        _, low, high, floor, top = found[0]
        logger.warning(
            "%s of %s images hold numbers beyond %s, which are clipped, such as %g to %g: %s",
            f"{len(found):,}",
            f"{len(examples.paths):,}",
            format_range(floor, top),
            low,
            high,
            name_some([path for path, *_ in found], most=3),
        )
