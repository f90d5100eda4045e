"""STRATEGIES: named plans of phases. Every way to fine-tune is a list of calls to `fit`."""

import dataclasses
import logging
import math
from collections.abc import Callable, Mapping, Sequence

from keras_transfer.config.layers import ONE_PHASE
from keras_transfer.config.messages import count_of
from keras_transfer.config.train_config import TrainConfig, WeightsWord
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.freeze_boundary import (
    HEAD,
    block_of,
    count_down,
    find_boundary,
    find_last_blocks,
)
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.phase import Phase

logger = logging.getLogger(__name__)

SCRATCH = "from_scratch"  # the strategy that learns from random weights
HEAD_FIRST = ("two_phase", "gradual", "lora")  # begin with phase `frozen`, unless it has no epochs
PATIENCE = 2  # epochs without a lower validation loss after which a plateau is reached
GRADUAL_RATE = 0.8  # of the phase before, as the boundary falls


def plan_feature_extraction(config: TrainConfig, row: Backbone) -> list[Phase]:
    """Train the head alone, on the locked backbone.

    References:
        Sharif Razavian et al. 2014, CNN features off-the-shelf.
    """
    return [dataclasses.replace(_plan_frozen(config), epochs=_count_epochs(config))]


def plan_two_phase(config: TrainConfig, row: Backbone) -> list[Phase]:
    """Train the head on the locked backbone, then the layers above the freeze boundary as well.

    References:
        Chollet 2020, Transfer learning & fine-tuning (the Keras guide).
        Kumar et al. 2022, Fine-tuning can distort pretrained features (head first, then all).
    """
    boundary = find_boundary(config.backbone, row, config.finetune.locked_layers)
    finetune = _plan_finetune(config, row, boundary)
    return [
        _plan_frozen(config),
        finetune if config.frozen.epochs else _start_head(config, finetune),
    ]


def plan_partial(config: TrainConfig, row: Backbone) -> list[Phase]:
    """Train the last blocks and the head from the first epoch; all else stays locked.

    References:
        Yosinski et al. 2014, How transferable are features in deep neural networks?
    """
    boundary = find_last_blocks(config.backbone, row, config.finetune.last_blocks)
    return [_plan_at_once(config, row, boundary)]


def plan_full(config: TrainConfig, row: Backbone) -> list[Phase]:
    """Train every layer from the first epoch, the backbone slowly."""
    return [_plan_at_once(config, row, 0)]


def plan_gradual(config: TrainConfig, row: Backbone) -> list[Phase]:
    """Train the head, then lower the freeze boundary block by block, and the rate with it.

    The phases after `frozen` are pieces of one schedule, which does not begin again with each.

    References:
        Howard and Ruder 2018, Universal language model fine-tuning (gradual unfreezing).
    """
    boundaries = count_down(row, find_boundary(config.backbone, row, config.finetune.locked_layers))
    epochs, every = int(config.finetune.epochs), config.finetune.unfreeze_every
    parts = _divide_epochs(boundaries, epochs, every)
    if parts and parts[-1][0] != boundaries[-1]:
        logger.warning(
            "%s too few to unlock all down to finetune.locked_layers: layers %d to %d stay locked",
            *(count_of(epochs, "epoch is", "epochs are"), boundaries[-1], parts[-1][0] - 1),
        )
    phases = [
        dataclasses.replace(
            _plan_finetune(config, row, boundary).scale(GRADUAL_RATE**index),
            name="finetune" if not index else f"finetune_{index + 1}",
            epochs=length,
            span=epochs,
            plateau=PATIENCE if every == "plateau" and index < len(parts) - 1 else 0,
        )
        for index, (boundary, length) in enumerate(parts)
    ]
    if phases and not config.frozen.epochs:
        phases[0] = _start_head(config, phases[0])
    return [_plan_frozen(config), *phases]


