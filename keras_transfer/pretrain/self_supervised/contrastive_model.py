"""The network that learns by NT-Xent: backbone, pooled features, and a projection of them.

References:
    T. Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations",
    ICML 2020.
"""

import keras

from keras_transfer.models.run_model import build_classifier
from keras_transfer.models.weights.pretrained_weights import UNSEEING, Weights
from keras_transfer.pretrain.fit_epochs import compile_pretrainer, quicken_statistics
from keras_transfer.pretrain.self_supervised.contrastive_loss import ContrastiveLoss
from keras_transfer.pretrain.self_supervised.self_supervised_settings import SelfSupervisedConfig

HIDDEN, PROJECTED = 512, 128


def build_contrastive(config: SelfSupervisedConfig, weights: Weights, steps: int) -> keras.Model:
    """Return a compiled network from pixels to projected features.

    All of it learns, but for the BatchNorm of a backbone that has seen photographs: its statistics
    are of a million images, those of a batch of 256 views are noise (`benchmarks/README.md`).

    Args:
        config: Settings.
        weights: Of the backbone.
        steps: Of the whole training.
    """
    keras.utils.set_random_seed(config.seed)
    classifier = build_classifier(config.as_training(), ("a", "b"), weights)  # to the pool
    backbone = classifier.get_layer("backbone")
    backbone.trainable = True
    if weights.kind in UNSEEING:  # pictures of formulas, or nothing, say little of yours
        quicken_statistics(backbone)
    else:
        lock_statistics(backbone)
    hidden = keras.layers.Dense(HIDDEN, use_bias=False, name="hidden")
    normal = keras.layers.BatchNormalization(momentum=0.9, name="hidden_bn")
    x = normal(hidden(classifier.get_layer("pool").output))
    x = keras.layers.ReLU(name="hidden_relu")(x)
    # only the backbone is kept: what is projected is good for the loss alone (section 4.2 there)
    model = keras.Model(classifier.input, keras.layers.Dense(PROJECTED, name="projection")(x))
    loss = ContrastiveLoss(config.temperature)
    compile_pretrainer(model, loss, steps, config.learning_rate, config.weight_decay)
    return model


def lock_statistics(backbone: keras.Model) -> None:
    """Lock BatchNorm: statistics, and what follows them."""
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
