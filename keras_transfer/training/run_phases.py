"""Run phases: set the freeze boundary, say what learns, compile, fit, keep weights."""

import dataclasses
import logging
from collections.abc import Sequence
from typing import NamedTuple

import keras

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.training_data import Batches
from keras_transfer.models.freeze_boundary import HEAD
from keras_transfer.models.freezing import count_parameters
from keras_transfer.models.low_rank import merge_matrices
from keras_transfer.models.weights.pretrained_weights import UNSEEING
from keras_transfer.run.history import History
from keras_transfer.system.errors import ConfigError, DeadEnd
from keras_transfer.training.adaptation.domain_features import (
    DomainFeatures,
    read_domain_features,
)
from keras_transfer.training.adaptation.methods import find_adaptation
from keras_transfer.training.backbone_drift import record_drift
from keras_transfer.training.cache.frozen_cache import FrozenCache
from keras_transfer.training.callbacks import LossNotFinite
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.fit_phase import (
    build_loss,
    compile_part,
    fit_part,
    plan_steps,
    set_flags,
)
from keras_transfer.training.optimization.pull import hold_backbone
from keras_transfer.training.optimization.range_test import find_rate
from keras_transfer.training.plan.freeze_report import report_freeze
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.recorded_plan import record_rate
from keras_transfer.training.plan.training_parts import Training
from keras_transfer.training.progress.training_progress import START, Progress
from keras_transfer.training.start.batch_norm_statistics import (
    begin_statistics,
    quicken_batch_norm,
)
from keras_transfer.training.start.head_start import start_head

logger = logging.getLogger(__name__)


class Outcome(NamedTuple):
    """What came of the phases."""

    history: History  # all epochs; it says which weights the model has now
    begun: DomainFeatures | None  # of two domains, if there are two, by the first weights
    cache_is_reused: bool  # whether its activations were those of an earlier run
    cache: FrozenCache  # what it kept, as long as somebody holds it
    parameters: dict[str, int]  # see `count_parameters`


def run_phases(training: Training) -> Outcome:
    """Train a model phase by phase and leave it with the weights that `run/best_epoch.py` says.

    These are of the last phase, unless validation says that it is really worse: on 150 to 300
    images fine-tuning can lose what the head alone had.
    Where the run was interrupted, training goes on after its last whole epoch.
    """
    if training.config.finetune.batch_norm == "adapt":
        quicken_batch_norm(training.model)
    checkpoints, cache = _begin(training), FrozenCache(training)
    to_come = _list_remaining(training.phases, checkpoints.progress)
    cache.prepare(to_come)  # from the weights of the start, which locked layers keep
    if not checkpoints.progress.number:  # a run that goes on may find what it kept itself
        checkpoints.progress.reused = cache.is_reused
        checkpoints.progress.images = len(training.data.splits["validation"])
    if any(phase.first_learning is not None for phase in training.phases):
        hold_backbone(training.model, training.config, checkpoints)
    if training.config.head.start == "lda" and not checkpoints.progress.number:
        _start_head(training, to_come[0], cache, checkpoints)
    if training.config.frozen.learning_rate == "auto" and not checkpoints.progress.number:
        to_come = _settle_rate(training, to_come, cache, checkpoints)
    if checkpoints.progress.ended:  # interrupted after the last epoch of a phase
        checkpoints.restore(checkpoints.progress.number)
        _close_phase(checkpoints)
    _run_remaining(training, to_come, cache, checkpoints)
    begun = _read_begun(training, checkpoints)
    parameters = _leave_kept(training, checkpoints)
    progress = checkpoints.progress
    return Outcome(progress.history(), begun, progress.reused, cache, parameters)


def run_phase(
    training: Training,
    phase: Phase,
    checkpoints: Checkpoints,
    part: keras.Model | None = None,
    batches: Batches | None = None,
    target: Batches | None = None,
) -> None:
    """Train as `phase` says, note which epoch is to be kept, and leave the model after the last.

    After a loss that is not a number the phase goes on from the epoch to be kept, with the moments
    of the optimizer it had, at half the rate.

    Args:
        training: Its model is trained.
        phase: What learns, how fast, for how long; 1 epoch or more.
        checkpoints: Of the model; their progress has entered the phase.
        part: The part of the model that turns `batches` into probabilities; None: all of it.
        batches: Train and validation batches for `part`; None: the training's data.
        target: Batches of the other domain, where they are trained on, too.

    Raises:
        DeadEnd: The loss is not a number for the second time.
    """
    progress, part, batches = checkpoints.progress, part or training.model, batches or training.data
    source, at = progress.number, None
    while not progress.ended:
        scaled = phase.scale(progress.rate_scale)
        set_flags(training.model, phase, training.config)
        report_freeze(training, _show_peak(scaled, phase, batches.steps, training.config))
        compile_part(part, scaled, batches.steps, training)
        checkpoints.restore_phase(source, part.optimizer, at)
        try:
            fit_part(part, scaled, batches, training, checkpoints, target)
        except LossNotFinite:
            _halve_rate(scaled, progress)
            source = progress.best if progress.epoch else progress.number
            at = progress.epoch * batches.steps


