"""Grad-CAM: which parts of an image speak for a class."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.evaluation.explanation.feature_map import SIGMOID, SOFTMAX, open_network

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

    Forward to the answers, and back to the feature map only; one graph serves all batches.

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
        ConfigError: The network has no feature map.

    References:
        R. Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
        Localization" (ICCV 2017), https://arxiv.org/abs/1610.02391
    """
    network, kind = open_network(model)
    (taken,) = network.inputs
    lower, upper = _split(network)

    def look(images: tf.Tensor, classes: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            features, scores = _call_parts(lower, upper, images, tape)
            odds = find_log_odds(scores, classes, kind)
        slopes = tape.gradient(odds, features, unconnected_gradients="zero")
        shares = tf.reduce_mean(tf.cast(slopes, tf.float32), (1, 2), keepdims=True)
        heat = tf.nn.relu(tf.reduce_sum(shares * tf.cast(features, tf.float32), 3))
        most = tf.reduce_max(heat, (1, 2), keepdims=True)
        return tf.math.divide_no_nan(heat, most)

    if not once:
        images = tf.TensorSpec((None, *taken.shape[1:]), taken.dtype)
        signature = [images, tf.TensorSpec([None], tf.int32)]
        look = tf.function(look, input_signature=signature, autograph=False)

    def explain(images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        asked = tf.constant(np.asarray(classes, np.int32))
        return np.asarray(look(tf.cast(images, taken.dtype), asked))

    return explain


def _split(network: keras.Model) -> tuple[keras.Model, keras.Model | None]:
    """Return the network up to the feature map and the rest; None: paths lead around the map."""
    features, scores = network.outputs
    try:
        return keras.Model(network.inputs, features), keras.Model(features, scores)
    except ValueError:
        return network, None


def _call_parts(
    lower: keras.Model, upper: keras.Model | None, images: tf.Tensor, tape: tf.GradientTape
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return features and scores, what leads from the ones to the others on the tape.

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
    features, scores = lower(images, training=False)
    return features, scores


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
