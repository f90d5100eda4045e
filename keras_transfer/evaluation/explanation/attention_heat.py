"""Which tokens of a Vision Transformer speak for a class, by what its attentions look at."""

from collections.abc import Sequence

import tensorflow as tf

from keras_transfer.evaluation.explanation.feature_map import find_side


def find_attention_heat(attentions: Sequence[tf.Tensor], slopes: Sequence[tf.Tensor]) -> tf.Tensor:
    """Return how much each place of the image spoke for a class.

    Each layer passes on what its tokens have heard of the image. Of what a token looks at counts
    what raised the score, the attention times its slope where that is positive, as a mean over the
    heads; the rest stays what it was. In the end it counts what the class token has heard, or all
    tokens alike where there is none.

    Args:
        attentions: (n, heads, tokens, tokens) of each layer, in order.
        slopes: Derivatives of the score by them.

    Returns:
        (n, rows, columns) float32, 0 or more.

    References:
        H. Chefer, S. Gur and L. Wolf, "Generic Attention-model Explainability for Interpreting
        Bi-Modal and Encoder-Decoder Transformers" (ICCV 2021), https://arxiv.org/abs/2103.15679
    """
    count = attentions[0].shape[-1]
    side = find_side((None, count, None))
    heard = start = tf.eye(count, batch_shape=tf.shape(attentions[0])[:1])
    for attention, slope in zip(attentions, slopes, strict=True):
        raised = tf.nn.relu(tf.cast(attention, tf.float32) * tf.cast(slope, tf.float32))
        heard += tf.reduce_mean(raised, 1) @ heard
    heard -= start
    of_class = heard[:, 0] if count > side * side else tf.reduce_mean(heard, 1)
    return tf.reshape(of_class[:, count - side * side :], (-1, side, side))
