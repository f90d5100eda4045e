"""EfficientNet-Lite: EfficientNet without the parts that are slow or lose accuracy in 8 bits."""

from typing import NamedTuple

import keras

# Raw RGB to about [-1, 1], by the numbers that the published weights were trained with.
MEAN, SCALE = 127.0, 128.0
STEM, TOP = 32, 1280  # filters, the same at every size of the family


class Stage(NamedTuple):
    """Blocks at one resolution; the first of them changes size and width."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    filters: int


B0 = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def build_efficientnet_lite0(image_size: int) -> keras.Model:
    """Build EfficientNet-Lite0 with random weights, without its classifier.

    It is EfficientNetB0 without squeeze-and-excite, with ReLU6 in the place of swish, whose range
    8 bits hold well. Layers bear the names that EfficientNetB0 has in keras.applications. Padding
    "same" is what that pads in layers of their own. Blocks are never dropped: whatever drops within
    a backbone rests here (see `build_model`).

    Args:
        image_size: Side of the input in pixels, 32 or more.

    Returns:
        A functional model from raw RGB in [0, 255], (batch, image_size, image_size, 3), to the last
        feature map, (batch, image_size / 32 rounded up, the same, 1280).

    References:
        EfficientNet, Tan and Le 2019: https://arxiv.org/abs/1905.11946
        The changes: https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
    """
    pixels = keras.Input((image_size, image_size, 3))
    x = keras.layers.Rescaling(1 / SCALE, -MEAN / SCALE, name="rescaling")(pixels)
    x = _convolve(x, STEM, "stem_", kernel=3, stride=2)
    for number, stage in enumerate(B0, start=1):
        for index in range(stage.blocks):
            x = _add_block(x, stage, index == 0, f"block{number}{'abcd'[index]}_")
    return keras.Model(pixels, _convolve(x, TOP, "top_"), name="efficientnetlite0")


def _add_block(x: keras.KerasTensor, stage: Stage, is_first: bool, name: str) -> keras.KerasTensor:
    """Widen, filter each channel, narrow; add the input where the shape is kept."""
    skip = x
    if stage.expansion != 1:
        x = _convolve(x, x.shape[-1] * stage.expansion, f"{name}expand_")
    x = keras.layers.DepthwiseConv2D(
        stage.kernel,
        stage.stride if is_first else 1,
        padding="same",
        use_bias=False,
        depthwise_initializer=_scatter(),
        name=f"{name}dwconv",
    )(x)
    x = _normalize(x, name)
    x = _convolve(x, stage.filters, f"{name}project_", activate=False)
    return x if is_first else keras.layers.Add(name=f"{name}add")([x, skip])


def _convolve(
    x: keras.KerasTensor,
    filters: int,
    name: str,
    kernel: int = 1,
    stride: int = 1,
    activate: bool = True,
) -> keras.KerasTensor:
    x = keras.layers.Conv2D(
        filters,
        kernel,
        stride,
        padding="same",
        use_bias=False,
        kernel_initializer=_scatter(),
        name=f"{name}conv",
    )(x)
    return _normalize(x, name, activate)


def _normalize(x: keras.KerasTensor, name: str, activate: bool = True) -> keras.KerasTensor:
    x = keras.layers.BatchNormalization(epsilon=1e-3, name=f"{name}bn")(x)
    return keras.layers.ReLU(6.0, name=f"{name}activation")(x) if activate else x


def _scatter() -> keras.initializers.Initializer:
    """Return the first values of EfficientNet's kernels."""
    return keras.initializers.VarianceScaling(2.0, "fan_out", "truncated_normal")
