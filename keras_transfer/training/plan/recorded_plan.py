"""plan.json: what a run decided before its long work, so that it decides the same when resumed."""

import logging
from collections.abc import Sequence

import keras

from keras_transfer.config.layers import merge_layers
from keras_transfer.config.messages import say_bytes
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.images.batches import ImageData
from keras_transfer.models.backbones import BACKBONES
from keras_transfer.models.weights.pretrained_weights import Weights, find_weights
from keras_transfer.run.plan_file import PLAN_FORMAT
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.cache.cache_folders import MANIFEST, claim_scratch, sweep_scratch
from keras_transfer.training.cache.cache_plan import (
    CachePlan,
    Place,
    describe_plan,
    place_images,
    read_budget,
)
from keras_transfer.training.cache.cache_store import count_bytes
from keras_transfer.training.checkpoints import has_start
from keras_transfer.training.plan.phase import Phase

logger = logging.getLogger(__name__)


def record_plan(
    run: Run,
    given: TrainConfig,
    config: TrainConfig,
    weights: Weights,
    plan: CachePlan,
    reason: str,
) -> None:
    """Write plan.json, then config.yaml with the settings as they are resolved now.

    Args:
        run: Gets both. A plan that it has already keeps the settings it was begun with.
        given: Settings as the user gave them.
        config: Resolved settings.
        weights: What the backbone started from.
        plan: What is kept instead of computed in every epoch.
        reason: Why the strategy was chosen; "" where the user chose it.
    """
    config, earlier = plan.settle(config), run.read_plan()
    content = {
        "format": PLAN_FORMAT,
        "given": earlier["given"] if earlier else to_dict(given),
        "settings": to_dict(config),
        "strategy_reason": reason,
        "weights": {"kind": weights.kind, "sha256": weights.sha256, "warning": weights.warning},
        "cache": {"cuts": plan.cuts, "views": plan.views, "layout": plan.layout},
    }
    run.write_json(run.plan_file, content)
    run.write_text(run.config_file, dump_config(config))


def record_rate(run: Run, rate: float) -> None:
    """Put the head's learning rate, found by a range test, into plan.json and config.yaml."""
    plan = dict(run.read_plan() or {})
    settings = plan["settings"]
    settings["frozen"]["learning_rate"] = rate
    run.write_json(run.plan_file, plan)
    run.write_text(run.config_file, dump_config(merge_layers(settings)))


def choose_weights(config: TrainConfig, run: Run) -> Weights:
    """Return what the backbone starts from; an interrupted run has it in its checkpoints.

    Raises:
        ConfigError: The weights cannot be had, or are not those the run began with.
    """
    plan = run.read_plan()
    if plan and has_start(run):
        return Weights(**plan["weights"])
    # random ones are what the strategy is named for, whatever other strategies start from
    wanted = "none" if config.strategy == "from_scratch" else config.weights
    weights = find_weights(config.backbone, BACKBONES[config.backbone], wanted)
    if plan and weights.sha256 != plan["weights"]["sha256"]:
        raise ConfigError(
            f"`weights` must be those that the run began with, sha256 {plan['weights']['sha256']}. "
            f"Received: {weights.file}, sha256 {weights.sha256}. Restore them or train anew."
        )
    return weights


def recall_plan(
    model: keras.Model, phases: Sequence[Phase], data: ImageData, config: TrainConfig, run: Run
) -> CachePlan | None:
    """Return the plan of an interrupted run: the same arrays, wherever they fit now.

    Fewer views, or activations that are not rounded, would be another training.

    Raises:
        ConfigError: They do not fit.
    """
    recorded = run.read_plan()
    if recorded is None:
        return None
    if run.scratch.is_dir():
        claim_scratch(run.scratch)  # or it would be swept as that of a dead process
    sweep_scratch(run.path.parent)
    budget = read_budget(config.cache, run)
    cache = recorded["cache"]
    layout = {name: (tuple(shape), dtype) for name, (shape, dtype) in cache["layout"].items()}
    needed = count_bytes(layout)
    reuse = config.cache.reuse
    if not reuse and (run.scratch / "activations" / MANIFEST).is_file():
        needed = 0  # they are there
        place: Place | None = "disk"
    else:
        place = "disk" if reuse and needed <= budget.disk else budget.find_place(needed)
    if place is None:
        raise ConfigError(
            f"What the run keeps must fit again. Received: {say_bytes(needed)}, where "
            f"{say_bytes(budget.memory)} of memory and {say_bytes(budget.disk)} of disk may be "
            "taken. Free some, or allow more by --cache.memory_gb or --cache.disk_gb."
        )
    budget.take(place, needed)
    plan = CachePlan(
        cuts=cache["cuts"], views=cache["views"], layout=layout, place=place, images={}
    )
    plan = place_images(plan, model, phases, data, config, budget)
    logger.info("%s", describe_plan(plan, model, data) or "Cache: nothing is kept")
    return plan
