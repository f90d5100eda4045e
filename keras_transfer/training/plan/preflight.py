"""Look up every name in the settings before TensorFlow is loaded or anything is downloaded."""

import importlib.util
from pathlib import Path

from keras_transfer.config.full_paths import check_weights
from keras_transfer.config.lookup import lookup
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.sources.choose_source import choose_source
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones import BACKBONES
from keras_transfer.models.freeze_boundary import check_rate_names, find_boundary, find_last_blocks
from keras_transfer.run.run_directory import MOVED, Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.strategies import STRATEGIES, check_strategy


def check_names(config: TrainConfig) -> None:
    """Look up every name in `config` before TensorFlow is loaded or anything is downloaded.

    Raises:
        ConfigError: A name is unknown (close ones are listed), there is no such data set or no
            such weights, or the freeze boundary is out of range. Or settings exclude each other.
    """
    row = lookup(BACKBONES, "backbone", config.backbone)
    find_boundary(config.backbone, row, config.finetune.locked_layers)
    find_last_blocks(config.backbone, row, config.finetune.last_blocks)
    check_rate_names(config.backbone, row, config.finetune.rates or ())
    lookup(dict.fromkeys([*STRATEGIES, "auto"]), "strategy", config.strategy)
    check_strategy(config)
    if not config.resume:  # else they are in the run's checkpoints
        check_weights(config.weights)
    try:
        choose_source(config.source)
    except ConfigError as error:
        raise (ConfigError(f"{error} {MOVED}") if config.resume else error) from error
    if config.regularize.name == "ewc" and not config.resume:
        _check_source(str(config.regularize.source))
    choose_modality(config).check_settings(config)
    if config.tensorboard and not importlib.util.find_spec("tensorboard"):
        raise ConfigError(
            "`tensorboard` must be installed to be logged to. Received: no such package. "
            "Run: pip install tensorboard"
        )


def _check_source(source: str) -> None:
    """Raise a `ConfigError` unless this is a run directory or names a data set."""
    if not Run(Path(source).expanduser()).config_file.is_file():
        try:
            choose_source(source)
        except ConfigError as error:
            raise ConfigError(f"`regularize.source`, a data set or a run: {error}") from error
