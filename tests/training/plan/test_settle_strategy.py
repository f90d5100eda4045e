import dataclasses

import pytest

from keras_transfer.config.layers import merge_layers
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.preflight import check_names
from keras_transfer.training.plan.strategies import STRATEGIES, settle_strategy


@pytest.mark.parametrize("strategy", [*STRATEGIES, "auto"])
def test_what_nobody_has_pretrained_is_trained_from_scratch_whatever_the_strategy(strategy):
    settled = settle_strategy(TrainConfig(backbone="cnn5", strategy=strategy))
    assert settled == TrainConfig(backbone="cnn5", strategy="from_scratch")


@pytest.mark.parametrize("weights", ["none", "mine.weights.h5"])
def test_weights_that_are_named_leave_the_strategy_as_it_was(weights):
    config = TrainConfig(backbone="cnn5", weights=weights, strategy="full")
    assert settle_strategy(config) is config


@pytest.mark.parametrize("name", BACKBONES)
def test_whoever_has_weights_keeps_the_strategy(name):
    config = TrainConfig(backbone=name)
    assert (settle_strategy(config) is config) == BACKBONES[name].has_weights


@pytest.mark.parametrize("strategy", [*STRATEGIES, "auto"])
def test_epochs_are_all_that_it_trains(strategy):
    config = merge_layers({"backbone": "cnn5", "strategy": strategy, "epochs": 7})
    settled = settle_strategy(config)
    assert settled.frozen.epochs + settled.finetune.epochs == 7
    one_phase = merge_layers({"backbone": "cnn5", "frozen.epochs": 7, "finetune.epochs": 0})
    assert settle_strategy(one_phase).frozen.epochs == 7


def test_images_must_not_be_smaller_than_the_layers_can_take(stripes):
    def check(backbone, size):
        config = TrainConfig(backbone=backbone, dataset=str(stripes), strategy="from_scratch")
        data = dataclasses.replace(config.data, image_size=size)
        check_names(dataclasses.replace(config, data=data))

    check("danndigits", 28)
    for name, size, least in (("cnn5", 28, 32), ("mobilenetv3small", 31, 32)):
        with pytest.raises(
            ConfigError, match=f"at least {least} pixels for {name}. Received: {size}"
        ):
            check(name, size)
