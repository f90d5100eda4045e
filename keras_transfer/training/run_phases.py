"""Run phases: set the freeze boundary, say what learns, compile, fit, keep the best weights."""

import dataclasses
import logging
from collections.abc import Sequence

import keras
import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.images.batches import ImageData
from keras_transfer.models.backbones import BACKBONES
from keras_transfer.models.freeze_boundary import HEAD
from keras_transfer.models.weights.pretrained_weights import UNSEEING
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import DeadEnd
from keras_transfer.training.backbone_drift import record_drift
from keras_transfer.training.batch_norm_statistics import estimate_statistics, quicken_batch_norm
from keras_transfer.training.cache.activation_data import ActivationData
from keras_transfer.training.cache.cache_plan import CachePlan
from keras_transfer.training.cache.frozen_cache import FrozenCache
from keras_transfer.training.callbacks import LossNotFinite
from keras_transfer.training.checkpoints import START, Checkpoints, Progress
from keras_transfer.training.class_weights import balance_classes
from keras_transfer.training.fit_phase import compile_part, fit_part, plan_steps, set_flags
from keras_transfer.training.optimization.range_test import find_rate
from keras_transfer.training.optimization.regularizers import hold_backbone
from keras_transfer.training.plan.freeze_report import report_freeze
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.recorded_plan import record_rate

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
    on 150 to 300 images fine-tuning can lose what the head alone had. Where `run` was interrupted,
    training goes on after its last whole epoch.

    Args:
        model: From `build_model`.
        phases: What it goes through.
        data: Train and validation images.
        plan: What is kept instead of computed in every epoch.
        config: Resolved settings.
        run: Where tables, logs and checkpoints go.

    Returns:
        Name of the phase whose weights the model has now.
    """
    if config.finetune.batch_norm == "adapt":
        quicken_batch_norm(model)
    checkpoints = _begin(model, data, config, run)
    progress = checkpoints.progress
    class_weights = None
    if config.data.class_weight == "auto":
        class_weights = balance_classes(data.splits["train"].labels, len(data.class_names))
    to_come = _list_remaining(phases, checkpoints)
    cache = FrozenCache(model, plan, data, config, run)
    cache.prepare(to_come)  # from the weights of the start, which locked layers keep
    if any(phase.first_learning is not None for phase in phases):
        hold_backbone(model, config, checkpoints)
    if config.frozen.learning_rate == "auto" and not progress.number:
        to_come = _settle_rate(model, to_come, cache, config, checkpoints, class_weights)
    if progress.ended:  # interrupted after the last epoch of a phase
        checkpoints.restore(progress.number)
        _close_phase(checkpoints)
    for planned in to_come:
        phase = planned.follow(_count_earlier(planned, phases, progress))
        if not phase.epochs:
            _tell_locked(planned, phases[-1])
            break
        if phase.name != progress.phase:
            progress.enter(phase.name, goes_on=phase.begin > 0)
        part, batches = cache.serve(phase)
        run_phase(model, phase, batches, config, checkpoints, part, class_weights)
        run.lap(phase.name)
        _close_phase(checkpoints)
    checkpoints.restore_weights(progress.kept)
    # also where no epoch was left to come: what learned is counted by the flags
    last = next(phase for phase in phases if phase.name == progress.phase)
    set_flags(model, last, config)
    record_drift(model, BACKBONES[config.backbone], checkpoints)
    return progress.history().kept_phase


def run_phase(
    model: keras.Model,
    phase: Phase,
    data: ImageData | ActivationData,
    config: TrainConfig,
    checkpoints: Checkpoints,
    part: keras.Model | None = None,
    class_weights: np.ndarray | None = None,
) -> None:
    """Train `model` as `phase` says, note its best epoch, and leave it after its last one.

    After a loss that is not a number the phase goes on from its best weights, with the moments of
    the optimizer they had, at half the rate.

    Args:
        model: From `build_model`; its layer `backbone` is the pretrained network.
        phase: What learns, how fast, for how long; 1 epoch or more.
        data: Train and validation batches for `part`.
        config: Resolved settings.
        checkpoints: Of `model`; its progress has entered the phase.
        part: The part of `model` that turns `data` into probabilities; None: all of it.
        class_weights: (classes,) what an image of each class counts in training; None: 1.

    Raises:
        DeadEnd: The loss is not a number for the second time.
    """
    progress, part = checkpoints.progress, part or model
    source, steps = progress.number, None
    while not progress.ended:
        scaled = phase.scale(progress.rate_scale)
        set_flags(model, phase, config)
        shown = scaled
        if phase.span:  # a piece of a shared schedule, whose peak may be in another one
            rates = plan_steps(phase, config, data.steps)
            shown = scaled.scale(rates.max() / phase.rate_of(HEAD))
        report_freeze(model, shown, BACKBONES[config.backbone], config, checkpoints.run)
        compile_part(part, model, scaled, data, config)
        checkpoints.restore_phase(source, part.optimizer, steps)
        try:
            fit_part(part, scaled, data, config, checkpoints, class_weights)
        except LossNotFinite:
            _halve_rate(scaled, progress)
            source = progress.best if progress.epoch else progress.number
            steps = progress.epoch * data.steps


def _begin(model: keras.Model, data: ImageData, config: TrainConfig, run: Run) -> Checkpoints:
    """Return checkpoints with the start in them and the progress of an interrupted run, if any."""
    checkpoints = Checkpoints(model, run)
    if not checkpoints.begin():
        if config.finetune.batch_norm == "adapt" and config.weights in UNSEEING:
            estimate_statistics(model, data)
            run.lap("statistics")
        checkpoints.keep_start()
    progress = checkpoints.progress
    if progress.number:
        logger.info("Resumed after epoch %d of phase %s", progress.epoch, progress.phase)
    return checkpoints


def _list_remaining(phases: Sequence[Phase], checkpoints: Checkpoints) -> list[Phase]:
    """Return the phases that still have epochs to come, the one under way first."""
    progress, names = checkpoints.progress, [phase.name for phase in phases]
    if not progress.number:
        return list(phases)
    return list(phases[names.index(progress.phase) + progress.ended :])


def _settle_rate(
    model: keras.Model,
    phases: Sequence[Phase],
    cache: FrozenCache,
    config: TrainConfig,
    checkpoints: Checkpoints,
    class_weights: np.ndarray | None,
) -> list[Phase]:
    """Return the phases with the rate that a range test finds for the first, and write it down."""
    frozen, *others = phases
    set_flags(model, frozen, config)
    part, batches = cache.serve(frozen)
    rate = find_rate(part, batches, config.optimizer, checkpoints.run, class_weights)
    checkpoints.restore(START)
    record_rate(checkpoints.run, rate)
    checkpoints.run.lap("range test")
    return [dataclasses.replace(frozen, learning_rate=rate), *others]


def _count_earlier(phase: Phase, phases: Sequence[Phase], progress: Progress) -> int:
    """Return the epochs that the phases before this one took of the schedule they share with it."""
    names = [each.name for each in phases if each.span]
    before = names[: names.index(phase.name)] if phase.span else []
    return sum(row[0] in before for row in progress.rows)


def _tell_locked(phase: Phase, last: Phase) -> None:
    """Warn that the phases before, which end on a plateau, took all epochs."""
    logger.warning(
        "The validation loss fell for so long that phases %s to %s had no epoch left: what only "
        "they would have unlocked stayed locked",
        *(phase.name, last.name),
    )


def _close_phase(checkpoints: Checkpoints) -> None:
    """Leave the model with the best weights of the phase, and keep them if none were better."""
    progress = checkpoints.progress
    checkpoints.restore_weights(progress.best)
    history, phase = progress.history(), progress.phase
    kept = history.kept_phase
    if kept == phase:
        progress.kept = progress.best
        return
    logger.warning(
        "Phase %s reached %.3f, below %.3f of phase %s: the weights of %s are kept",
        *(phase, history.best_accuracy(phase), history.best_accuracy(kept), kept, kept),
    )


def _halve_rate(phase: Phase, progress: Progress) -> None:
    """Note that the phase is to go on at half its rate, once.

    Raises:
        DeadEnd: It did so before.
    """
    section = phase.name.partition("_")[0]  # of the settings
    if progress.rate_scale < 1:
        raise DeadEnd(
            f"The loss of phase {phase.name} must be a number. Received: none, and none again at "
            f"half the learning rate, {phase.learning_rate:g}. Begin anew with a lower one, such "
            f"as --{section}.learning_rate {phase.learning_rate / 10:g}, or with --precision "
            "float32 if it was mixed_float16."
        )
    progress.rate_scale = 0.5
    logger.warning(
        "The loss of phase %s is not a number in epoch %d: it goes on from %s at half the rate, %g",
        *(phase.name, progress.epoch + 1),
        f"epoch {progress.best_epoch + 1}, its best," if progress.epoch else "its start",
        phase.learning_rate / 2,
    )
