"""The row of texts in MODALITIES. What it names is imported when it is called."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.cluster.block_engines import THIS_PROCESS, Engine
from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.validation import require
from keras_transfer.data.examples import Examples
from keras_transfer.data.findings import Findings
from keras_transfer.data.modality import (
    Baseline,
    BaselineAnswers,
    Given,
    Keeping,
    Modality,
)
from keras_transfer.data.training_data import ModelInput, TokenInput, TrainingData
from keras_transfer.run.run_files import RunFiles

PIXEL_SETTINGS = (  # section, its defaults, and which of it no text has
    (
        "augment",
        AugmentConfig,
        [each.name for each in dataclasses.fields(AugmentConfig) if each.name != "preset"],
    ),
    ("data", DataConfig, ["resize", "crop_fraction", "interpolation", "value_range"]),
)


def _read_examples(dataset: str, config: DataConfig) -> Examples:
    from keras_transfer.texts.sources.choose_text_source import read_texts

    return read_texts(dataset, config)


def _check_source(dataset: str) -> None:
    from keras_transfer.texts.sources.choose_text_source import check_text_source

    check_text_source(dataset)


def _name_given(dataset: Any) -> str:
    from keras_transfer.texts.in_memory.write_texts import name_texts

    return name_texts(dataset)


def _inspect(
    examples: Examples, keeping: Keeping | None = None, engine: Engine = THIS_PROCESS
) -> Findings:
    from keras_transfer.texts.doctor.text_inspection import inspect_texts

    return inspect_texts(examples, keeping)


def _link_alike(examples: Examples, inspection: Any) -> np.ndarray:
    from keras_transfer.texts.doctor.near_texts import link_alike

    return link_alike(examples, inspection)


def _say_sizes(report: Mapping[str, Any]) -> str:
    from keras_transfer.texts.doctor.text_inspection import say_lengths

    return say_lengths(report)


def _check_settings(config: TrainConfig) -> None:
    preset, target = config.augment.preset, config.adapt.target
    must = "standard or none where the examples are texts, which are not changed"
    require(preset in ("standard", "none"), "augment.preset", must, preset)
    must = "left out where the examples are texts: it is about pixels"
    for section, usual, names in PIXEL_SETTINGS:
        for name in names:
            given = getattr(getattr(config, section), name)
            require(given == getattr(usual, name), f"{section}.{name}", must, given)
    must = "left out where the examples are texts: two domains are for images"
    require(target is None, "adapt.target", must, target)


def _describe_views(config: TrainConfig) -> str:
    return "none: texts are taken as they are"


def _find_test_views(config: TrainConfig, flips: bool) -> None:
    return None


def _find_input(config: TrainConfig, folder: Path) -> TokenInput:
    return TokenInput(int(config.data.sequence_length or 0), RunFiles(folder).tokenizer)


def _keep_input(taken: ModelInput, folder: Path) -> ModelInput:
    from keras_transfer.texts.tokenizers import copy_tokenizer

    assert isinstance(taken, TokenInput)
    return taken._replace(tokenizer=copy_tokenizer(taken.tokenizer, RunFiles(folder).tokenizer))


def _hold_splits(
    examples: Examples, config: TrainConfig, taken: ModelInput, inspection: Any
) -> TrainingData:
    from keras_transfer.texts.hold_splits import hold_splits

    assert isinstance(taken, TokenInput)
    return hold_splits(examples, config, taken, inspection)


def _hold_split(
    examples: Examples, config: TrainConfig, taken: ModelInput, inspection: Any, views: Any
) -> TrainingData:
    from keras_transfer.texts.hold_splits import hold_split

    assert isinstance(taken, TokenInput)
    return hold_split(examples, config, taken, inspection, views)


def _draw_example(file: Path, side: int, config: TrainConfig) -> tuple[str, ...] | None:
    from keras_transfer.texts.drawing import find_texts

    return find_texts(file, config)


def _list_words(words: Iterable[str]) -> tuple[list[str], Given]:
    from keras_transfer.texts.prediction_inputs import list_words

    return list_words(words)


def _list_given(texts: Any, value_range: str) -> tuple[list[str], Given]:
    from keras_transfer.texts.prediction_inputs import list_texts

    return list_texts(texts)


def _stream(
    sources: Sequence[Any], taken: Any, preparation: Any, batch_size: int
) -> Iterator[tuple[np.ndarray, list[str]]]:
    from keras_transfer.texts.prediction_inputs import stream_texts

    return stream_texts(sources, batch_size)


def _describe_preparation(config: TrainConfig) -> dict[str, Any]:
    return {"modality": "text", "sequence_length": config.data.sequence_length}


def _list_limits(config: TrainConfig, report: Mapping[str, Any]) -> Iterator[str]:
    yield f"* Of a text the first {config.data.sequence_length} tokens are seen."


def _decode_served(content: Any, taken: Any, preparation: Any) -> Any:
    from keras_transfer.texts.tokenizers import serve_tokens

    return serve_tokens(content, taken)


def _answer_tfidf(examples: Examples, config: TrainConfig) -> BaselineAnswers:
    from keras_transfer.texts.tfidf import answer_tfidf

    return answer_tfidf(examples, config)


TEXT = Modality(
    noun="text",
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
    baseline=Baseline(name="tfidf", answer=_answer_tfidf),
)
