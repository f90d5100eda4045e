"""How much each weight of a backbone matters to other images: its Fisher information."""

import logging
import warnings

import keras
import numpy as np
import tensorflow as tf
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from keras_transfer.config.messages import count_of
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.cuts import IMAGES, POOLED, take_part
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing
from keras_transfer.training.optimization.source_images import read_sample
from keras_transfer.training.progress.npz_archives import read_arrays, write_arrays
from keras_transfer.training.progress_display import showing_steps

logger = logging.getLogger(__name__)


def recall_fisher(
    model: keras.Model, weights: list[keras.Variable], config: TrainConfig, run: Run
) -> list[np.ndarray]:
    """Return the Fisher information of each weight, scaled to a mean of 1 over all of them.

    It is kept among the checkpoints: an interrupted run does not need the source again. Scaled,
    `strength` means the same as for l2_sp, however sure the network is of the source.

    Args:
        model: The whole model with the weights from which the training starts.
        weights: Of its backbone.
        config: Names the source.
        run: Keeps what was computed, in fisher.npz.

    Raises:
        ConfigError: The source cannot be used.
    """
    file = run.checkpoints / "fisher.npz"
    kept = read_arrays(file)
    if kept is None:
        found = estimate_fisher(model, weights, config)
        mean = sum(value.sum() for value in found) / sum(value.size for value in found)
        kept = {str(index): value / max(mean, 1e-30) for index, value in enumerate(found)}
        with replacing(file) as temporary:
            write_arrays(temporary, kept)
        run.stopwatch.lap("fisher")
    return list(kept.values())


def estimate_fisher(
    model: keras.Model, weights: list[keras.Variable], config: TrainConfig
) -> list[np.ndarray]:
    """Return the diagonal of the Fisher information of the weights on a sample of the source.

    That is the mean square of the gradient of log p(label | image), with labels drawn from the
    predictions. A backbone has none of its own, so a logistic regression on its pooled features of
    the same images makes them.

    Args:
        model: The whole model with the weights from which the training starts.
        weights: Of its backbone.
        config: Names the source.

    Returns:
        An array for each weight, of its shape, from 0.

    Raises:
        ConfigError: The source cannot be used.

    References:
        Kirkpatrick et al. 2017, Overcoming catastrophic forgetting in neural networks.
        Kunstner et al. 2019, Limitations of the empirical Fisher approximation (why drawn labels).
    """
    data = read_sample(config, model.input.shape[1])
    front = take_part(model, IMAGES, [POOLED])
    images = np.concatenate([batch.numpy() for batch, _ in data.clean_batches("train")])
    kernel, bias = _fit_head(front, images, data.splits["train"].labels)
    rng = np.random.default_rng(config.seed)
    draws = rng.random(len(images)).astype(np.float32)
    return _square_gradients(front, weights, kernel, bias, images, draws, config.quiet)


def _fit_head(
    front: keras.Model, images: np.ndarray, labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel (features, classes) and bias (classes,) of a softmax on the features."""
    parts = [images[start : start + 32] for start in range(0, len(images), 32)]
    features = np.concatenate([front(part, training=False).numpy() for part in parts])
    if not np.isfinite(features).all():
        raise ConfigError(
            "The features of `regularize.source` must be numbers. Received: others. "
            "Check --weights."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # near enough for squares of gradients
        found = LogisticRegression(max_iter=200).fit(features, labels)
    kernel, bias = found.coef_.T, found.intercept_
    if kernel.shape[1] == 1:  # of two classes scikit-learn keeps one column
        kernel, bias = np.hstack([-kernel, kernel]) / 2, np.hstack([-bias, bias]) / 2
    return kernel.astype(np.float32), bias.astype(np.float32)


def _square_gradients(
    front: keras.Model,
    weights: list[keras.Variable],
    kernel: np.ndarray,
    bias: np.ndarray,
    images: np.ndarray,
    draws: np.ndarray,
    quiet: bool,
) -> list[np.ndarray]:
    """Return the mean over images of the squared gradient; one image a time, or squares mix."""
    variables = [weight.value for weight in weights]
    totals = [tf.Variable(tf.zeros_like(variable)) for variable in variables]

    @tf.function(
        input_signature=[
            tf.TensorSpec(images.shape[1:], tf.float32),
            tf.TensorSpec((), tf.float32),
        ],
        autograph=False,
    )
    def add(image: tf.Tensor, draw: tf.Tensor) -> None:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            features = tf.cast(front(image[None], training=False), tf.float32)
            logs = tf.nn.log_softmax(features @ kernel + bias)[0]
            ends = tf.cumsum(tf.exp(tf.stop_gradient(logs)))
            label = tf.minimum(tf.reduce_sum(tf.cast(ends < draw, tf.int32)), len(bias) - 1)
            chosen = logs[label]
        gradients = tape.gradient(
            chosen, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        for total, gradient in zip(totals, gradients, strict=True):
            total.assign_add(tf.square(gradient))

    pairs = zip(images, draws, strict=True)
    with showing_steps(pairs, "fisher", len(images), 1, quiet) as shown:
        for image, draw in shown:
            add(image, draw)
    logger.info("Fisher information of %s", count_of(len(images), "image"))
    return [total.numpy() / len(images) for total in totals]
