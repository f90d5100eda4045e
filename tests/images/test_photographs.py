"""Kept and streamed training on real photographs with real weights: `pytest -m slow`."""

import dataclasses

import numpy as np
import pytest

from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.train import fine_tune


@pytest.mark.slow
def test_kept_and_streamed_training_agree_on_photographs(shared, tmp_path):
    """Ten epochs a phase with real weights, without dropout; run with `pytest -m slow`."""
    import keras

    config = TrainConfig(
        backbone="mobilenetv3small",
        dataset=str(shared / "data" / "hymenoptera"),
        weights=str(shared / "weights" / "mobilenet_v3_small_224_imagenet_notop.weights.h5"),
        output=tmp_path,
        quiet=True,
        head=HeadConfig(dropout=0.0),
        frozen=FrozenConfig(epochs=10),
        finetune=FinetuneConfig(epochs=10, locked_layers=100),
    )
    runs = [
        fine_tune(dataclasses.replace(config, name=mode, cache=CacheConfig(mode=mode)))
        for mode in ("auto", "off")
    ]
    assert "cache" in runs[0].metrics()["seconds"]
    assert "cache" not in runs[1].metrics()["seconds"]
    kept, streamed = (
        keras.models.load_model(run.model_file).get_layer("probabilities").get_weights()[0]
        for run in runs
    )
    assert np.linalg.norm(kept - streamed) <= 1e-3 * np.linalg.norm(streamed)
    for phase in ("frozen", "finetune"):
        last = [run.metrics()["phases"][phase]["last_validation_accuracy"] for run in runs]
        assert abs(last[0] - last[1]) <= 1.01 / 153
