"""Look up every name in the settings before TensorFlow is loaded or anything is downloaded."""

import operator
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.full_paths import check_weights, is_word
from keras_transfer.config.lookup import lookup
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.validation import require
from keras_transfer.data.same_files.moved_sources import check_source
from keras_transfer.data.splits.split_file import read_split_file
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.backbones.preprocess_choice import settle_preprocess
from keras_transfer.models.freeze_boundary import (
    check_low_rank,
    check_parts,
    check_rate_names,
    find_boundary,
    find_last_blocks,
)
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.adaptation.methods import ADAPTATIONS, check_adaptation
from keras_transfer.training.optimization.optimizers import OPTIMIZERS
from keras_transfer.training.optimization.regularizers import REGULARIZERS
from keras_transfer.training.optimization.schedules import SCHEDULES
from keras_transfer.training.plan.backbone_input import check_input, settle_backbone
from keras_transfer.training.plan.begun_weights import require_same_network
from keras_transfer.training.plan.strategies import STRATEGIES, check_strategy


def list_names() -> dict[str, Mapping[str, Any]]:
    """Return the settings that are names, each with the table that it is a name in."""
    return {
        "backbone": BACKBONES,
        "strategy": dict.fromkeys([*STRATEGIES, "auto"]),
        "optimizer.name": OPTIMIZERS,
        "optimizer.schedule": {**SCHEDULES, "auto": None},
        "regularize.name": REGULARIZERS,
        "adapt.method": ADAPTATIONS,
    }


def check_names(config: TrainConfig) -> None:
    """Look up every name in `config` before TensorFlow is loaded or anything is downloaded.

    Raises:
        ConfigError: A name is unknown (close ones are listed), there is no such data set or no
            such weights, or the freeze boundary is out of range. Or settings exclude each other.
    """
    config = settle_backbone(config)
    row = find_backbone(config.backbone, anew=True)
    require_same_network(config, row)
    settle_preprocess(config.backbone, row, config.preprocess)
    for setting, table in list_names().items():
        if setting != "backbone":  # which need not be in the table
            lookup(table, setting, operator.attrgetter(setting)(config))
    modality = choose_modality(config)
    check_input(config, row)
    find_boundary(config.backbone, row, config.finetune.locked_layers)
    check_parts(config.backbone, row, config.strategy)
    if config.strategy == "partial" or config.finetune.last_blocks != FinetuneConfig.last_blocks:
        find_last_blocks(config.backbone, row, config.finetune.last_blocks)
    check_rate_names(config.backbone, row, config.finetune.rates or ())
    check_strategy(config)
    check_adaptation(config)
    if config.adapt.target:
        _check_target(config)
    if config.strategy == "lora":
        check_low_rank(config.backbone, row, config.finetune.lora_targets)
    if not config.resume:  # else they are in the run's checkpoints
        _check_weights(config)
    check_source(modality, config.source, of_run=bool(config.resume))
    if config.data.split_file and not config.resume:  # as above
        read_split_file(config.data.split_file)
    if REGULARIZERS[config.regularize.name].needs_source:
        _check_source(config)
    modality.check_settings(config)


def _check_weights(config: TrainConfig) -> None:
    """Raise a `ConfigError` unless the weights are named by a word, or a file holds enough."""
    check_weights(config.weights)
    if is_word(config.weights) or config.strategy == "from_scratch":  # which reads none
        return
    from keras_transfer.models.weights.file_contents import require_enough
    from keras_transfer.models.weights.pretrained_weights import find_weights_file

    require_enough(find_weights_file(config.backbone, config.weights), config.backbone)


def _check_target(config: TrainConfig) -> None:
    """Raise a `ConfigError` unless `adapt.target` names images."""
    try:
        choose_modality(config).check_source(str(config.adapt.target))
    except ConfigError as error:
        raise ConfigError(f"`adapt.target`, images of another domain: {error}") from error


def _check_source(config: TrainConfig) -> None:
    """Raise a `ConfigError` unless the source is a run directory or names a data set."""
    name, source = config.regularize.name, config.regularize.source
    must = f"a data set or a run where regularize.name is {name}"
    require(source is not None, "regularize.source", must, source)
    # an interrupted run has what was read of it in its checkpoints
    if config.resume or Run(Path(str(source)).expanduser()).config_file.is_file():
        return
    try:
        choose_modality(config).check_source(str(source))
    except ConfigError as error:
        raise ConfigError(f"`regularize.source`, a data set or a run: {error}") from error
