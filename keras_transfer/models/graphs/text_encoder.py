"""Text encoders of plain Keras layers, so that every Keras opens a model that holds one.

Padding is known from the hidden state alone, which is zero there after every layer. So one tensor
carries the signal on, and the network can be cut below each layer as those for images can.
"""

from typing import NamedTuple

import keras

from keras_transfer.models.backbones.hub_networks import Pooling
from keras_transfer.models.graphs.disentangled_attention import build_disentangled_attention

SHARED = "shared_layers"  # name of the part that holds layers of the same weights


class TextEncoder(NamedTuple):
    """What tells one from another."""

    layers: int
    heads: int
    width: int  # numbers of a token
    mlp_width: int
    vocabulary: int  # tokens that have an embedding
    most_tokens: int  # of a text; each place has an embedding
    segments: int = 0  # parts of a text that have an embedding; 0: none has
    embedding_width: int = 0  # of embeddings that a matrix brings to `width`; 0: there is none
    approximate: bool = False  # whether gelu is computed by tanh, as by BERT
    epsilon: float = 1e-12
    pad: int = 0  # the token that fills a row up
    separator: int = 0  # the token that ends a part; asked for where there are segments
    pooling: Pooling = "mean"
    shared: bool = False  # whether all layers have the same weights
    buckets: int = 0  # of distances that have an embedding, each way; 0: places have one


def build_text_encoder(shape: TextEncoder) -> keras.Model:
    """Build a text encoder with random weights, without its classifier.

    Each layer normalizes what it has added, as the first Transformer did. Nothing is dropped: the
    head has a dropout of its own.

    Args:
        shape: Depth and widths.

    Returns:
        A functional model from token ids, int32 (batch, length), padded at the end, to what
        `shape.pooling` says. mean: the last hidden state, (batch, length, width), zero at padding;
        its mean is taken elsewhere. class: that of the first token, (batch, width). pooler: the
        same after one more layer.

    References:
        Devlin et al. 2019, BERT: https://arxiv.org/abs/1810.04805
    """
    tokens = keras.Input((None,), dtype="int32", name="token_ids")
    x = _embed(tokens, shape)
    if shape.shared:
        x = _share_layers(shape)(x)
    else:
        for number in range(1, shape.layers + 1):
            x = _add_layer(x, shape, f"layer_{number}")
    if shape.pooling != "mean":
        x = x[:, 0]
    if shape.pooling == "pooler":
        x = _dense(shape.width, "pooler", activation="tanh")(x)
    return keras.Model(tokens, x)


def pool_mean(inputs: keras.KerasTensor) -> keras.Model:
    """Return a model from hidden states to their mean without padding, in float32.

    Args:
        inputs: (batch, length, width), zero at padding; for its shape and dtype.
    """
    states = keras.Input(inputs.shape[1:], dtype=inputs.dtype, name="states")
    x = keras.ops.cast(states, "float32")
    here = keras.ops.cast(keras.ops.any(keras.ops.not_equal(x, 0.0), axis=-1), "float32")
    count = keras.ops.sum(here, axis=-1, keepdims=True)
    mean = keras.ops.sum(x, axis=1) / keras.ops.maximum(count, 1.0)
    return keras.Model(states, mean, name="pool")


def _embed(tokens: keras.KerasTensor, shape: TextEncoder) -> keras.KerasTensor:
    """Add the embeddings of tokens, of their places and of their segments."""
    # 0, 1, 2, … for one text: a layer must be given something that comes from the input
    places = keras.ops.cumsum(keras.ops.ones_like(tokens[:1, :]), axis=1) - 1
    numbered = [("tokens", shape.vocabulary, tokens)]
    if not shape.buckets:
        numbered.append(("positions", shape.most_tokens, places))
    here = keras.ops.not_equal(tokens, shape.pad)
    if shape.segments:
        ends = keras.ops.cast(keras.ops.equal(tokens, shape.separator), "int32")
        segments = keras.ops.cumsum(ends, axis=1) - ends  # a separator ends its own segment
        segments = keras.ops.minimum(segments, shape.segments - 1)
        segments = keras.ops.where(here, segments, 0)
        numbered.append(("segments", shape.segments, segments))
    width = shape.embedding_width or shape.width
    embedded = [
        keras.layers.Embedding(count, width, _start(), name=name)(numbers)
        for name, count, numbers in numbered
    ]
    x = keras.layers.Add(name="embedded")(embedded) if len(embedded) > 1 else embedded[0]
    x = keras.layers.LayerNormalization(epsilon=shape.epsilon, name="embedded_norm")(x)
    if shape.embedding_width:
        x = _dense(shape.width, "widened")(x)
    return _clear_padding(x, here)


def _share_layers(shape: TextEncoder) -> keras.Model:
    """Return one layer, applied as often as there are layers."""
    states = keras.Input((None, shape.width), name="states")
    layer = keras.Model(states, _add_layer(states, shape, "layer"), name="layer")
    x = inputs = keras.Input((None, shape.width), name="embedded")
    for _ in range(shape.layers):
        x = layer(x)
    return keras.Model(inputs, x, name=SHARED)


def _add_layer(x: keras.KerasTensor, shape: TextEncoder, name: str) -> keras.KerasTensor:
    """Add attention and a small network, each normalized with what came in."""
    # a layer, after which the mask is made: nothing but `x` crosses into this one
    x = keras.layers.Identity(name=f"{name}_in")(x)
    here = keras.ops.any(keras.ops.not_equal(x, 0.0), axis=-1)
    attended = _attend(x, here, shape, f"{name}_attention")
    x = keras.layers.Add(name=f"{name}_add_1")([x, attended])
    x = keras.layers.LayerNormalization(epsilon=shape.epsilon, name=f"{name}_norm_1")(x)
    y = _dense(shape.mlp_width, f"{name}_mlp_1")(x)
    y = keras.ops.gelu(y, approximate=shape.approximate)
    y = _dense(shape.width, f"{name}_mlp_2")(y)
    x = keras.layers.Add(name=f"{name}_add_2")([x, y])
    x = keras.layers.LayerNormalization(epsilon=shape.epsilon, name=f"{name}_norm_2")(x)
    return _clear_padding(x, here)


def _attend(
    x: keras.KerasTensor, here: keras.KerasTensor, shape: TextEncoder, name: str
) -> keras.KerasTensor:
    if shape.buckets:
        numbers = shape.width, shape.heads, shape.buckets, shape.most_tokens
        return build_disentangled_attention(*numbers, name)(x)
    return keras.layers.MultiHeadAttention(
        shape.heads, shape.width // shape.heads, kernel_initializer=_start(), name=name
    )(x, x, attention_mask=here[:, None, :])


def _clear_padding(x: keras.KerasTensor, here: keras.KerasTensor) -> keras.KerasTensor:
    return keras.ops.where(here[:, :, None], x, 0.0)


def _dense(width: int, name: str, activation: str | None = None) -> keras.layers.Dense:
    return keras.layers.Dense(width, activation, kernel_initializer=_start(), name=name)


def _start() -> keras.initializers.Initializer:
    """Return BERT's first values; one for each layer, as it gives the same numbers every time."""
    return keras.initializers.TruncatedNormal(stddev=0.02)
