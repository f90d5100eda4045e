"""The pictures of a finished run: its images, as far as they are what they were, and its model."""

import logging
from pathlib import Path

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.run_examples import read_source
from keras_transfer.evaluation.html_report.write_report import Pictures
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.run_model import load_run_model
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file

logger = logging.getLogger(__name__)


def find_pictures(run: Run, config: TrainConfig) -> Pictures:
    """Return what the pictures of a report are made of; without its images there are none.

    Args:
        run: A finished run; its split.csv says what each image held.
        config: Its settings.
    """
    modality, table = choose_modality(config), run.split_table()
    try:
        root = read_source(config, modality).root
    except ConfigError as error:
        logger.warning("The report has no images: %s", error)
        return Pictures(
            run.path, lambda file, side: None, lambda: load_run_model(run, config, own=True)
        )
    contents = {
        root / path: content for path, content in zip(table["path"], table["sha256"], strict=True)
    }
    known: dict[Path, bool] = {}

    def draw(file: Path, side: int) -> np.ndarray | None:
        if file not in known:
            known[file] = _is_same(file, contents.get(file))
        return modality.draw_example(file, side, config) if known[file] else None

    return Pictures(root, draw, lambda: load_run_model(run, config, own=True))


def _is_same(file: Path, content: str | None) -> bool:
    try:
        return hash_file(file) == content
    except OSError:
        return False
