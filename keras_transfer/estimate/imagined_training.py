"""A training of any number of examples, none of which is there: what would be kept, in phases."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, cast

import keras

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.training_data import TrainingData
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.run.run_directory import Run
from keras_transfer.training.cache.budget import Budget
from keras_transfer.training.cache.cache_plan import fit_plan
from keras_transfer.training.plan.auto_settings import resolve_auto, resolve_strategy
from keras_transfer.training.plan.strategies import plan_phases
from keras_transfer.training.plan.training_parts import Training

ENDLESS = Budget(memory=0, disk=2**63)


class ImaginedData:
    """As other data, with any numbers of examples.

    Args:
        data: Everything else is as it says.
        counts: Split -> its examples.
    """

    def __init__(self, data: TrainingData, counts: Mapping[str, int]) -> None:
        self._data = data
        self.splits = {name: range(count) for name, count in counts.items() if count}

    @property
    def steps(self) -> int:
        """Steps of one epoch, the last partial batch included."""
        return math.ceil(len(self.splits["train"]) / self._data.batch_size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._data, name)


def imagine_training(
    config: TrainConfig, model: keras.Model, data: TrainingData, counts: Mapping[str, int]
) -> Training:
    """Return the training that `config` would make of so many examples, all of its work kept.

    Args:
        config: As the user gave it.
        model: What it builds, with any weights.
        data: Some examples.
        counts: Split -> its examples; at least one of train and validation.

    Raises:
        ConfigError: The settings do not fit each other.
    """
    imagined = cast(TrainingData, ImaginedData(data, counts))
    row, run = find_backbone(config.backbone), Run(config.output / "estimate")
    config, _ = resolve_strategy(config, imagined, run)
    kind = "none" if config.weights == "none" or not row.has_weights else "imagenet"
    config = resolve_auto(config, row, imagined, kind, "float32")
    phases = plan_phases(config, row)
    training = Training(model=model, phases=phases, data=imagined, config=config, run=run)
    plan, _ = fit_plan(training, dataclasses.replace(ENDLESS))
    return dataclasses.replace(training, cache=plan)