def plan_lora(config: TrainConfig, row: Backbone) -> list[Phase]:
    """Train the head on the locked backbone, then low-rank matrices beside its kernels as well.

    The matrices begin where the pretrained function is, as fine-tuning does, so the head goes
    first for the same reason.

    References:
        Hu et al. 2021, LoRA: Low-rank adaptation of large language models.
        Kumar et al. 2022, as for two_phase.
    """
    return plan_two_phase(config, row)


def plan_from_scratch(config: TrainConfig, row: Backbone) -> list[Phase]:
    """Train every layer from random weights at one rate: what the pretraining has to beat."""
    whole = _plan_finetune(config, row, 0)
    return [dataclasses.replace(whole, epochs=_count_epochs(config))]


STRATEGIES: Mapping[str, Callable[[TrainConfig, Backbone], list[Phase]]] = {
    "feature_extraction": plan_feature_extraction,
    "two_phase": plan_two_phase,
    "partial": plan_partial,
    "full": plan_full,
    "gradual": plan_gradual,
    "lora": plan_lora,
    SCRATCH: plan_from_scratch,
}


def lacks_weights(backbone: str, weights: str) -> bool:
    """Return whether there is nothing to transfer, so that every strategy is from_scratch.

    Nobody has pretrained some rows of `BACKBONES`. With `weights` auto all their layers learn from
    the first epoch: other strategies lock random layers, or spare them. With none or a file the
    strategy stays what it was.
    """
    row = BACKBONES.get(backbone)
    return row is not None and not row.has_weights and weights == WeightsWord.AUTO


def settle_strategy(config: TrainConfig) -> TrainConfig:
    """Return `config` with the strategy from_scratch where `lacks_weights` says so.

    Where the epochs of two phases are numbers, those of `finetune` are all.
    """
    if not lacks_weights(config.backbone, config.weights):
        return config
    frozen, finetune = config.frozen, config.finetune
    if config.strategy not in ONE_PHASE and "auto" not in (frozen.epochs, finetune.epochs):
        frozen = dataclasses.replace(frozen, epochs=0 if finetune.epochs else frozen.epochs)
    return dataclasses.replace(config, strategy=SCRATCH, frozen=frozen)


def plan_phases(config: TrainConfig, row: Backbone) -> list[Phase]:
    """Return the phases of the run that last at least one epoch.

    Args:
        config: Resolved settings: epochs are numbers, the strategy is a row of `STRATEGIES`.
        row: The row of its backbone.

    Raises:
        ConfigError: `finetune.rates` names a block that is locked throughout.
    """
    phases = [phase for phase in STRATEGIES[config.strategy](config, row) if phase.epochs]
    _check_rates(config, row, phases)
    return phases


def check_strategy(config: TrainConfig) -> None:
    """Raise a `ConfigError` for settings that the strategy cannot have."""
    name, finetune = config.strategy, config.finetune
    if name == SCRATCH and finetune.batch_norm not in ("auto", "adapt"):
        raise ConfigError(
            "`finetune.batch_norm` must be adapt under from_scratch: random weights have no "
            f"statistics to keep. Received: {finetune.batch_norm}. Leave it out."
        )
    if name == SCRATCH and config.regularize.name != "none":
        raise ConfigError(
            "`regularize.name` must be none under from_scratch: there are no pretrained weights to "
            f"stay near. Received: {config.regularize.name}. Leave it out."
        )
    if name == "lora" and finetune.batch_norm not in ("auto", "frozen"):
        raise ConfigError(
            "`finetune.batch_norm` must be frozen under lora: of the backbone only the low-rank "
            f"matrices learn. Received: {finetune.batch_norm}. Leave it out."
        )
    if name == "lora" and config.regularize.name != "none":
        raise ConfigError(
            "`regularize.name` must be none under lora: the pretrained weights stay as they are. "
            f"Received: {config.regularize.name}. Leave it out."
        )
    begins = name in ("auto", *HEAD_FIRST) and config.frozen.epochs != 0
    if config.frozen.learning_rate == "auto" and not (begins or name == "feature_extraction"):
        raise ConfigError(
            "`frozen.learning_rate` must be a number where no phase `frozen` begins the training: "
            f"the range test is one of it. Received: auto, strategy {name}, frozen.epochs "
            f"{config.frozen.epochs}. Try 5e-3."
        )


