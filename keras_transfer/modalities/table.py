"""MODALITIES: the kinds of examples that can be learned from, one row each."""

from collections.abc import Mapping

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.modality import Modality
from keras_transfer.images.modality import IMAGE

MODALITIES: Mapping[str, Modality] = {"image": IMAGE}


def choose_modality(config: TrainConfig) -> Modality:
    """Return the row of what `config` is about: images, as long as the table has no other."""
    return MODALITIES["image"]
