"""Batches of two domains: as many images of the target as of the source in each."""

from typing import Any

import tensorflow as tf

from keras_transfer.data.streams import finish_stream, map_batches


def join_domains(sources: tf.data.Dataset, targets: tf.data.Dataset) -> tf.data.Dataset:
    """Return batches of rows that are source and target in turn.

    Devices that share a batch so get rows of both. The classes weigh 2 on source rows and 0 on
    target rows, since Keras divides by all rows.

    Args:
        sources: Examples (n, …), one-hot labels and, perhaps, weights of the examples.
        targets: Examples (n, …), and labels that are not looked at.

    Returns:
        Examples (2n, …); labels by output: `probabilities` (2n, classes), 0 for target rows, and
        `domain` (2n, 1), 1 for target rows; and weights (2n,) by output.
    """

    def join(source: tuple[Any, ...], target: tuple[Any, ...]) -> tuple[Any, Any, Any]:
        examples, labels, *given = source
        weights = given[0] if given else tf.ones_like(labels[:, 0])
        domains = tf.tile(tf.constant([[0.0], [1.0]]), [tf.shape(labels)[0], 1])
        truths = {
            "probabilities": _alternate(labels, tf.zeros_like(labels)),
            "domain": domains,
        }
        counted = {
            "probabilities": _alternate(2 * weights, tf.zeros_like(weights)),
            "domain": tf.ones_like(domains[:, 0]),
        }
        return _alternate(examples, target[0]), truths, counted

    return finish_stream(map_batches(tf.data.Dataset.zip(sources, targets), join))


def name_outputs(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Return batches of one domain for a model with the outputs of `join_domains`."""

    def name(examples: Any, labels: Any) -> tuple[Any, Any, Any]:
        ones = tf.ones_like(labels[:, 0])
        truths = {"probabilities": labels, "domain": tf.zeros_like(labels[:, :1])}
        weights = {"probabilities": ones, "domain": tf.zeros_like(ones)}
        return examples, truths, weights

    return map_batches(batches, name, in_turn=True)


def _alternate(first: Any, second: Any) -> Any:
    """Return the rows of two tensors in turn."""
    both = tf.reshape(tf.stack([first, second], axis=1), [-1, *first.shape[1:]])
    return tf.ensure_shape(both, [None, *first.shape[1:]])
