"""The part of a model that learns two things: the classes, and what the domains have in common."""

import logging
import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.cuts import POOLED, PROBABILITIES, Cut, frontier, take_part
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.logs import OF_EPOCH
from keras_transfer.training.adaptation.domain_losses import (
    DomainDistance,
    compare_covariances,
    compute_mean_discrepancy,
)
from keras_transfer.training.adaptation.methods import find_adaptation, find_strength
from keras_transfer.training.plan.phase import Phase

HIDDEN = 100  # units of the discriminator, as the paper has for digits
STEEPNESS = 10.0  # of the curve by which the strength rises, as in the paper
FALL = 0.2  # of training accuracy, that is no chance

logger = logging.getLogger(__name__)

DISTANCES = {
    "mean_discrepancy": compute_mean_discrepancy,
    "covariances": compare_covariances,
}


class ReverseGradient(keras.layers.Layer):
    """Hand features on as they are, and their gradient with the other sign.

    Args:
        strength: A variable that the gradient is multiplied by.

    References:
        Ganin and Lempitsky 2015, Unsupervised domain adaptation by backpropagation.
    """

    def __init__(self, strength: keras.Variable) -> None:
        super().__init__(name="reverse_gradient", dtype="float32")
        self._strength = lambda: strength  # no variable of the layer's own

    def call(self, features: Any) -> Any:
        """Return the features."""
        strength = tf.convert_to_tensor(self._strength())

        @tf.custom_gradient
        def reverse(values: Any) -> tuple[Any, Any]:
            return tf.identity(values), lambda gradient: -strength * gradient

        return reverse(features)


class DomainPart(keras.Model):
    """A part with the outputs `probabilities` and `domain`, whose results are those of the classes.

    So whatever reads `loss` and `accuracy` of an epoch reads the same with domains and without;
    `domain_loss` comes on top.
    """

    def get_metrics_result(self) -> dict[str, Any]:
        """Return loss and accuracy of the source rows, and the domain loss."""
        found = super().get_metrics_result()
        return {
            "loss": found["loss"] - found["domain_loss"],
            "accuracy": found["probabilities_accuracy"],
            "domain_loss": found["domain_loss"],
        }


class LabelledAccuracy(keras.metrics.CategoricalAccuracy):
    """Accuracy of the rows that have a label; those without are all 0."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count the rows with a label, each as much as any other."""
        labelled = keras.ops.cast(keras.ops.sum(y_true, axis=-1) > 0, "float32")
        super().update_state(y_true, y_pred, labelled)


