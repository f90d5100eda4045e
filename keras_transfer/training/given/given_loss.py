"""A given loss: opened, and tried before a training begins."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.config.lookup import suggest
from keras_transfer.system.errors import ConfigError

CLASSES = 3  # of what it is tried on


def open_loss(given: Any) -> keras.Loss:
    """Return the loss that a name, a Keras loss or a function means, tried on some labels.

    Labels are one-hot, (batch, classes) float32; predictions are probabilities of that shape.

    Raises:
        ConfigError: There is none of that name, it takes other labels or predictions, or it gives
            no number that a gradient flows from.
    """
    loss = _find_named(given) if isinstance(given, str) else given
    name = given if isinstance(given, str) else getattr(loss, "__name__", type(loss).__name__)
    if "sparse" in name.lower():
        raise ConfigError(
            "`loss` must take one-hot labels. Received: "
            f"{name}. Use {name.replace('sparse_', '').replace('Sparse', '')}: the labels are "
            "one-hot here, whatever the data set has."
        )
    if not callable(loss):
        raise ConfigError(
            "`loss` must be a name such as 'categorical_crossentropy', a keras.losses.Loss, or a "
            f"function (labels, probabilities) -> loss. Received: {loss!r}."
        )
    if isinstance(loss, keras.Loss) and loss.get_config().get("from_logits"):
        raise ConfigError(
            f"`loss` must take probabilities. Received: {name}(from_logits=True). Leave "
            "from_logits out: the model ends with a softmax."
        )
    opened = loss if isinstance(loss, keras.Loss) else _wrap(loss)
    _probe(opened, name)
    return opened


def _wrap(function: Any) -> keras.Loss:
    """Return a loss that is the mean of what a function says of each example."""

    class Wrapped(keras.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return function(y_true, y_pred)

    return Wrapped(name="given")  # <lambda> is no name of a scope


def _find_named(name: str) -> Any:
    try:
        return keras.losses.get(name)
    except ValueError:
        known = [each for each in dir(keras.losses) if each[0].islower() and "_" in each]
        raise ConfigError(f"Unknown loss {name!r}. {suggest(name, known)}") from None


def _probe(loss: keras.Loss, name: str) -> None:
    labels = tf.constant(np.eye(CLASSES, dtype=np.float32))
    predictions = tf.constant(np.full((CLASSES, CLASSES), 1 / CLASSES, np.float32))
    with tf.GradientTape() as tape:
        tape.watch(predictions)
        found = tf.convert_to_tensor(loss(labels, predictions))
    slope = tape.gradient(found, predictions)
    fits = found.shape.rank == 0 and np.isfinite(float(found))
    if fits and slope is not None and np.isfinite(slope.numpy()).all():
        return
    received = "a loss without a gradient" if fits else f"{found.numpy()}"
    raise ConfigError(
        "`loss` must give a number for each example, from which a gradient flows to the "
        f"probabilities. Received: {received} from {name}."
    )
