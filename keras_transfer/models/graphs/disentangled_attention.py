"""Attention of DeBERTa, of plain Keras layers: what a token is and how far it stands, apart."""

import math

import keras

EPSILON = 1e-7


def build_disentangled_attention(
    width: int, heads: int, buckets: int, most_tokens: int, name: str
) -> keras.Model:
    """Build the attention of one layer with random weights.

    DeBERTa has one table of distances for all layers. Here each layer has a copy, so that a network
    can be cut and locked between any two: frozen, they compute what one table would, and layers
    that learn may move them apart.

    Args:
        width: Numbers of a token.
        heads: Divide `width`.
        buckets: Of distances that have an embedding, each way. Half of them are for one distance,
            the others grow wider as the logarithm.
        most_tokens: Of a text; how far the widest bucket reaches.
        name: Of the model.

    Returns:
        A functional model from hidden states (batch, length, width), zero at padding, to what each
        token gathers from the others, of the same shape.

    References:
        He et al. 2021, DeBERTa: https://arxiv.org/abs/2006.03654
        He et al. 2021, DeBERTaV3: https://arxiv.org/abs/2111.09543
    """
    states = keras.Input((None, width), name="states")
    here = keras.ops.any(keras.ops.not_equal(states, 0.0), axis=-1)
    first = keras.ops.ones_like(states[:1, :, 0])
    places = keras.ops.cumsum(keras.ops.cast(first, "int32"), axis=1)  # 1, 2, 3, …
    table = _embed_distances(places, width, buckets, most_tokens)
    query, key, value = (_project(width, heads, part) for part in ("query", "key", "value"))
    asks, answers = query(states), key(states)  # (batch, length, heads, head)
    scores = keras.ops.einsum("bqhd,bkhd->bhqk", asks, answers)
    shift = _find_shifts(places)
    # each token's query meets the distance's key, and each token's key the distance's query
    scores += _shift_rows(keras.ops.einsum("bqhd,rhd->bhqr", asks, key(table)[0]), heads, shift)
    turned = keras.ops.flip(query(table)[0], axis=0)  # as rows are of keys here
    turned = _shift_rows(keras.ops.einsum("bkhd,rhd->bhkr", answers, turned), heads, shift)
    scores += keras.ops.transpose(turned, (0, 1, 3, 2))
    scores *= 1.0 / math.sqrt(3 * (width // heads))  # three kinds of scores are added
    weights = keras.layers.Softmax(name="weights")(scores, mask=here[:, None, None, :])
    gathered = keras.ops.einsum("bhqk,bkhd->bqhd", weights, value(states))
    gathered = keras.layers.Reshape((-1, width))(gathered)
    output = keras.layers.Dense(width, kernel_initializer=_start(), name="output")(gathered)
    return keras.Model(states, output, name=name)


def _embed_distances(
    places: keras.KerasTensor, width: int, buckets: int, most_tokens: int
) -> keras.KerasTensor:
    """Return what stands for the distances length - 1, …, 0, …, 1 - length, of query from key.

    Args:
        places: 1, 2, …, length; (1, length) int32.
        width: See `build_disentangled_attention`, as the others.
        buckets: Of distances, each way.
        most_tokens: Of a text.

    Returns:
        (1, 2 * length - 1, width).
    """
    distances = keras.ops.concatenate([places[:, -1:] - places, 1 - places[:, 1:]], axis=1)
    size, half = keras.ops.abs(distances), buckets // 2
    relative = keras.ops.cast(keras.ops.maximum(size, half), "float32") / half
    far = keras.ops.log(relative) * (half - 1) / math.log((most_tokens - 1) / half)
    far = keras.ops.cast(keras.ops.ceil(far), "int32") + half
    bucket = keras.ops.where(size <= half, distances, far * keras.ops.sign(distances))
    bucket = keras.ops.clip(bucket + buckets, 0, 2 * buckets - 1)
    embedding = keras.layers.Embedding(2 * buckets, width, _start(), name="distances")
    return keras.layers.LayerNormalization(epsilon=EPSILON, name="distances_norm")(
        embedding(bucket)
    )


def _find_shifts(places: keras.KerasTensor) -> keras.KerasTensor:
    """Return where in rows of distances, laid end to end, that of each two tokens is.

    Returns:
        (length, length) int32: row i, column j is that of the distance i - j in row i.
    """
    length = places[:, -1:]
    row, column = keras.ops.transpose(places) - 1, places - 1
    return row * (2 * length - 1) + length - 1 - row + column


def _shift_rows(
    scores: keras.KerasTensor, heads: int, shift: keras.KerasTensor
) -> keras.KerasTensor:
    """Return scores of tokens and distances as those of tokens and tokens."""
    flat = keras.layers.Reshape((heads, -1))(scores)
    return keras.ops.take(flat, shift, axis=-1)


def _project(width: int, heads: int, name: str) -> keras.layers.EinsumDense:
    return keras.layers.EinsumDense(
        "abc,cde->abde",
        (None, heads, width // heads),
        bias_axes="de",
        kernel_initializer=_start(),
        name=name,
    )


def _start() -> keras.initializers.Initializer:
    return keras.initializers.TruncatedNormal(stddev=0.02)