class DomainTask:
    """What a training learns of two domains besides the classes; it lives as long as the training.

    Args:
        model: The whole model.
        config: Resolved settings, of a method that has a domain loss.
    """

    def __init__(self, model: keras.Model, config: TrainConfig) -> None:
        self.model, self.config = model, config
        self.kind = find_adaptation(config).domain_loss
        self.strength = keras.Variable(0.0, trainable=False, dtype="float32", name="strength")
        self.discriminator: keras.Model | None = None
        if self.kind == "discriminator":
            self.discriminator = self._build_discriminator()

    @property
    def variables(self) -> list[Any]:
        """What must be kept for going on with an interrupted training."""
        return list(self.discriminator.variables) if self.discriminator else []

    def serves(self, phase: Phase) -> bool:
        """Return whether features learn in a phase."""
        return phase.first_learning is not None or self._head_only

    def extend(self, start: Cut) -> DomainPart:
        """Return the part of the model from a cut on with a second output, `domain`.

        A discriminator sees the whole map that the backbone makes; distances are those of pooled
        features. Where the head alone learns, both are of its hidden layer.

        Args:
            start: Where the part begins.
        """
        depth = len(self.model.get_layer("backbone").layers)
        if self._head_only:
            part = take_part(self.model, start, [POOLED])
            probabilities, features = self._call_head(part.output)
        else:
            tap = frontier(depth) if self.discriminator else POOLED
            part = take_part(self.model, start, [PROBABILITIES, tap])
            probabilities, features = part.output
        x = keras.layers.Flatten(dtype="float32", name="features")(features)
        if self.discriminator:
            x = self.discriminator(ReverseGradient(self.strength)(x))
        return DomainPart(part.input, {"probabilities": probabilities, "domain": x})

    def build_loss(self) -> keras.Loss:
        """Return the loss of the output `domain`."""
        if self.discriminator:
            return keras.losses.BinaryCrossentropy(from_logits=True)
        return DomainDistance(DISTANCES[self.kind], self.strength)

    def rise(self, phase: Phase, steps: int) -> "RaiseStrength":
        """Return what raises the strength in a phase; `steps` are those of an epoch.

        Phases that share a schedule share the rise.
        """
        span = (phase.span or phase.epochs) * steps
        shares = (phase.begin * steps + np.arange(phase.epochs * steps)) / span
        ramp = self.config.adapt.ramp
        risen = np.minimum(shares / ramp, 1.0) if ramp else np.ones_like(shares)
        curve = 2 / (1 + np.exp(-STEEPNESS * risen)) - 1
        table = find_strength(self.config) * curve
        return RaiseStrength(self.strength, table, steps, phase.name)

    def _call_head(self, pooled: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return the probabilities, and what the hidden layer makes."""
        names = [layer.name for layer in self.model.layers]
        x = hidden = pooled
        for layer in self.model.layers[names.index("pool") + 1 :]:
            x = layer(x)
            hidden = x if layer.name == "hidden" else hidden
        return x, hidden

    @property
    def _head_only(self) -> bool:
        return self.config.strategy == "feature_extraction"

    def _build_discriminator(self) -> keras.Model:
        """Return a network from features to how much a row looks like the target, a logit."""
        if self._head_only:
            size = int(self.config.head.hidden)
        else:
            size = math.prod(self.model.get_layer("backbone").output.shape[1:])
        layers = [
            keras.layers.Dense(
                units,
                activation=activation,
                kernel_initializer=keras.initializers.GlorotUniform(seed=self.config.seed),
                dtype="float32",
            )
            for units, activation in ((HIDDEN, "relu"), (1, None))
        ]
        return keras.Sequential([keras.Input((size,)), *layers], name="discriminator")


def begin_task(model: keras.Model, config: TrainConfig) -> DomainTask | None:
    """Return what is to be learned of two domains; None where nothing is.

    Raises:
        ConfigError: The method needs layers that the model does not have.
    """
    _require_batch_norm(model, config)
    return None if find_adaptation(config).domain_loss == "none" else DomainTask(model, config)


class RaiseStrength(keras.callbacks.Callback):
    """Set the strength before each step, and warn where it does harm.

    Args:
        strength: Is set.
        table: Of each step of the phase.
        steps: Of an epoch.
        name: Of the phase.

    References:
        Ganin et al. 2016, Domain-adversarial training of neural networks (the curve).
    """

    def __init__(self, strength: keras.Variable, table: np.ndarray, steps: int, name: str) -> None:
        super().__init__()
        self.strength, self.table, self.steps, self.name = strength, table, steps, name
        self.first, self.highest, self.warned = 0, 0.0, False

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Find the steps before it."""
        self.first = epoch * self.steps

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the strength."""
        self.strength.assign(self.table[self.first + batch])

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Say the domain loss; warn, once, where training accuracy has fallen."""
        logs = logs or {}
        accuracy = logs["accuracy"]
        strength = float(self.table[self.first + self.steps - 1])
        said = "%-8s domains      loss %.4f at strength %.3f"
        logger.info(said, self.name, logs["domain_loss"], strength, extra=OF_EPOCH)
        if accuracy < self.highest - FALL and not self.warned:
            self.warned = True
            logger.warning(
                "Training accuracy fell from %.2f to %.2f: features of all images may have become "
                "alike. Lower --adapt.strength (it is %.3f now), or raise --adapt.ramp",
                *(self.highest, accuracy, strength),
            )
        self.highest = max(self.highest, accuracy)


def list_batch_norm(model: keras.Model) -> list[keras.layers.Layer]:
    """Return the BatchNorm layers of a model, wherever they are in it."""
    found = model._flatten_layers()
    return [layer for layer in found if isinstance(layer, keras.layers.BatchNormalization)]


def _require_batch_norm(model: keras.Model, config: TrainConfig) -> None:
    """Raise a `ConfigError` where a method needs layers that the model does not have."""
    if find_adaptation(config).statistics == "batch_norm" and not list_batch_norm(model):
        raise ConfigError(
            f"`adapt.method` adabn needs a network with BatchNorm layers. Received: "
            f"{config.backbone}, which has none. Take --adapt.method align, mmd, coral or dann."
        )
