"""What `auto` means: every such word becomes a value once, and config.yaml keeps the value."""

import dataclasses
import logging
import math

from keras_transfer.config.layers import ONE_PHASE
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.optimizer_settings import OptimizerConfig
from keras_transfer.config.train_config import Policy, TrainConfig
from keras_transfer.data.training_data import TrainingData
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.preprocess_choice import settle_preprocess
from keras_transfer.models.weights.pretrained_weights import UNSEEING
from keras_transfer.run.plan_file import read_plan
from keras_transfer.run.run_directory import Run
from keras_transfer.training.adaptation.methods import check_adaptation, find_strength
from keras_transfer.training.optimization.optimizers import find_decay
from keras_transfer.training.optimization.regularizers import REGULARIZERS
from keras_transfer.training.optimization.schedules import TEXT_SCHEDULE, USUAL
from keras_transfer.training.plan.strategies import HEAD_FIRST, check_strategy

logger = logging.getLogger(__name__)

# An untrained head is what a fixed number of epochs leaves on small sets: 10 epochs of 244 images
# are 80 steps. So a phase takes at least these many steps.
EPOCHS = 10
MOST_EPOCHS = 40
FROZEN_STEPS = 160
FINETUNE_STEPS = 80
# Peak learning rates of finetune. Weights from photographs are to be kept. From bundled ones 5e-4
# ended below random ones on MNIST (.908 against .929, the mean of three seeds), 1e-3 above them.
RATE, UNSEEING_RATE = 1e-4, 1e-3
# Of random weights in the small networks that nobody has pretrained: after 20 epochs of 1,020 MNIST
# images danndigits had .960 on test, with 1e-3 .953; with standard augmentation .920 and .903.
SMALL_RATE = 3e-3
# Of encoders of texts: Devlin et al. 2019, BERT, with three epochs, a linear schedule and gradients
# of norm 1 at most (their code). Few texts take more epochs: Mosbach et al. 2021.
TEXT_RATE, TEXT_EPOCHS, CLIP_NORM = 2e-5, 3, 1.0
FORGETTING_RATE = 5e-5  # above it an encoder of texts is often worse than before
LORA_RATE = 1e-3  # of matrices of which one begins at zero
# Images per class from which and up to which `--strategy auto` takes two phases.
FEW, MANY = 1_000, 10_000
# Views of each image that the epochs take in turn where locked work is done once. 8 took 1.4 times
# as long and were worth -0.4 points (-1.4 to 0.7) over five sets: benchmarks/README.md.
VIEWS = 2


def resolve_strategy(config: TrainConfig, data: TrainingData, run: Run) -> tuple[TrainConfig, str]:
    """Return `config` with a strategy where it was `auto`, and why; "" where it was not.

    Args:
        config: Settings as the user gave them.
        data: The images; those to train on are counted.
        run: Where it was interrupted, its plan holds the reason.

    Raises:
        ConfigError: The settings do not fit the strategy that was chosen.
    """
    if config.strategy != "auto":
        plan = read_plan(run)
        return config, plan.get("strategy_reason", "") if plan else ""
    each = len(data.splits["train"]) / len(data.class_names)
    domain, finetune = config.domain, config.finetune
    images = f"{each:,.0f} training {config.data.noun}s per class"
    if domain == "unknown":
        name, reason = "two_phase", "it suits most sets, and no --domain says how close this one is"
    elif each < FEW:
        name = "feature_extraction" if domain == "similar" else "partial"
        reason = f"{images}, fewer than {FEW:,}, from a {domain} domain"
    elif each <= MANY:
        name, reason = "two_phase", f"{images}, from {FEW:,} to {MANY:,}"
    else:
        name, reason = "full", f"{images}, more than {MANY:,}"
    if name == "partial":
        finetune = dataclasses.replace(finetune, last_blocks=2)
    logger.info("Strategy %s: %s", name, reason)
    config = dataclasses.replace(config, strategy=name, finetune=finetune)
    check_strategy(config)
    check_adaptation(config)
    return config, reason


def warn_of_ignored(config: TrainConfig, reason: str) -> None:
    """Warn of settings that do nothing, as others leave them no place.

    Args:
        config: Settings, the strategy resolved.
        reason: Why the strategy was chosen; "" where the user chose it.
    """
    locked, pull = config.strategy == "feature_extraction", config.regularize
    unread = bool(pull.source) and not REGULARIZERS[pull.name].needs_source
    usual = FinetuneConfig()
    low_rank = (config.finetune.lora_rank, config.finetune.lora_targets) != (
        usual.lora_rank,
        usual.lora_targets,
    )
    layered = config.finetune.layer_decay not in ("auto", 1) or bool(config.finetune.rates)
    ignored = {
        "domain, which only --strategy auto asks for": config.domain != "unknown" and not reason,
        f"regularize.source, which regularize.name {pull.name} does not read": unread,
        "regularize.name, as the backbone is locked throughout": locked and pull.name != "none",
        "finetune.layer_decay and rates, as only the head learns": locked and layered,
        "finetune.lora_rank and lora_targets, which only --strategy lora reads": low_rank
        and config.strategy != "lora",
        "head.start lda, as no phase trains the head alone": config.head.start == "lda"
        and not _has_frozen(config),
    }
    if found := [words for words, there in ignored.items() if there]:
        logger.warning("Without effect: %s", "; ".join(found))


