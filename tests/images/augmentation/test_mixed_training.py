"""Trainings on images that are mixed with others."""

import dataclasses

import numpy as np
import pytest

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.run.load_settings import load_config
from keras_transfer.system.errors import ConfigError
from keras_transfer.train import fine_tune


@pytest.mark.parametrize("settings", [{"preset": "cutmix"}, {"mixup": 0.1}])
def test_mixed_images_cannot_be_kept(tiny_config, settings):
    config = dataclasses.replace(
        tiny_config, augment=AugmentConfig(**settings), cache=CacheConfig(mode="on")
    )
    with pytest.raises(
        ConfigError, match=r"`cache\.mode` must be auto or off with mixup or CutMix"
    ):
        fine_tune(config)


@pytest.mark.slow
def test_a_training_on_mixed_images_keeps_nothing_and_learns(tiny_config, drawn):
    config = dataclasses.replace(
        tiny_config,
        augment=AugmentConfig(preset="cutmix", mixup=0.2),
        data=dataclasses.replace(tiny_config.data, class_weight="auto"),
        frozen=FrozenConfig(epochs=1),
    )
    with drawn():
        run = fine_tune(config)
    assert load_config(run.config_file).cache.views == "fresh"
    assert "Cache: no activations, every epoch has new views" in run.log_file.read_text()
    assert (run.figures / "augmentation.png").is_file()
    assert "augmentation cutmix, mixup 0.2," in (run.path / "model_card.md").read_text()
    assert np.isfinite(np.array(run.history_table()["loss"], float)).all()
