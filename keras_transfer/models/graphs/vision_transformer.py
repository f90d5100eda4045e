"""Vision Transformers of plain Keras layers, so that every Keras opens a model that holds one."""

from typing import NamedTuple

import keras

POSITIONS = "positions"  # name of the layer whose weights belong to places in the image


class Transformer(NamedTuple):
    """What tells one from another."""

    patch: int  # side in pixels
    blocks: int
    heads: int
    width: int  # numbers of a token
    mlp_width: int
    class_token: bool = True  # whether a token of its own stands for the image; else their mean
    patch_bias: bool = True
    attention_bias: bool = True
    mlp_bias: bool = True
    pre_norm: bool = False  # before the first block, as CLIP has it
    activation: str = "gelu"  # or quick_gelu, x sigmoid(1.702 x)
    epsilon: float = 1e-6


B16 = Transformer(patch=16, blocks=12, heads=12, width=768, mlp_width=3072)
L16 = Transformer(patch=16, blocks=24, heads=16, width=1024, mlp_width=4096)


def build_vision_transformer(shape: Transformer, image_size: int) -> keras.Model:
    """Build a Vision Transformer with random weights, without its classifier.

    What only `positions` tells apart is one number less than in the paper: the class token is the
    same for every image, so it is the first row of the position embeddings. After each block one
    tensor carries the signal on. Nothing is dropped: the head has a dropout of its own.

    Args:
        shape: Depth and widths.
        image_size: Side of the input in pixels, a multiple of the patch's.

    Returns:
        A functional model from scaled RGB, (batch, image_size, image_size, 3), to the class token
        after the last norm, (batch, width); without a class token to all of them, (batch, tokens,
        width).

    References:
        Dosovitskiy et al. 2021, An image is worth 16x16 words: https://arxiv.org/abs/2010.11929
    """
    pixels = keras.Input((image_size, image_size, 3))
    x = keras.layers.Conv2D(
        shape.width, shape.patch, shape.patch, use_bias=shape.patch_bias, name="patches"
    )(pixels)
    x = keras.layers.Reshape((-1, shape.width), name="tokens")(x)
    if shape.class_token:
        x = keras.layers.ZeroPadding1D((1, 0), name="class_token")(x)
    # 0, 1, 2, … for one image: a layer must be given something that comes from the input
    places = keras.ops.cumsum(keras.ops.ones_like(x[:1, :, 0], dtype="int32"), axis=1) - 1
    start = keras.initializers.RandomNormal(stddev=0.02)
    positions = keras.layers.Embedding(x.shape[1], shape.width, start, name=POSITIONS)(places)
    x = keras.layers.Add(name="embedded")([x, positions])
    if shape.pre_norm:
        x = _normalize(shape, "pre_norm")(x)
    for number in range(1, shape.blocks + 1):
        x = _add_block(x, shape, f"block_{number}")
    x = _normalize(shape, "norm")(x)
    return keras.Model(pixels, x[:, 0] if shape.class_token else x)


def _normalize(shape: Transformer, name: str) -> keras.layers.Layer:
    return keras.layers.LayerNormalization(epsilon=shape.epsilon, name=name)


def _add_block(x: keras.KerasTensor, shape: Transformer, name: str) -> keras.KerasTensor:
    """Add attention and a small network to what came in, each after a norm of its own."""
    normed = _normalize(shape, f"{name}_norm_1")(x)
    attended = keras.layers.MultiHeadAttention(
        shape.heads,
        shape.width // shape.heads,
        use_bias=shape.attention_bias,
        name=f"{name}_attention",
    )(normed, normed)
    x = keras.layers.Add(name=f"{name}_add_1")([x, attended])
    y = _normalize(shape, f"{name}_norm_2")(x)
    y = keras.layers.Dense(shape.mlp_width, use_bias=shape.mlp_bias, name=f"{name}_mlp_1")(y)
    if shape.activation == "quick_gelu":
        y = keras.ops.multiply(y, keras.ops.sigmoid(1.702 * y))
    else:
        y = keras.layers.Activation(shape.activation, name=f"{name}_{shape.activation}")(y)
    y = keras.layers.Dense(shape.width, use_bias=shape.mlp_bias, name=f"{name}_mlp_2")(y)
    return keras.layers.Add(name=f"{name}_add_2")([x, y])
