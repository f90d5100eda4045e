"""plan.json: what a run decided before its long work, so that it decides the same when resumed."""

import dataclasses
import logging
from collections.abc import Mapping

from keras_transfer.config.layers import merge_layers
from keras_transfer.config.messages import say_bytes
from keras_transfer.config.train_config import TrainConfig, to_dict
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.models.cuts import POOLED, Cut, find_frontiers, frontier
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.run.plan_file import PLAN_FORMAT, read_plan
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json, write_text
from keras_transfer.system.files.ownership import MANIFEST, MARK
from keras_transfer.training.cache.array_files import list_left
from keras_transfer.training.cache.budget import Budget, read_budget
from keras_transfer.training.cache.cache_plan import describe_plan, list_arrays, place_decoded
from keras_transfer.training.cache.memory_store import Layout, Place, count_bytes
from keras_transfer.training.cache.reuse_folder import claim_scratch, sweep_scratch
from keras_transfer.training.plan.training_parts import CachePlan, Training

logger = logging.getLogger(__name__)


def record_plan(training: Training, given: TrainConfig, weights: Weights, reason: str) -> None:
    """Write plan.json, then config.yaml with the settings as they are resolved now.

    Args:
        training: About to begin. A plan that its run has already keeps the settings it was begun
            with.
        given: Settings as the user gave them.
        weights: What the backbone started from.
        reason: Why the strategy was chosen; "" where the user chose it.
    """
    run, plan, config = training.run, training.cache, training.config
    views = "fresh" if plan.views is None else plan.views  # so many fit: a repeat has the same
    config = dataclasses.replace(config, cache=dataclasses.replace(config.cache, views=views))
    earlier = read_plan(run)
    cuts = {name: cut.to_number(training.depth) for name, cut in plan.cuts.items()}
    content = {
        "program": MARK,
        "format": PLAN_FORMAT,
        "given": earlier["given"] if earlier else to_dict(given),
        "settings": to_dict(config),
        "strategy_reason": reason,
        "weights": {
            "kind": weights.kind,
            "sha256": weights.sha256,
            "warning": weights.warning,
            **({"origin": weights.origin} if weights.origin else {}),
        },
        **({"network_sha256": network} if (network := training.row.network_sha256) else {}),
        "cache": {"cuts": cuts, "views": plan.views, "layout": plan.layout},
    }
    write_json(run.plan_file, content)
    write_text(run.config_file, dump_config(config))


def record_rate(run: Run, rate: float) -> None:
    """Put the head's learning rate, found by a range test, into plan.json and config.yaml."""
    plan = dict(read_plan(run) or {})
    settings = plan["settings"]
    settings["frozen"]["learning_rate"] = rate
    write_json(run.plan_file, plan)
    write_text(run.config_file, dump_config(merge_layers(settings)))


def recall_plan(training: Training) -> CachePlan | None:
    """Return what an interrupted run keeps: the same arrays, wherever they fit now.

    Fewer views, or activations that are not rounded, would be another training.

    Raises:
        ConfigError: They do not fit.
    """
    run = training.run
    recorded = read_plan(run)
    if recorded is None:
        return None
    if run.scratch.is_dir():
        claim_scratch(run.scratch)  # or it would be swept as that of a dead process
    sweep_scratch(run.path.parent)
    budget = read_budget(training.config.cache, run)
    cache = recorded["cache"]
    layout = {name: (tuple(shape), dtype) for name, (shape, dtype) in cache["layout"].items()}
    cuts = {n: Cut.from_number(number, training.depth) for n, number in cache["cuts"].items()}
    _check_layout(layout, cuts, training, cache["views"])
    place = _find_place(training, count_bytes(layout), budget)
    plan = CachePlan(cuts=cuts, views=cache["views"], layout=layout, place=place)
    plan = place_decoded(plan, training, budget)
    logger.info("%s", describe_plan(plan, training) or "Cache: nothing is kept")
    return plan


def _check_layout(
    layout: Layout, cuts: Mapping[str, Cut], training: Training, views: int | None
) -> None:
    """Refuse a plan of arrays that are not the activations of this model and these images."""
    known = {phase.name for phase in training.phases} >= cuts.keys()
    frontiers = {POOLED, *map(frontier, find_frontiers(training.backbone))}
    if known and frontiers >= {*cuts.values()}:
        expected = list_arrays(training, cuts, views) if views else {}
        if expected.items() >= dict(layout).items():
            return
    raise ConfigError(
        "`cache` of plan.json must be of the model and the images of its run. Received: another "
        f"in {training.run.plan_file}. Restore it from a copy, or train anew."
    )


def _find_place(training: Training, needed: int, budget: Budget) -> Place:
    """Return where so many bytes are, or go now, and count them as taken."""
    reuse, folder = training.config.cache.reuse, training.run.scratch / "activations"
    if not reuse and ((folder / MANIFEST).is_file() or list_left(folder)):
        return "disk"  # they are there, or room for them is
    place: Place | None = "disk" if reuse and needed <= budget.disk else budget.find_place(needed)
    if place is None:
        raise ConfigError(
            f"What the run keeps must fit again. Received: {say_bytes(needed)}, where "
            f"{say_bytes(budget.memory)} of memory and {say_bytes(budget.disk)} of disk may be "
            "taken. Free some, or allow more by --cache.memory_gb or --cache.disk_gb."
        )
    budget.take(place, needed)
    return place