def _begin(training: Training) -> Checkpoints:
    """Return checkpoints with the start in them and the progress of an interrupted run, if any."""
    config, domains = training.config, training.domains
    others = domains.variables if domains else ()
    checkpoints = Checkpoints(training.model, training.run, others)
    if not checkpoints.begin():
        unseeing = config.finetune.batch_norm == "adapt" and config.weights in UNSEEING
        if unseeing or find_adaptation(config).statistics == "batch_norm":
            begin_statistics(training.model, training.data)
            training.run.stopwatch.lap("statistics")
        checkpoints.keep_start()
    progress = checkpoints.progress
    if progress.number:
        logger.info("Resumed after epoch %d of phase %s", progress.epoch, progress.phase)
    return checkpoints


def _run_remaining(
    training: Training, to_come: Sequence[Phase], cache: FrozenCache, checkpoints: Checkpoints
) -> None:
    """Run the phases that still have epochs to come."""
    progress = checkpoints.progress
    for planned in to_come:
        phase = planned.follow(_count_earlier(planned, training.phases, progress))
        if not phase.epochs:
            _tell_locked(planned, training.phases[-1])
            return
        if phase.name != progress.phase:
            progress.enter(phase.name, goes_on=phase.begin > 0)
        part, batches = cache.serve(phase)
        part, target = cache.serve_target(phase) or (part, None)
        run_phase(training, phase, checkpoints, part, batches, target)
        training.run.stopwatch.lap(phase.name)
        _close_phase(checkpoints)


def _read_begun(training: Training, checkpoints: Checkpoints) -> DomainFeatures | None:
    """Return the features of two domains by the weights that training began with."""
    if training.target is None:
        return None
    training.target.require_unchanged()
    checkpoints.restore_weights(START)
    return read_domain_features(training.model, training.model, training)


def _leave_kept(training: Training, checkpoints: Checkpoints) -> dict[str, int]:
    """Leave the model with the kept weights, note how far the backbone has moved, and count."""
    progress = checkpoints.progress
    checkpoints.restore_weights(progress.kept)
    # also where no epoch was left to come: what learned is counted by the flags
    last = next(phase for phase in training.phases if phase.name == progress.phase)
    set_flags(training.model, last, training.config)
    parameters = count_parameters(training.model)
    merge_matrices(training.backbone)
    record_drift(training.model, training.row, checkpoints)
    return parameters


def _show_peak(scaled: Phase, phase: Phase, steps: int, config: TrainConfig) -> Phase:
    """Return a phase with the rates it reaches: a shared schedule may peak in another piece."""
    if not phase.span:
        return scaled
    return scaled.scale(plan_steps(phase, config, steps).max() / phase.rate_of(HEAD))


def _list_remaining(phases: Sequence[Phase], progress: Progress) -> list[Phase]:
    """Return the phases that still have epochs to come, the one under way first."""
    names = [phase.name for phase in phases]
    if not progress.number:
        return list(phases)
    if progress.phase not in names:
        raise ConfigError(
            f"A checkpoint must be of a phase of the run: {', '.join(names)}. Received: "
            f"{progress.phase!r}. Train anew."
        )
    return list(phases[names.index(progress.phase) + progress.ended :])


def _start_head(
    training: Training, phase: Phase, cache: FrozenCache, checkpoints: Checkpoints
) -> None:
    """Start from a solved head where phase `frozen` begins, and keep that as the start."""
    if phase.first_learning is not None:
        return
    _, batches = cache.serve(phase)
    views, weights = training.cache.views, training.class_weights
    start_head(training.model, batches, training.data, views, weights)
    checkpoints.write_start()
    training.run.stopwatch.lap("head")


def _settle_rate(
    training: Training, phases: Sequence[Phase], cache: FrozenCache, checkpoints: Checkpoints
) -> list[Phase]:
    """Return the phases with the rate that a range test finds for the first, and write it down."""
    frozen, *others = phases
    set_flags(training.model, frozen, training.config)
    part, batches = cache.serve(frozen)
    optimizer, weights = training.config.optimizer, training.class_weights
    rate = find_rate(part, batches, optimizer, training.run, build_loss(training), weights)
    checkpoints.restore(START)
    record_rate(training.run, rate)
    training.run.stopwatch.lap("range test")
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
    """Leave the model with the weights of the phase, and keep them unless earlier ones are."""
    progress = checkpoints.progress
    checkpoints.restore_weights(progress.best)
    history, phase = progress.history(), progress.phase
    kept = history.kept_phase
    if kept == phase:
        progress.kept = progress.best
        return
    logger.warning(
        "Phase %s came to %.3f on validation, below %.3f of phase %s: the weights of %s are kept",
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
        f"epoch {progress.best_epoch + 1}, its last good one," if progress.epoch else "its start",
        phase.learning_rate / 2,
    )
