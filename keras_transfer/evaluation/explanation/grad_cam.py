"""Grad-CAM, and what takes its place in Transformers: which parts of an image speak for a class."""

from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.evaluation.explanation.attention_heat import find_attention_heat
from keras_transfer.evaluation.explanation.feature_map import SIGMOID, SOFTMAX, open_network

MOST_ATTENDED = 8  # images at once: attentions of 12 layers and 12 heads take 22 MB an image
TINY = 1e-30  # a probability whose logarithm float32 has

# From images (n, side, side, 3) and n classes by index to maps (n, rows, columns).
GradCam = Callable[[np.ndarray, np.ndarray], np.ndarray]


def trace_grad_cam(model: keras.Model, once: bool = False) -> GradCam:
    """Return a function from images and a class for each to what speaks for it in them.

    The channels of the last feature map are summed, each weighted by the mean over all places of
    the derivative of the class's score by it; what is left above 0 speaks for the class. The score
    is the log-odds of the class, log p - log(1 - p), from what goes into the softmax. Its
    derivative is that of the probability without the factor p (1 - p), which is 0 in float32 where
    a model is sure. And unlike the score of a class alone it does not change where the scores of
    all classes change alike, which changes no probability either.

    Forward to the answers, and back to the feature map only; one graph serves all batches. For a
    Vision Transformer, whose tokens know each other's places, see `find_attention_heat`.

    Args:
        model: A classifier as `open_network` takes it, from images (batch, side, side, 3) to
            probabilities (batch, classes), or (batch, 1) of the second of two classes.
        once: Make no graph: one batch takes half as long without, and each further one longer.

    Returns:
        A function of images (n, side, side, 3) as the model takes them, of any number type, and n
        classes by index. It returns (n, rows, columns) float32 in [0, 1], to be laid over the whole
        square: 1 at the place that most speaks for the class, 0 everywhere where none does. The
        maps of images that the model answers with NaN may be NaN.

    Raises:
        ConfigError: The network has neither a feature map nor attentions.

    References:
        R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
        Localization" (ICCV 2017), https://arxiv.org/abs/1610.02391
    """
    network, kind, attends = open_network(model)
    (taken,) = network.inputs
    lower, upper = (network, None) if attends else _split(network)
    find_heat = find_attention_heat if attends else _find_map_heat

    def look(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            *shown, scores = _call_parts(lower, upper, images, tape)
            odds = find_log_odds(scores, classes, kind)
        heat = find_heat(shown, tape.gradient(odds, shown, unconnected_gradients="zero"))
        most = tf.reduce_max(heat, (1, 2), keepdims=True)
        return tf.math.divide_no_nan(heat, most)

    if not once:
        images = tf.TensorSpec((None, *taken.shape[1:]), taken.dtype)
        signature = [images, tf.TensorSpec([None], tf.int32)]
        look = tf.function(look, input_signature=signature, autograph=False)

    def explain(images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        asked = np.asarray(classes, np.int32)
        most = MOST_ATTENDED if attends else max(len(asked), 1)
        heats = [
            look(tf.cast(images[start : start + most], taken.dtype), tf.constant(part))
            for start in range(0, len(asked), most)
            if len(part := asked[start : start + most])
        ]
        return np.concatenate(heats)

    return explain


def _find_map_heat(features: Sequence[tf.Tensor], slopes: Sequence[tf.Tensor]) -> tf.Tensor:
    """Return (n, rows, columns) of the one feature map, 0 or more."""
    shares = tf.reduce_mean(tf.cast(slopes[0], tf.float32), (1, 2), keepdims=True)
    return tf.nn.relu(tf.reduce_sum(shares * tf.cast(features[0], tf.float32), 3))


def _split(network: keras.Model) -> tuple[keras.Model, keras.Model | None]:
    """Return the network up to the feature map and the rest; None: paths lead around the map."""
    features, scores = network.outputs
    try:
        return keras.Model(network.inputs, features), keras.Model(features, scores)
    except ValueError:
        return network, None


def _call_parts(
    lower: keras.Model, upper: keras.Model | None, images: tf.Tensor, tape: tf.GradientTape
) -> Sequence[tf.Tensor]:
    """Return what is shown and the scores, what leads from the one to the others on the tape.

    The tape goes back through all that is on it: what lies below the feature map would double the
    time until the first answer.
    """
    if upper is not None:
        with tape.stop_recording():
            features = lower(images, training=False)
        tape.watch(features)
        return features, upper(features, training=False)
    # without them nothing is recorded of layers that are locked
    tape.watch([each.value for each in lower.weights if tf.as_dtype(each.dtype).is_floating])
    return list(lower(images, training=False))


def find_log_odds(scores: tf.Tensor, classes: tf.Tensor, kind: str) -> tf.Tensor:
    """Return log p - log(1 - p) of a class of each image, (n,) float32.

    Args:
        scores: (n, classes) or (n, 1); see `open_network`.
        classes: (n,) integers.
        kind: What makes probabilities of the scores.
    """
    scores = tf.reshape(tf.cast(scores, tf.float32), (-1, scores.shape[-1]))
    if kind not in (SOFTMAX, SIGMOID):  # they are probabilities
        if scores.shape[1] == 1:
            scores = tf.concat([1 - scores, scores], 1)
        scores = tf.math.log(tf.maximum(scores, TINY))
    elif scores.shape[1] == 1:
        scores = tf.concat([tf.zeros_like(scores), scores], 1)
        kind = SOFTMAX
    own = tf.gather(scores, classes, batch_dims=1)
    if kind == SIGMOID:  # of several classes, each for itself
        return own
    is_own = tf.one_hot(classes, scores.shape[1], on_value=True, off_value=False, dtype=tf.bool)
    return own - tf.reduce_logsumexp(tf.where(is_own, -np.inf, scores), 1)
