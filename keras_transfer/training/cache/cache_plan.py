"""What is kept instead of computed in every epoch, and where: decided and said before the work.

`frozen_cache.py` does the work; `cache_store.py` holds the arrays.
"""

import dataclasses
import logging
from collections.abc import Iterable, Mapping, Sequence

from keras_transfer.config.messages import count_of, say_bytes
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.training_data import TrainingData
from keras_transfer.models.cuts import POOLED, Cut, find_cut, find_frontiers
from keras_transfer.training.cache.budget import Budget, read_budget
from keras_transfer.training.cache.memory_store import Layout, Place, count_bytes
from keras_transfer.training.cache.reuse_folder import sweep_scratch
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.training_parts import CachePlan, Training

logger = logging.getLogger(__name__)

LEAST_VIEWS = 2  # with one view an augmentation would be one fixed change of every example


def plan_cache(training: Training) -> CachePlan:
    """Decide what is kept where, within the budgets, and log it in one line.

    Activations come first: in memory, else on disk, else fewer views of each example. Examples that
    are still decoded more than once are kept in what is left.

    Args:
        training: About to begin; the disk of its run is meant.
    """
    sweep_scratch(training.run.path.parent)  # what killed runs left takes room
    settings = training.config.cache
    budget = read_budget(settings, training.run)
    limits = str(budget)
    if not isinstance(settings.memory_gb, str):  # what is free lacks it already
        budget.take("memory", training.data.memory)
    plan, obstacle = fit_plan(training, budget)
    plan = place_decoded(plan, training, budget)
    logger.info("%s (budget %s)", describe_plan(plan, training, obstacle), limits)
    return plan


def fit_plan(training: Training, budget: Budget) -> tuple[CachePlan, str]:
    """Return which activations are kept, and why none are, "" where some are.

    Args:
        training: About to begin.
        budget: What they may take, which they are taken from.
    """
    settings = training.config.cache
    views = None if isinstance(settings.views, str) else settings.views
    cuts = _find_cuts(training) if views is not None else {}
    obstacle = _find_obstacle(cuts, training.phases, training.config)
    plan = CachePlan(cuts=cuts, views=views)
    if views is not None and not obstacle:
        pooled = {name: cut for name, cut in cuts.items() if cut == max(cuts.values())}
        found = _fit_views(training, cuts, views, budget) or _fit_views(
            training, pooled, views, budget
        )
        if found:
            views, layout, place = found
            plan = CachePlan(cuts=cuts, views=views, layout=layout, place=place)
            budget.take(place, count_bytes(layout))
        else:
            obstacle = f"{views} views would take {say_bytes(_count(training, cuts, views))}"
    return plan, obstacle


def list_arrays(training: Training, cuts: Mapping[str, Cut], views: int) -> Layout:
    """Return the arrays that hold the activations of `views` views at these cuts.

    Of the other domain, those at the cuts of phases that take its images, too.
    Those of training examples (examples, views, …) are float16, half the size for a rounding of
    1/2000 at most. Pooled features are small, and validation decides between epochs: both are
    float32.
    """
    splits, target = training.data.splits, training.target
    train, held = len(splits["train"]), len(splits["validation"])
    paired = {cut for name, cut in cuts.items() if name in training.paired}
    layout: dict[str, tuple[tuple[int, ...], str]] = {}
    for cut in sorted({*cuts.values()}):
        if cut == POOLED:
            shape, dtype = training.model.get_layer("pool").output.shape[1:], "float32"
        else:
            crossing, dtype = find_frontiers(training.backbone)[cut.layer].shape[1:], "float16"
            shape = tuple(side or training.data.longest or 0 for side in crossing)
        layout[f"train_{cut.name}"] = (train, views, *shape), dtype
        layout[f"validation_{cut.name}"] = (held, *shape), "float32"
        if target and cut in paired:
            layout[f"target_{cut.name}"] = (len(target), views, *shape), dtype
    return layout


def place_decoded(plan: CachePlan, training: Training, budget: Budget) -> CachePlan:
    """Add where decoded examples are kept: where a phase starts from them in every epoch.

    Otherwise validation is decoded twice where the saved model computes in another number format
    than the training: for its activations, unless they are those of an earlier run, and for the
    final predictions. That is worth memory, not a file.

    Args:
        plan: Of the activations.
        training: About to begin.
        budget: What the activations leave.
    """
    cuts = plan.cuts
    streams = any(
        phase.name not in cuts or not plan.keeps(cuts[phase.name]) for phase in training.phases
    )
    decoded: dict[str, Place] = {}
    once = training.config.cache.reuse or training.config.precision == "float32"
    one_more = () if once else ("validation",)
    for name in ("validation", "train") if streams else one_more:
        needed = count_decoded(training.data, [name])
        if not needed:
            continue
        place = budget.find_place(needed)
        if place and (streams or place == "memory"):
            decoded[name] = place
            budget.take(place, needed)
    return dataclasses.replace(plan, decoded=decoded)


