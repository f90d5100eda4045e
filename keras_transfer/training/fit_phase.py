"""One phase as Keras sees it: flags, compile, fit."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.same_files.lost_examples import require_all, require_unchanged
from keras_transfer.data.training_data import Batches
from keras_transfer.models.freeze_boundary import HEAD
from keras_transfer.models.freeze_table import name_blocks
from keras_transfer.models.freezing import set_boundary
from keras_transfer.models.low_rank import lock_all_else
from keras_transfer.training.adaptation.domain_batches import join_domains, name_outputs
from keras_transfer.training.adaptation.domain_part import DomainPart, LabelledAccuracy
from keras_transfer.training.cache.activation_data import ActivationData
from keras_transfer.training.callbacks import list_callbacks
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.class_weights import weigh_images
from keras_transfer.training.given.given_callbacks import TellGiven
from keras_transfer.training.given.given_loss import open_loss
from keras_transfer.training.optimization.build_optimizer import build_optimizer
from keras_transfer.training.optimization.filter_gradients import quick_filter_gradients
from keras_transfer.training.optimization.schedules import plan_rates
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.training_parts import Training
from keras_transfer.training.progress.training_progress import Progress
from keras_transfer.training.progress_display import showing_phase

FITTED = ("train", "validation")  # splits that `fit` takes


class WatchFiles(keras.callbacks.Callback):
    """End the training where files were replaced, before an epoch on them is written down.

    Args:
        training: Its data reads them.
    """

    def __init__(self, training: Training) -> None:
        super().__init__()
        self.training = training

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Raise a `ConfigError` for files that are others than they were."""
        require_unchanged(self.training.data, self.training.run, FITTED)
        if self.training.target is not None:
            self.training.target.require_unchanged()


def set_flags(model: keras.Model, phase: Phase, config: TrainConfig) -> None:
    """Lock and unlock the layers as a phase says."""
    backbone = model.get_layer("backbone")
    set_boundary(backbone, phase.first_learning, config.finetune.batch_norm)
    lock_all_else(backbone)


def plan_steps(phase: Phase, config: TrainConfig, steps: int) -> np.ndarray:
    """Return the learning rate of every step of a phase; `steps` are those of an epoch."""
    span = (phase.span or phase.epochs) * steps
    rates = plan_rates(config.optimizer, phase.rate_of(HEAD), span, steps)
    return rates[phase.begin * steps : (phase.begin + phase.epochs) * steps]


def build_loss(training: Training) -> keras.Loss:
    """Return the loss: the given one, else cross-entropy."""
    if training.given.loss is not None:
        return open_loss(training.given.loss)
    smoothing = training.config.optimizer.label_smoothing
    return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)


def compile_part(part: keras.Model, phase: Phase, steps: int, training: Training) -> None:
    """Compile the part of a model that a phase trains; a changed `trainable` takes effect here.

    Args:
        part: What `FrozenCache.serve` handed out.
        phase: Its rates are meant.
        steps: Of an epoch.
        training: The model that the part is of, and the optimizer's settings.
    """
    config, blocks = training.config, name_blocks(training.model, training.row)
    head = phase.rate_of(HEAD)
    factors = [
        phase.rate_of(blocks.get(id(weight), HEAD)) / head for weight in part.trainable_variables
    ]
    paired = training.domains if isinstance(part, DomainPart) else None
    loss, accuracy = build_loss(training), "accuracy"
    part.compile(
        optimizer=build_optimizer(
            config.optimizer,
            plan_steps(phase, config, steps),
            factors if any(factor != 1 for factor in factors) else (),
        ),
        loss={"probabilities": loss, "domain": paired.build_loss()} if paired else loss,
        metrics={"probabilities": [LabelledAccuracy(name=accuracy)]} if paired else [accuracy],
    )
    _make_variables(part)


def fit_part(
    part: keras.Model,
    phase: Phase,
    batches: Batches,
    training: Training,
    checkpoints: Checkpoints,
    target: Batches | None = None,
) -> None:
    """Go through the epochs of a phase that are to come.

    Args:
        part: The compiled part of the model.
        phase: What learns.
        batches: Of what the part takes.
        training: What the part is of.
        checkpoints: Get the state after each epoch.
        target: Batches of the other domain, for a part with the output `domain`.
    """
    config, done, steps = training.config, checkpoints.progress.epoch, batches.steps
    validation, examples = list_batches(batches, phase, training, done, target)
    ends = plan_steps(phase, config, steps)[steps - 1 :: steps].tolist()
    patience = config.optimizer.patience
    given = _tell_given(part, training, checkpoints.progress)
    callbacks = list_callbacks(checkpoints, ends, validation, patience, phase.plateau, given)
    if not isinstance(batches, ActivationData):  # it reads files
        require_all(training.data, training.run, FITTED)
        if training.target is not None:
            training.target.require_unchanged()
        callbacks.insert(0, WatchFiles(training))
    if target is not None and training.domains:
        callbacks.append(training.domains.rise(phase, steps))
    callbacks += training.watchers
    left = (phase.epochs - done) * steps
    shown = showing_phase(phase.name, left, batches.batch_size, config.quiet)
    with shown as showing, quick_filter_gradients(part):
        part.fit(
            examples,
            validation_data=validation,
            initial_epoch=done,
            epochs=phase.epochs,
            steps_per_epoch=steps,
            shuffle=False,  # the order is ours: see data/batch_order.py
            callbacks=[*callbacks, showing],
            verbose=0,
        )


def list_batches(
    batches: Batches, phase: Phase, training: Training, done: int, target: Batches | None
) -> tuple[tf.data.Dataset, tf.data.Dataset]:
    """Return the validation batches of a phase, and those of its epochs from `done` on."""
    validation, class_weights = batches.clean_batches("validation"), training.class_weights
    examples = batches.training_batches(phase.name, phase.epochs, done)
    if class_weights is not None:
        examples = weigh_images(examples, class_weights)
    if target is None:
        return validation, examples
    pace = len(training.data.splits["train"])
    others = target.training_batches(f"target of {phase.name}", phase.epochs, done, pace)
    return name_outputs(validation), join_domains(examples, others)


def _tell_given(
    part: keras.Model, training: Training, progress: Progress
) -> list[keras.callbacks.Callback]:
    """Return what tells the given callbacks of a phase; nothing where there are none."""
    if not training.given.callbacks:
        return []
    whole = keras.Model(training.model.input, training.model.output, name="classifier")
    loss = build_loss(training)
    whole.compile(optimizer=part.optimizer, loss=loss, metrics=["accuracy"])
    _make_variables(whole)
    return [TellGiven(training.given.callbacks, whole, progress)]


def _make_variables(model: keras.Model) -> None:
    """Make the variables of optimizer and metrics now.

    An interrupted phase has values for those of the optimizer. Made inside the first step, as Keras
    does by default, they would also have that step traced twice: 5 of the 13 seconds that the first
    step of EfficientNetB0 takes. With several devices Keras makes those of the metrics beforehand.
    """
    model.optimizer.build(model.trainable_variables)
    if tf.distribute.has_strategy():
        return
    said = keras.tree.map_structure(lambda x: np.zeros((1, *x.shape[1:]), np.float32), model.output)
    truth = said
    if isinstance(model, DomainPart):
        truth = {**said, "domain": np.zeros((1, 1), np.float32)}
    model.compute_loss(y=truth, y_pred=said)
    model.compute_metrics(x=None, y=truth, y_pred=said)
    model.reset_metrics()