def warn_of_forgetting(config: TrainConfig, row: Backbone) -> None:
    """Warn of a rate at which a pretrained encoder of texts usually loses what it knows.

    References:
        Sun et al. 2019, How to fine-tune BERT for text classification (catastrophic forgetting at
        4e-4; 2e-5 is theirs).
    """
    rate = config.finetune.learning_rate
    learns = config.strategy not in ("feature_extraction", "lora", "from_scratch")
    if row.takes == "texts" and learns and float(rate) > FORGETTING_RATE and row.has_weights:
        logger.warning(
            "finetune.learning_rate %g: above %g an encoder of texts usually forgets what it has "
            "been trained for. %g is usual",
            *(rate, FORGETTING_RATE, TEXT_RATE),
        )


def resolve_auto(
    config: TrainConfig, row: Backbone, data: TrainingData, weights: str, policy: Policy
) -> TrainConfig:
    """Return `config` without any `auto`.

    Args:
        config: Settings as the user gave them.
        row: The backbone's row.
        data: The images; their number decides about epochs.
        weights: Kind of the weights that were found: imagenet, bundled, file or none.
        policy: The dtype policy that was chosen.
    """
    frozen, finetune = config.frozen, config.finetune
    learned, lora = weights not in UNSEEING, config.strategy == "lora"
    locked, rate, batch_norm = finetune.locked_layers, finetune.learning_rate, finetune.batch_norm
    if locked == "auto":
        # other layers are not worth keeping; matrices are few wherever they are
        locked = row.default_boundary if learned and not lora else 0
    if rate == "auto":
        unseeing = UNSEEING_RATE if row.has_weights else SMALL_RATE
        known = TEXT_RATE if row.takes == "texts" else RATE
        rate = LORA_RATE if lora else known if learned else unseeing
    decay = finetune.layer_decay
    if decay == "auto":
        decay = row.layer_decay if learned and not lora else 1.0
    start = config.head.start
    if start == "auto":
        start = "lda" if config.head.is_one_layer and _has_frozen(config) else "random"
    if batch_norm == "auto":
        batch_norm = "frozen" if lora else "scale" if learned else "adapt"
    frozen = dataclasses.replace(frozen, epochs=_count_frozen(config, row, data.steps))
    usual = TEXT_EPOCHS if row.takes == "texts" else EPOCHS
    finetune = dataclasses.replace(
        finetune,
        epochs=_epochs(finetune.epochs, data.steps, FINETUNE_STEPS, usual),
        learning_rate=rate,
        locked_layers=locked,
        layer_decay=decay,
        batch_norm=batch_norm,
    )
    return dataclasses.replace(
        data.settle(config),
        weights=config.weights if weights == "file" else weights,
        preprocess=settle_preprocess(config.backbone, row, config.preprocess),
        precision=policy,
        name=None,  # a repeated run gets a name of its own
        head=dataclasses.replace(config.head, start=start),
        frozen=frozen,
        finetune=finetune,
        adapt=dataclasses.replace(config.adapt, strength=find_strength(config)),
        optimizer=_resolve_optimizer(config.optimizer, row),
        cache=dataclasses.replace(
            config.cache, views=_views(config, data, int(frozen.epochs) + int(finetune.epochs))
        ),
    )


def _has_frozen(config: TrainConfig) -> bool:
    """Return whether a phase trains the head alone; the strategy is resolved."""
    begins = config.strategy in HEAD_FIRST and config.frozen.epochs != 0
    return config.strategy == "feature_extraction" or begins


def _views(config: TrainConfig, data: TrainingData, epochs: int) -> int | str:
    """Return how many views of each example are worth keeping, or `fresh`."""
    views = config.cache.views
    if data.novelty == "fresh" and config.cache.mode != "on":
        return "fresh"
    if views != "auto":
        return views
    return 1 if data.novelty == "none" else min(VIEWS, epochs)


def _resolve_optimizer(optimizer: OptimizerConfig, row: Backbone) -> OptimizerConfig:
    texts = row.takes == "texts"
    schedule, clip = optimizer.schedule, optimizer.clip_norm
    if schedule == "auto":
        schedule = TEXT_SCHEDULE if texts else USUAL
    if clip == "auto":
        clip = CLIP_NORM if texts else 0.0
    decay = find_decay(optimizer)
    return dataclasses.replace(optimizer, schedule=schedule, clip_norm=clip, weight_decay=decay)


def _count_frozen(config: TrainConfig, row: Backbone, steps: int) -> int:
    """Return the epochs of phase `frozen`; an encoder of texts that learns at once has none."""
    at_once = config.strategy in ONE_PHASE and config.strategy != "feature_extraction"
    if row.takes == "texts" and at_once and config.frozen.epochs == "auto":
        return 0
    return _epochs(config.frozen.epochs, steps, FROZEN_STEPS, EPOCHS)


def _epochs(epochs: int | str, steps: int, least: int, usual: int) -> int:
    if epochs != "auto":
        return int(epochs)
    return min(MOST_EPOCHS, max(usual, math.ceil(least / steps)))