def count_decoded(data: TrainingData, splits: Iterable[str]) -> int:
    """Return the bytes that the decoded examples of some splits take."""
    shape, dtype = data.decoded
    return sum(count_bytes({name: ((len(data.splits[name]), *shape), dtype)}) for name in splits)


def describe_plan(plan: CachePlan, training: Training, obstacle: str = "") -> str:
    """Return the plan in words, and why no activations are kept if there is an obstacle."""
    parts = [f"Cache: no activations, {obstacle}"] if obstacle else []
    data, layers = training.data, training.backbone.layers
    if plan.layout:
        places = []
        for cut in plan.kept_cuts():
            shape = plan.layout[f"validation_{cut.name}"][0][1:]
            where = "pooled" if cut == POOLED else f"after {layers[cut.layer - 1].name}"
            places.append(f"{where} ({' x '.join(map(str, shape))})")
        train, held = len(data.splits["train"]), len(data.splits["validation"])
        views, rest = count_of(plan.views or 0, "view"), count_of(held, "unchanged one")
        images = f"{views} of {count_of(train, training.config.data.noun)} and {rest}"
        if training.target and any(name.startswith("target_") for name in plan.layout):
            images += f", {views} of {len(training.target):,} of the target"
        kept = f"{say_bytes(count_bytes(plan.layout))} {_say_place(plan.place)}"
        parts.append(f"Cache: {images}, {' and '.join(places)}: {kept}")
    for place in ("memory", "disk"):
        names = [name for name, where in plan.decoded.items() if where == place]
        if names:
            size, which = count_decoded(data, names), " and ".join(names)
            noun = training.config.data.noun
            parts.append(f"decoded {which} {noun}s: {say_bytes(size)} {_say_place(place)}")
    return "; ".join(parts)


def _find_cuts(training: Training) -> dict[str, Cut]:
    """Return the cut of each phase that has a locked part.

    Phases in which some of the backbone learns share the lowest cut. Pooled features serve a phase
    only as long as nothing below them has learned.
    """
    found = {
        phase.name: find_cut(training.backbone, phase.first_learning) for phase in training.phases
    }
    cuts = {name: cut for name, cut in found.items() if cut is not None}
    untouched = True
    for phase in training.phases:
        untouched = untouched and found[phase.name] == POOLED
        if phase.name in cuts and not untouched:
            cuts[phase.name] = min(cut for cut in found.values() if cut is not None)
    return cuts


def _find_obstacle(cuts: Mapping[str, Cut], phases: Sequence[Phase], config: TrainConfig) -> str:
    """Say why nothing is kept, or return an empty text."""
    views = config.cache.views
    if config.cache.mode == "off":
        return "cache.mode is off"
    if isinstance(views, str):
        return "every epoch has new views"
    if not cuts:
        return "every layer learns"
    epochs = sum(phase.epochs for phase in phases if phase.name in cuts)
    if config.cache.mode == "auto" and not config.cache.reuse and epochs < views:
        return f"{count_of(epochs, 'epoch sees', 'epochs see')} fewer than {views} views"
    return ""


def _fit_views(
    training: Training, cuts: Mapping[str, Cut], views: int, budget: Budget
) -> tuple[int, Layout, Place] | None:
    """Return as many views as fit, their arrays and the place; None if too few do."""
    reuse, once = training.config.cache.reuse, _count(training, cuts, 1)
    per_view = _count(training, cuts, 2) - once
    most = max(budget.memory, budget.disk) - (once - per_view)
    fitting = min(views, most // per_view)
    if fitting < min(views, LEAST_VIEWS):
        return None
    if fitting < views:
        logger.warning("%d views of each example are kept: %d do not fit", fitting, views)
    layout = list_arrays(training, cuts, fitting)
    needed = count_bytes(layout)
    place = "disk" if reuse and needed <= budget.disk else budget.find_place(needed)
    if reuse and place != "disk":
        logger.warning(
            "`cache.reuse` needs %s on disk: nothing is kept for later runs", say_bytes(needed)
        )
    assert place is not None
    return fitting, layout, place


def _count(training: Training, cuts: Mapping[str, Cut], views: int) -> int:
    return count_bytes(list_arrays(training, cuts, views))


def _say_place(place: str) -> str:
    return "in memory" if place == "memory" else "on disk"
