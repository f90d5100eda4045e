"""What a report shows of a run: its examples, as far as they are what they were, and its model."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.modality import Modality
from keras_transfer.data.run_examples import inspect_again, list_examples, read_source
from keras_transfer.data.shards.member_files import hash_content
from keras_transfer.evaluation.explanation.word_occlusion import trace_texts
from keras_transfer.evaluation.html_report.write_report import Pictures
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.run_model import load_run_model
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)


def find_pictures(run: Run, config: TrainConfig) -> Pictures:
    """Return what the pictures of a report are made of; without its examples there are none.

    Args:
        run: A finished run; its split.csv says what each example held.
        config: Its settings.
    """
    modality = choose_modality(config)

    def load() -> "keras.Model":
        return load_run_model(run, config, own=True)

    ask = trace_texts(load, modality, config, run.path)
    try:
        source = read_source(config, modality)
    except ConfigError as error:
        logger.warning("The report has no %ss: %s", modality.noun, error)
        return Pictures(run.path, lambda file, side: None, load, ask)
    known, contents = _find_same(source, run, modality)

    def draw(file: Path, side: int) -> np.ndarray | tuple[str, ...] | None:
        if file not in known:
            known[file] = _is_same(file, contents.get(file))
        return modality.draw_example(file, side, config) if known[file] else None

    return Pictures(source.root, draw, load, ask)


def _find_same(
    source: Examples, run: Run, modality: Modality
) -> tuple[dict[Path, bool], dict[Path, str]]:
    """Return whether examples in memory are what they were, and what files must hold."""
    if source.contents is not None:
        listed = list_examples(run, source)
        _, lost = inspect_again(listed, run, modality)
        gone = {*lost.tolist()}
        return {source.root / path: row not in gone for row, path in enumerate(listed.paths)}, {}
    table = run.split_table()
    pairs = zip(table["path"], table["sha256"], strict=True)
    return {}, {source.root / path: content for path, content in pairs}


def _is_same(file: Path, content: str | None) -> bool:
    try:
        return hash_content(file) == content
    except OSError:
        return False