def check_steps(phases: Sequence[Phase], steps: int, accumulate: int) -> None:
    """Raise a `ConfigError` where a phase ends before its first update.

    Args:
        phases: Of the run.
        steps: Batches of one epoch.
        accumulate: Batches for one update.
    """
    for phase in phases:
        if phase.epochs * steps < accumulate:
            raise ConfigError(
                f"`optimizer.accumulate` must be at most the {phase.epochs * steps} batches of "
                f"phase {phase.name}. Received: {accumulate}. Lower it, or give more epochs."
            )


def _divide_epochs(
    boundaries: Sequence[int], epochs: int, every: int | str
) -> list[tuple[int, int]]:
    """Return freeze boundaries, each with the epochs it lasts (at most, for `plateau`)."""
    if not epochs:
        return []
    if isinstance(every, int):
        count = min(len(boundaries), math.ceil(epochs / every))
        lengths = [every] * (count - 1) + [epochs - every * (count - 1)]
        return list(zip(boundaries, lengths, strict=False))
    count = min(len(boundaries), epochs)
    if every == "plateau":
        reached = math.ceil(epochs / (PATIENCE + 1))  # if no phase lasts longer than it must
        return [(boundary, epochs) for boundary in boundaries[:reached]]
    parts = range(count)
    return [
        (
            boundaries[(part + 1) * len(boundaries) // count - 1],
            (part + 1) * epochs // count - part * epochs // count,
        )
        for part in parts
    ]


def _check_rates(config: TrainConfig, row: Backbone, phases: Sequence[Phase]) -> None:
    learning = [phase.first_learning for phase in phases if phase.first_learning is not None]
    lowest = min(learning, default=row.layers)
    names = list(row.blocks)
    locked = names.index(block_of(row, lowest)) if lowest < row.layers else len(names)
    if wrong := [name for name in names[:locked] if name in (config.finetune.rates or {})]:
        raise ConfigError(
            f"`finetune.rates` must name blocks that learn under {config.strategy}. Received: "
            f"{wrong[0]}, which is locked throughout. Unlock it by --finetune.locked_layers or "
            "more epochs, or leave it out."
        )


def _plan_frozen(config: TrainConfig) -> Phase:
    rate = config.frozen.learning_rate
    return Phase(
        name="frozen",
        epochs=int(config.frozen.epochs),
        # a range test finds it once the activations are there
        learning_rate=0.0 if rate == "auto" else float(rate),
    )


def _plan_finetune(config: TrainConfig, row: Backbone, boundary: int) -> Phase:
    """Return the phase in which the layers from `boundary` on learn, each block at its rate."""
    finetune = config.finetune
    rate = float(finetune.learning_rate)
    rates = {}
    decay = finetune.layer_decay  # auto is 1 where nothing has resolved it
    if not isinstance(decay, str) and decay < 1:
        rates = {
            block: rate * decay**depth for depth, block in enumerate(reversed(list(row.blocks)))
        }
    return Phase(
        name="finetune",
        epochs=int(finetune.epochs),
        learning_rate=rate,
        first_learning=boundary,
        rates=rates | dict(finetune.rates or {}),
    )


def _plan_at_once(config: TrainConfig, row: Backbone, boundary: int) -> Phase:
    """Return the only phase of a plan."""
    phase = _start_head(config, _plan_finetune(config, row, boundary))
    return dataclasses.replace(phase, epochs=_count_epochs(config))


def _start_head(config: TrainConfig, phase: Phase) -> Phase:
    """Return a phase in which the head learns faster, since no phase trained it before."""
    head = _plan_frozen(config).learning_rate
    return dataclasses.replace(phase, rates={HEAD: head, **phase.rates})


def _count_epochs(config: TrainConfig) -> int:
    return int(config.frozen.epochs) + int(config.finetune.epochs)
