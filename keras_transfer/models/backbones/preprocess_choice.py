"""What a network expects of pixels where only the user knows it. Nothing here imports Keras."""

import dataclasses
import logging
from collections.abc import Mapping

from keras_transfer.config.train_config import PreprocessWord
from keras_transfer.models.backbones.backbone_row import Backbone, Preprocess
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

# The words of the settings -> those of a row.
PREPROCESS: Mapping[PreprocessWord, Preprocess] = {
    "raw": "inside",
    "tf": "tf",
    "caffe": "caffe",
    "torch": "torch",
    "unit": "unit",
}


def settle_preprocess(name: str, row: Backbone, word: PreprocessWord) -> PreprocessWord:
    """Return what pixels a backbone gets, auto only where its row says it.

    Args:
        name: Name of the backbone, for the error.
        row: Its row.
        word: `preprocess` of the settings.

    Raises:
        ConfigError: It is to be said, and was not; or it is known, and was said.
    """
    if row.file is None:
        if word == "auto":
            return word
        raise ConfigError(
            "`preprocess` must be auto unless the backbone is a file: what pixels others expect is "
            f"known. Received: {word} with {name}. Leave it out."
        )
    if word == "auto" and row.preprocess == "asked":
        raise ConfigError(
            "`preprocess` must say which pixels a network was trained on if none of its first "
            f"layers scales them. Received: auto with {name}. Choose --preprocess raw ([0, 255]), "
            "unit ([0, 1]), tf ([-1, 1]), torch (ImageNet mean and deviation) or caffe (BGR minus "
            "ImageNet means)."
        )
    return "raw" if word == "auto" else word


def fix_preprocess(name: str, row: Backbone, word: PreprocessWord) -> Backbone:
    """Return a row that says what pixels its network gets; see `settle_preprocess`."""
    settled = settle_preprocess(name, row, word)
    if settled == "auto":
        return row
    return dataclasses.replace(row, preprocess=PREPROCESS[settled])


def tell_network(name: str, row: Backbone, word: PreprocessWord) -> None:
    """Log what is taken of a user's file, and warn of pixels that would be scaled twice."""
    for note in row.notes:
        logger.info("%s", note)
    if row.file and row.preprocess == "inside" and word not in ("auto", "raw"):
        logger.warning(
            "`preprocess` %s scales pixels that the first layers of %s scale again. That is right "
            "only if it was trained so: else leave --preprocess out",
            word,
            name,
        )
