"""Networks as users build them, small, each with the part of it whose answers are the features."""

import keras
import numpy as np

layers = keras.layers
SIDE = 32


def scramble(model):
    """Give a network weights that no layer has by default, statistics of BatchNorm too."""
    random = np.random.default_rng(3)
    model.set_weights([random.uniform(0.05, 0.4, w.shape) for w in model.get_weights()])
    return model


def build_features(side=SIDE):
    """A map of 8 channels, behind convolutions that BatchNorm and dropout follow."""
    x = inputs = keras.Input((side, side, 3))
    for width in (4, 6, 8):
        x = layers.Conv2D(width, 3, padding="same")(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D()(x)
        x = layers.Dropout(0.5)(x)
    return scramble(keras.Model(inputs, x))


def build_cnn():
    features = build_features()
    pooled = layers.GlobalAveragePooling2D()(features.output)
    answer = layers.Dense(3, activation="softmax")(layers.Dropout(0.2)(pooled))
    return keras.Model(features.input, answer), features


def build_flat():
    """Flattened, with layers between it and the answer."""
    features = build_features()
    x = layers.Dense(8, activation="relu")(layers.Flatten()(features.output))
    return keras.Model(features.input, layers.Dense(3)(layers.BatchNormalization()(x))), features


def build_sequential():
    steps = [layers.Rescaling(1 / 255), layers.RandomFlip(), layers.RandomZoom(0.2)]
    steps += [layers.Conv2D(4, 3, activation="relu"), layers.GaussianNoise(0.5)]
    steps += [layers.Conv2D(4, 3, activation="relu"), layers.SpatialDropout2D(0.5)]
    end = [layers.Flatten(), layers.Dense(3, activation="softmax")]
    model = scramble(keras.Sequential([keras.Input((SIDE, SIDE, 3)), *steps, *end]))
    return model, keras.Model(model.inputs, model.layers[len(steps) - 1].output)


def build_guide():
    """As the guide of Keras: augmentation, scaling, a network within, called in inference mode."""
    inputs = keras.Input((SIDE, SIDE, 3))
    augmentation = keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.2)])
    scaled = layers.Rescaling(1 / 127.5, -1)(augmentation(inputs))
    features = build_features()(scaled, training=False)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(features))
    return keras.Model(inputs, layers.Dense(1)(x)), keras.Model(inputs, features)


def build_nested():
    """Three models of layers with the same names, for images of any size."""
    x = inputs = keras.Input((None, None, 3))
    for name in ("low", "middle", "high"):
        y = within = keras.Input((None, None, x.shape[-1]))
        y = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 3, name="conv")(y))
        x = keras.Model(within, y, name=name)(x)
    features = scramble(keras.Model(inputs, x))
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalMaxPooling2D()(x))), features


def build_mixed():
    """Trained in mixed precision; the features are those of its float32 twin."""
    twin = build_features()
    former = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        features = build_features()
        pooled = layers.GlobalAveragePooling2D()(features.output)
        answer = layers.Dense(3, dtype="float32")(pooled)
    finally:
        keras.config.set_dtype_policy(former)
    return keras.Model(features.input, answer), twin


def build_normalized():
    """Normalization that saw raw pixels."""
    normalization = layers.Normalization()
    normalization.adapt(np.random.default_rng(0).uniform(0, 255, (4, SIDE, SIDE, 3)))
    inputs = keras.Input((SIDE, SIDE, 3))
    features = layers.Conv2D(4, 3, activation="relu")(normalization(inputs))
    answer = layers.Dense(2)(layers.Flatten()(features))
    return keras.Model(inputs, answer), keras.Model(inputs, features)


def build_shared():
    """One ReLU for all."""
    relu, inputs = layers.ReLU(name="relu"), keras.Input((SIDE, SIDE, 3))
    x = relu(layers.Conv2D(4, 3)(relu(layers.Conv2D(4, 3)(inputs))))
    features = scramble(keras.Model(inputs, x))
    return keras.Model(inputs, layers.Dense(2)(layers.GlobalAveragePooling2D()(x))), features


def build_tokens():
    """A transformer, without and with a token of its own before the classifier."""
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 8, 8)(layers.Rescaling(1 / 255)(inputs)))
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, 4, dropout=0.5)(y, y)])
        x = layers.Add()([x, layers.Dense(8, "gelu")(layers.LayerNormalization()(x))])
    x = layers.LayerNormalization()(x)
    head = layers.Dense(4, "gelu")(layers.Dropout(0.5)(layers.Flatten()(x)))
    return keras.Model(inputs, layers.Dense(3)(head)), keras.Model(inputs, x)


def build_class_token():
    _, tokens = build_tokens()
    vector = layers.LayerNormalization()(tokens.output[:, 0])
    features = keras.Model(tokens.input, vector)
    return keras.Model(tokens.input, layers.Dense(3)(layers.Dropout(0.5)(vector))), features


def build_headless():
    features = build_features()
    return features, features


def build_vector():
    """Without a classifier: its vector is its answer."""
    features = build_features()
    vector = keras.Model(features.input, layers.GlobalMaxPooling2D()(features.output))
    return vector, vector


def build_convolved_answer():
    """As MobileNet ends: pooled to one place, and a convolution for a Dense."""
    features = build_features()
    x = layers.GlobalAveragePooling2D(keepdims=True)(features.output)
    x = layers.Conv2D(3, 1)(layers.Dropout(0.2)(x))
    x = layers.Activation("softmax")(layers.Reshape((3,))(x))
    return keras.Model(features.input, x), features


def build_penalized():
    """What adds to the loss, and what binds kernels."""
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(
        4, 3, kernel_regularizer="l2", activity_regularizer="l1", kernel_constraint="max_norm"
    )(inputs)
    x = layers.ActivityRegularization(0.1)(layers.Activation(keras.activations.swish)(x))
    features = keras.Model(inputs, x)
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(features.output))), features


def build_pipeline():
    """Augmentation and scaling in one layer, with a model in it."""
    inputs = keras.Input((SIDE, SIDE, 3))
    flips = keras.Sequential([layers.RandomFlip(), layers.RandomRotation(0.2)])
    steps = layers.Pipeline([flips, layers.RandomContrast(0.5), layers.Rescaling(1 / 255)])
    features = keras.Model(inputs, build_features()(steps(inputs, training=False)))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(features.output))), features


def build_spectral():
    """Two convolutions that are scaled anew at every step of a training."""
    x = inputs = keras.Input((SIDE, SIDE, 3))
    for _ in range(2):
        x = layers.SpectralNormalization(layers.Conv2D(4, 3))(x)
    features = scramble(keras.Model(inputs, x))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x))), features


def build_wrapped():
    """Layers for each row of a map, of which two act in training alone."""
    x = layers.Conv2D(4, 3)(inputs := keras.Input((SIDE, SIDE, 3)))
    for each in (layers.Dropout(0.5), layers.Dense(4), layers.GaussianNoise(0.5)):
        x = layers.TimeDistributed(each)(x)
    features = scramble(keras.Model(inputs, x))
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x))), features


KINDS = {
    name.removeprefix("build_"): build
    for name, build in sorted(globals().items())
    if name.startswith("build_") and name != "build_features"
}
