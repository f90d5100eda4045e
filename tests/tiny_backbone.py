"""A backbone that trains in half a second."""

from keras_transfer.models.backbones.backbone_row import Backbone


def build_tiny(image_size):
    """Three conv+BatchNorm blocks; the third has dropout and a skip connection."""
    import keras

    x = inputs = keras.Input((image_size, image_size, 3))
    for block in (1, 2, 3):
        skip = x
        strides = 1 if block == 3 else 2
        x = keras.layers.Conv2D(
            16, 3, strides, padding="same", use_bias=False, name=f"block{block}_conv"
        )(x)
        x = keras.layers.BatchNormalization(name=f"block{block}_bn")(x)
        x = keras.layers.ReLU(name=f"block{block}_relu")(x)
    x = keras.layers.Dropout(0.5, name="block3_drop")(x)
    x = keras.layers.Add(name="block3_add")([x, skip])
    return keras.Model(inputs, x)


def make_tiny_row():
    return Backbone(
        build=build_tiny,
        preprocess="tf",
        image_size=32,
        layers=12,
        blocks={"stem": 0, "block1": 1, "block2": 4, "block3": 7},
        default_boundary="block2",
        parameters=5232,
        top1=None,
        weights_url="",
        weights_hash=None,
        use="tests",
    )
