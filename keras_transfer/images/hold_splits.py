"""From listed and inspected images to data that is ready to be batched."""

import numpy as np

from keras_transfer.config.split_names import SPLITS
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.images.augmentation.presets import (
    AUGMENTATIONS,
    Augmentation,
    resolve_augmentation,
)
from keras_transfer.images.batches import ImageData, Split
from keras_transfer.images.doctor.inspection import Inspection


def hold_splits(
    examples: Examples, config: TrainConfig, image_size: int, inspection: Inspection
) -> ImageData:
    """Return the images of all splits, ready to be batched; those without a split are left out.

    Args:
        examples: With their splits.
        config: Its `data.image_size` wins over the source's own size.
        image_size: The backbone's own, in pixels, taken where neither of them says one.
        inspection: Of the examples.
    """
    rows = {name: np.flatnonzero(examples.splits == name) for name in SPLITS}
    return _hold(
        examples,
        {name: _take_split(examples, inspection, r) for name, r in rows.items() if len(r)},
        config,
        config.data.image_size or examples.image_size or image_size,
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
    split = _take_split(examples, inspection, np.arange(len(examples.paths)))
    splits, views = {str(examples.splits[0]): split}, augmentation or AUGMENTATIONS["none"]
    return _hold(examples, splits, config, image_size, views)


def _take_split(examples: Examples, inspection: Inspection, rows: np.ndarray) -> Split:
    paths, labels = examples.paths[rows], examples.labels[rows]
    return Split(
        paths=paths, labels=labels, plain=inspection.plain[rows], states=inspection.states[rows]
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
        resize=config.data.resize,
        augmentation=augmentation,
        seed=config.seed,
    )
