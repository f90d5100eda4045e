"""The network that learns by NT-Xent: backbone, pooled features, and a projection of them."""

import keras

from keras_transfer.models.run_model import build_classifier
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.pretrain.fit_epochs import compile_pretrainer, quicken_statistics
from keras_transfer.pretrain.self_supervised.contrastive_loss import ContrastiveLoss
from keras_transfer.pretrain.self_supervised.self_supervised_settings import SelfSupervisedConfig

HIDDEN, PROJECTED = 512, 128


def build_contrastive(config: SelfSupervisedConfig, weights: Weights, steps: int) -> keras.Model:
    """Return a compiled network from pixels to projected features; all of it learns.

    Args:
        config: Settings.
        weights: Of the backbone.
        steps: Of the whole training.
    """
    keras.utils.set_random_seed(config.seed)
    classifier = build_classifier(config.as_training(), ("a", "b"), weights)  # to the pool
    backbone = classifier.get_layer("backbone")
    backbone.trainable = True
    quicken_statistics(backbone)
    hidden = keras.layers.Dense(HIDDEN, use_bias=False, name="hidden")
    normal = keras.layers.BatchNormalization(momentum=0.9, name="hidden_bn")
    x = normal(hidden(classifier.get_layer("pool").output))
    x = keras.layers.ReLU(name="hidden_relu")(x)
    # without a layer of the loss's own: what is projected is thrown away
    model = keras.Model(classifier.input, keras.layers.Dense(PROJECTED, name="projection")(x))
    loss = ContrastiveLoss(config.temperature)
    compile_pretrainer(model, loss, steps, config.learning_rate, config.weight_decay)
    return model
