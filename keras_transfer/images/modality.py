"""The row of images in MODALITIES. What it names is imported when it is called."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.cluster.block_engines import THIS_PROCESS, Engine
from keras_transfer.config.lookup import lookup
from keras_transfer.config.pixels.preparation import Preparation, find_preparation
from keras_transfer.config.pixels.value_range import covers_bytes, parse_range
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.validation import require
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings
from keras_transfer.data.modality import Given, Keeping, Modality
from keras_transfer.data.training_data import ModelInput, TrainingData
from keras_transfer.images.augmentation.presets import (
    AUGMENTATIONS,
    Augmentation,
    describe_augmentation,
    for_prediction,
    list_changes,
    resolve_augmentation,
)
from keras_transfer.images.decoding.served_formats import READ, READ_OTHERWISE, REFUSED
from keras_transfer.system.errors import ConfigError


def _read_examples(dataset: str, config: DataConfig) -> Examples:
    from keras_transfer.data.sources.choose_source import read_examples

    return read_examples(dataset, config)


def _check_source(dataset: str) -> None:
    from keras_transfer.data.sources.choose_source import choose_source
    from keras_transfer.data.sources.tables.read_table import require_text

    if choose_source(dataset) == "csv":
        require_text(Path(dataset).expanduser())


def _name_given(dataset: Any) -> str:
    from keras_transfer.data.sources.in_memory.name_data_set import name_data_set
    from keras_transfer.images.pixel_files import ImageFiles

    return name_data_set(dataset, ImageFiles)


def _inspect(
    examples: Examples, keeping: Keeping | None = None, engine: Engine = THIS_PROCESS
) -> Findings:
    from keras_transfer.images.doctor.inspection import inspect_files

    return inspect_files(examples, keeping, engine)


def _link_alike(examples: Examples, inspection: Any) -> np.ndarray:
    from keras_transfer.images.doctor.near_duplicates import link_alike

    return link_alike(examples, inspection)


def _say_sizes(report: Mapping[str, Any]) -> str:
    from keras_transfer.images.doctor.inspection import say_sizes

    return say_sizes(report)


def _check_settings(config: TrainConfig) -> None:
    lookup(AUGMENTATIONS, "augment.preset", config.augment.preset)
    length, must = config.data.sequence_length, "left out where the examples are images"
    require(length in ("auto", None), "data.sequence_length", must, length)
    if config.cache.mode == "on" and resolve_augmentation(config.augment).mixes:
        raise ConfigError(
            "`cache.mode` must be auto or off with mixup or CutMix: what is kept belongs to one "
            "image, and a mixed one is made of two. Received: 'on'. Leave it out, or set "
            "--augment.mixup 0 --augment.cutmix 0."
        )


def _describe_views(config: TrainConfig) -> str:
    return describe_augmentation(config.augment)


def _find_test_views(config: TrainConfig, flips: bool) -> Augmentation | None:
    views = for_prediction(resolve_augmentation(config.augment, flips))
    return views if list_changes(views) else None


def _find_input(config: TrainConfig, folder: Path) -> ModelInput:
    assert config.data.image_size is not None  # resolved, as in every run
    return config.data.image_size


def _keep_input(taken: ModelInput, folder: Path) -> ModelInput:
    return taken


def _hold_splits(
    examples: Examples, config: TrainConfig, image_size: int, inspection: Any
) -> TrainingData:
    from keras_transfer.images.hold_splits import hold_splits

    return hold_splits(examples, config, image_size, inspection)


def _hold_split(
    examples: Examples, config: TrainConfig, image_size: int, inspection: Any, views: Any
) -> TrainingData:
    from keras_transfer.images.hold_splits import hold_split

    return hold_split(examples, config, image_size, inspection, views)


def _draw_example(file: Path, side: int, config: TrainConfig) -> np.ndarray | None:
    from keras_transfer.images.drawing import draw_image

    return draw_image(file, side, config.data)


def _list_words(words: Iterable[str]) -> tuple[list[str], Given]:
    from keras_transfer.images.prediction_inputs import list_words

    return list_words(words)


def _list_given(images: Any, value_range: str) -> tuple[list[str], Given]:
    from keras_transfer.images.prediction_inputs import list_images

    return list_images(images, value_range)


def _stream(
    sources: Sequence[Any], image_size: int, preparation: Preparation, batch_size: int
) -> Iterator[tuple[np.ndarray, list[str]]]:
    from keras_transfer.images.prediction_inputs import stream_pixels

    return stream_pixels(sources, image_size, preparation, batch_size)


def _describe_preparation(config: TrainConfig) -> dict[str, Any]:
    return {
        "image_size": config.data.image_size,
        **dataclasses.asdict(find_preparation(config.data)),
        "colours": "RGB",
        "pixels": [0, 255],  # what the model takes; it scales them itself
    }


def _list_limits(config: TrainConfig, report: Mapping[str, Any]) -> Iterator[str]:
    size = config.data.image_size or 0
    whole = find_preparation(config.data).resized_side(size)
    if whole > size:
        share = f"{100 * size / whole:.3g} % of its short side"
        yield f"* Only the centre of an image is seen: a square of {share}."
    elif config.data.resize == "crop":
        yield "* Only the central square of an image is seen."
    if report.get("short_side", {}).get("smallest", whole) < whole:
        yield f"* Some of its images were smaller than {whole} pixels and were enlarged."
    yield from _describe_range(config.data.value_range)
    yield f"* The SavedModel's `serve_bytes` reads {READ}."
    yield f"  Refused, as an error of that request: {REFUSED}."
    yield f"  Read otherwise than in training: {READ_OTHERWISE}."


def _describe_range(value_range: str) -> Iterator[str]:
    if limits := parse_range(value_range):
        low, high = limits
        which = "Its images" if covers_bytes(limits) else "Images of more than 8 bits"
        yield (
            f"* {which} are read by `data.value_range` {value_range}: a number v became "
            f"round(255 * clip((v - {low}) / ({high} - {low}), 0, 1)). "
            "`predict` and `serve_bytes` do the same; what other code gives the model must be so."
        )


def _decode_served(content: Any, image_size: int, preparation: Preparation) -> Any:
    from keras_transfer.images.decoding.served_decoding import decode_encoded

    return decode_encoded(content, image_size, preparation)


IMAGE = Modality(
    noun="image",
    read_examples=_read_examples,
    check_source=_check_source,
    name_given=_name_given,
    inspect=_inspect,
    link_alike=_link_alike,
    say_sizes=_say_sizes,
    check_settings=_check_settings,
    describe_views=_describe_views,
    find_test_views=_find_test_views,
    find_input=_find_input,
    keep_input=_keep_input,
    hold_splits=_hold_splits,
    hold_split=_hold_split,
    draw_example=_draw_example,
    list_words=_list_words,
    list_given=_list_given,
    stream=_stream,
    describe_preparation=_describe_preparation,
    list_limits=_list_limits,
    decode_served=_decode_served,
)
