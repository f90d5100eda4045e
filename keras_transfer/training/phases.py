"""Run phases: set the freeze boundary, say what learns, compile, fit, keep the best weights."""

import contextlib
import logging
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.config import ConfigError, TrainConfig
from keras_transfer.data.pipeline import ImageData
from keras_transfer.models.backbones import BACKBONES
from keras_transfer.models.freezing import set_boundary
from keras_transfer.models.weights import UNSEEING
from keras_transfer.run import Run
from keras_transfer.training.batch_norm import estimate_statistics, quicken_batch_norm
from keras_transfer.training.cache_plan import CachePlan
from keras_transfer.training.callbacks import BestWeights, HistoryLog
from keras_transfer.training.class_weights import balance_classes, weigh_images
from keras_transfer.training.freeze_report import report_freeze
from keras_transfer.training.frozen_cache import ActivationData, FrozenCache
from keras_transfer.training.optimizers import build_optimizer, plan_rates
from keras_transfer.training.progress import ProgressBar, shows_progress
from keras_transfer.training.selection import keeps_later
from keras_transfer.training.strategies import Phase

logger = logging.getLogger(__name__)


def run_phases(
    model: keras.Model,
    phases: Sequence[Phase],
    data: ImageData,
    plan: CachePlan,
    config: TrainConfig,
    run: Run,
) -> str:
    """Train `model` phase by phase and leave it with the best weights of the best phase.

    A later phase is kept unless its best validation accuracy is below that of the phases before:
    on 150 to 300 images fine-tuning can lose what the head alone had.

    Args:
        model: From `build_model`.
        phases: What it goes through.
        data: Train and validation images.
        plan: What is kept instead of computed in every epoch.
        config: Resolved settings.
        run: Where tables and logs go.

    Returns:
        Name of the phase whose weights the model has now.
    """
    if config.finetune.batch_norm == "adapt":
        quicken_batch_norm(model)
        if config.weights in UNSEEING:
            estimate_statistics(model, data)
            run.lap("statistics")
    cache = FrozenCache(model, plan, data, config, run)
    kept, kept_accuracy, weights = "", -1.0, model.get_weights()
    class_weights = None
    if config.data.class_weight == "auto":
        class_weights = balance_classes(data.splits["train"].labels, len(data.class_names))
    for phase in phases:
        part, batches = cache.serve(phase)
        best = run_phase(model, phase, batches, config, run, part, class_weights)
        run.lap(phase.name)
        accuracy = best.rank[0]
        if not kept or keeps_later(kept_accuracy, accuracy):
            kept, kept_accuracy, weights = phase.name, accuracy, model.get_weights()
        else:
            logger.warning(
                "Phase %s reached %.3f, below %.3f of phase %s: the weights of %s are kept",
                *(phase.name, accuracy, kept_accuracy, kept, kept),
            )
    model.set_weights(weights)
    return kept


def run_phase(
    model: keras.Model,
    phase: Phase,
    data: ImageData | ActivationData,
    config: TrainConfig,
    run: Run,
    part: keras.Model | None = None,
    class_weights: np.ndarray | None = None,
) -> BestWeights:
    """Train `model` as `phase` says and leave it with the weights of the phase's best epoch.

    Args:
        model: From `build_model`; its layer `backbone` is the pretrained network.
        phase: What learns, how fast, for how long; 1 epoch or more.
        data: Train and validation batches for `part`.
        config: Resolved settings.
        run: Where the freeze table, the history and the logs go.
        part: The part of `model` that turns `data` into probabilities; None: all of it.
        class_weights: (classes,) what an image of each class counts in training; None: 1.

    Returns:
        The best weights and how good they are.
    """
    set_boundary(model.get_layer("backbone"), phase.first_learning, config.finetune.batch_norm)
    report_freeze(model, phase, BACKBONES[config.backbone], config, run)
    steps = phase.epochs * data.steps
    part = part or model
    # A changed `trainable` takes effect only in a new compile.
    part.compile(
        optimizer=build_optimizer(config.optimizer, phase.learning_rate, steps),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=config.optimizer.label_smoothing),
        metrics=["accuracy"],
    )
    _make_variables(part)
    best = BestWeights(config.optimizer.patience)
    callbacks = _list_callbacks(phase, data, config, run)
    batches = data.training_batches(phase.name, phase.epochs)
    part.fit(
        batches if class_weights is None else weigh_images(batches, class_weights),
        validation_data=data.clean_batches("validation"),
        epochs=phase.epochs,
        steps_per_epoch=data.steps,
        shuffle=False,  # the order is ours: see data/order.py
        callbacks=[best, *callbacks],
        verbose=0,
    )
    best.restore()
    return best


def _make_variables(model: keras.Model) -> None:
    """Make the variables of optimizer and metrics now.

    Made inside the first step, as Keras does by default, they would have that step traced twice:
    5 of the 13 seconds that the first step of EfficientNetB0 takes. With several devices Keras
    makes them beforehand itself.
    """
    if tf.distribute.has_strategy():
        return
    model.optimizer.build(model.trainable_variables)
    nothing = np.zeros((1, *model.output.shape[1:]), np.float32)
    model.compute_loss(y=nothing, y_pred=nothing)
    model.compute_metrics(x=None, y=nothing, y_pred=nothing)
    model.reset_metrics()


def _list_callbacks(
    phase: Phase, data: ImageData | ActivationData, config: TrainConfig, run: Run
) -> list[keras.callbacks.Callback]:
    steps = phase.epochs * data.steps
    rates = plan_rates(config.optimizer, phase.learning_rate, steps)
    callbacks = [HistoryLog(run, phase.name, rates[data.steps - 1 :: data.steps].tolist())]
    if shows_progress(config.quiet):
        callbacks.append(ProgressBar(phase.name, steps, data.batch_size))
    if config.tensorboard:
        callbacks.append(keras.callbacks.TensorBoard(run.tensorboard / phase.name))
    return callbacks


@contextlib.contextmanager
def memory_errors(data: ImageData) -> Iterator[None]:
    """Say what to do where a batch does not fit into memory, in training and in prediction.

    Raises:
        ConfigError: It does not; the message names half the batch size.
    """
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise ConfigError(
            f"A batch must fit into memory. Received: {data.batch_size} images of "
            f"{data.image_size} pixels. Try --batch_size {max(1, data.batch_size // 2)}."
        ) from error
