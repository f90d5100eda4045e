"""Whether a backbone takes what the data set holds, and what it takes of it."""

import dataclasses

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.validation import require
from keras_transfer.data.training_data import ModelInput, TokenInput
from keras_transfer.modalities.table import name_modality
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError

TEXT_BACKBONE = "minilm"  # where the examples are texts, and none is asked for
TEXTS = "texts"


def settle_backbone(config: TrainConfig) -> TrainConfig:
    """Return `config` with a backbone for texts where they are given and the usual one is named."""
    if name_modality(config) != "text" or config.backbone != TrainConfig.backbone:
        return config
    return dataclasses.replace(config, backbone=TEXT_BACKBONE)


def check_input(config: TrainConfig, row: Backbone) -> None:
    """Raise a `ConfigError` unless the backbone takes such examples, of the size that is asked."""
    kind, name = f"{name_modality(config)}s", config.backbone
    if row.takes != kind:
        other = TEXT_BACKBONE if kind == TEXTS else TrainConfig.backbone
        raise ConfigError(
            f"`backbone` must take {kind}, which {config.source} holds. Received: {name}, which "
            f"takes {row.takes}. Choose --backbone {other}; if the data set holds {row.takes}, "
            f"write --data.modality {row.takes.removesuffix('s')}."
        )
    size, must = config.data.image_size, f"at least {row.least_size} pixels for {name}"
    require(size is None or size >= row.least_size, "data.image_size", must, size)
    if row.takes == TEXTS:
        must = "left out where the examples are texts; --data.sequence_length is theirs"
        require(size is None, "data.image_size", must, size)
        length, must = config.data.sequence_length, f"at most {row.most_tokens} tokens for {name}"
        fits = not isinstance(length, int) or length <= row.most_tokens
        require(fits, "data.sequence_length", must, length)


def find_input(row: Backbone, weights: Weights, run: Run | None = None) -> ModelInput:
    """Return what a backbone takes of an example; a run that goes on has its tokenizer."""
    if row.takes != TEXTS:
        return row.image_size
    if run is not None and run.tokenizer.is_dir():
        return TokenInput(row.most_tokens, run.tokenizer)
    from keras_transfer.models.hub.tokenizer_folders import find_tokenizer

    return TokenInput(row.most_tokens, find_tokenizer(row, weights))
