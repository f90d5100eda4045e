"""A text as figures and pages show it: as it is."""

import functools
from pathlib import Path

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.logs import without_warnings
from keras_transfer.texts.sources.choose_text_source import read_texts


def find_texts(file: Path, config: TrainConfig) -> tuple[str, ...] | None:
    """Return a text, or a pair.

    Args:
        file: Root of the data set and the name of its row.
        config: Names the data set.

    Returns:
        None where the text is not there (any more).
    """
    return _read_once(config.source, config.data.data_dir).get(str(file))


@functools.lru_cache(maxsize=1)  # a page shows many texts of one data set
def _read_once(source: str, data_dir: Path | None) -> dict[str, tuple[str, ...]]:
    """Return the texts of a data set by root and name; none where it cannot be read."""
    try:
        with without_warnings():  # what is odd of the data set was said when it was read first
            examples = read_texts(source, DataConfig(data_dir=data_dir, layout="classes"))
    except ConfigError:
        return {}
    assert examples.contents is not None
    rows = zip(examples.paths.tolist(), examples.contents.tolist(), strict=True)
    return {str(examples.root / path): tuple(texts) for path, texts in rows if None not in texts}
