"""What of a backbone learns by NT-Xent."""

import keras
import pytest

from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.pretrain.fit_epochs import MOMENTUM
from keras_transfer.pretrain.self_supervised.contrastive_model import build_contrastive
from keras_transfer.pretrain.self_supervised.self_supervised_settings import SelfSupervisedConfig

CONFIG = SelfSupervisedConfig(images="x", backbone="tiny", side=32)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["none", "bundled", "file", "imagenet"])
def test_statistics_of_photographs_are_kept_and_others_adapt(tiny_backbone, tmp_path, kind):
    build_backbone(tiny_backbone, 32).save_weights(tmp_path / "a.weights.h5")
    file = None if kind == "none" else tmp_path / "a.weights.h5"
    model = build_contrastive(CONFIG, Weights(kind=kind, file=file), 10)
    layers = model.get_layer("backbone").layers
    norms = [each for each in layers if isinstance(each, keras.layers.BatchNormalization)]
    assert len(norms) == 3
    adapts = kind in ("none", "bundled")
    assert [each.trainable for each in norms] == [adapts] * 3
    assert all(each.momentum == MOMENTUM for each in norms) == adapts
    assert all(each.trainable for each in layers if "conv" in each.name)
