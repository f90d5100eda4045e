"""What is kept instead of computed in every epoch, and where: decided and printed before the work.

`frozen_cache.py` does the work; `cache_store.py` holds the arrays.
"""

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import keras

from keras_transfer.config.messages import say_bytes
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.images.batches import ImageData
from keras_transfer.models.cuts import find_cut, find_frontiers
from keras_transfer.run.run_directory import Run
from keras_transfer.system.machine import free_disk, free_memory
from keras_transfer.training.cache.cache_folders import count_reuse, reuse_folder, sweep_scratch
from keras_transfer.training.cache.cache_store import Layout, count_bytes
from keras_transfer.training.plan.phase import Phase

logger = logging.getLogger(__name__)

Place = Literal["memory", "disk"]

LEAST_VIEWS = 2  # with one view an augmentation would be one fixed change of every image


@dataclass(frozen=True, kw_only=True)
class CachePlan:
    """What is kept where.

    `cuts` maps the phases whose locked part is the same in every epoch to their cut (see
    `find_cut`). Their epochs take `views` views of each image in turn, wherever they come from.
    """

    cuts: Mapping[str, int]
    views: int | None  # None: every epoch has new ones
    layout: Layout  # of the activations; empty: none are kept
    place: Place  # of the activations
    images: Mapping[str, Place]  # splits whose decoded images are kept -> where

    def kept_cuts(self, depth: int) -> list[int]:
        """Return the cuts at which activations are kept, in order; depth is the backbone's."""
        cuts = sorted(set(self.cuts.values()))
        return [cut for cut in cuts if f"train_{name_cut(cut, depth)}" in self.layout]

    def settle(self, config: TrainConfig) -> TrainConfig:
        """Return `config` with the number of views that fits, so that a repeat has the same."""
        views = "fresh" if self.views is None else self.views
        return dataclasses.replace(config, cache=dataclasses.replace(config.cache, views=views))


@dataclass
class Budget:
    """Bytes that may still be taken."""

    memory: int
    disk: int

    def find_place(self, needed: int) -> Place | None:
        """Return where `needed` bytes fit, memory first."""
        if needed <= self.memory:
            return "memory"
        return "disk" if needed <= self.disk else None

    def take(self, place: Place, needed: int) -> None:
        """Count bytes as taken."""
        self.memory -= needed if place == "memory" else 0
        self.disk -= needed if place == "disk" else 0


def read_budget(config: CacheConfig, run: Run) -> Budget:
    """Return the budgets in bytes; `auto` is a quarter of what is free now.

    With `reuse` the disk is that of the reuse folder, and what lies there counts as free: it makes
    room, or is what this run would write again.
    """
    memory, disk = config.memory_gb, config.disk_gb
    if isinstance(disk, str):
        free = free_disk(reuse_folder()) + count_reuse() if config.reuse else free_disk(run.path)
    return Budget(
        memory=free_memory() // 4 if isinstance(memory, str) else int(memory * 1e9),
        disk=free // 4 if isinstance(disk, str) else int(disk * 1e9),
    )


def plan_cache(
    model: keras.Model, phases: Sequence[Phase], data: ImageData, config: TrainConfig, run: Run
) -> CachePlan:
    """Decide what is kept where, within the budgets, and log it in one line.

    Activations come first: in memory, else on disk, else fewer views of each image. Images that
    are still decoded more than once are kept in what is left.

    Args:
        model: The model about to be trained.
        phases: What it will go through.
        data: All splits.
        config: Resolved settings.
        run: Its disk is meant.
    """
    sweep_scratch(run.path.parent)  # what killed runs left takes room
    budget = read_budget(config.cache, run)
    limits = f"budget {say_bytes(budget.memory)} memory, {say_bytes(budget.disk)} disk"
    views = None if isinstance(config.cache.views, str) else config.cache.views
    cuts = _find_cuts(model, phases) if views is not None else {}
    obstacle = _find_obstacle(cuts, phases, config)
    layout: Layout = {}
    place: Place = "memory"
    if views is not None and not obstacle:
        pooled = {name: cut for name, cut in cuts.items() if cut == max(cuts.values())}
        found = _fit_views(model, cuts, data, views, budget, config.cache.reuse)
        found = found or _fit_views(model, pooled, data, views, budget, config.cache.reuse)
        if found:
            views, layout, place = found
            budget.take(place, count_bytes(layout))
        else:
            obstacle = f"{views} views would take {say_bytes(_size(model, cuts, data, views))}"
    plan = CachePlan(cuts=cuts, views=views, layout=layout, place=place, images={})
    plan = place_images(plan, model, phases, data, config, budget)
    logger.info("%s (%s)", describe_plan(plan, model, data, obstacle), limits)
    return plan


def list_arrays(model: keras.Model, cuts: Mapping[str, int], data: ImageData, views: int) -> Layout:
    """Return the arrays that hold the activations of `views` views at these cuts.

    Training images (images, views, …) are float16, half the size for a rounding of 1/2000 at most.
    Pooled features are small, and validation decides between epochs: both are float32.
    """
    backbone = model.get_layer("backbone")
    depth = len(backbone.layers)
    train, held = len(data.splits["train"]), len(data.splits["validation"])
    layout: dict[str, tuple[tuple[int, ...], str]] = {}
    for cut in sorted(set(cuts.values())):
        name, dtype, shape = name_cut(cut, depth), "float16", ()
        if cut > depth:
            shape, dtype = model.get_layer("pool").output.shape[1:], "float32"
        else:
            shape = find_frontiers(backbone)[cut].shape[1:]
        layout[f"train_{name}"] = (train, views, *shape), dtype
        layout[f"validation_{name}"] = (held, *shape), "float32"
    return layout


def name_cut(cut: int, depth: int) -> str:
    """Return what the arrays at a cut are called in a layout."""
    return "pooled" if cut > depth else "activations"


def _find_cuts(model: keras.Model, phases: Sequence[Phase]) -> dict[str, int]:
    """Return the cut of each phase that has a locked part.

    Phases in which some of the backbone learns share the lowest cut. Pooled features serve a phase
    only as long as nothing below them has learned.
    """
    backbone = model.get_layer("backbone")
    depth = len(backbone.layers)
    found = {phase.name: find_cut(backbone, phase.first_learning) for phase in phases}
    cuts = {name: cut for name, cut in found.items() if cut is not None}
    lowest = min(cuts.values(), default=0)
    untouched = True
    for phase in phases:
        untouched = untouched and found[phase.name] == depth + 1
        if phase.name in cuts and not untouched:
            cuts[phase.name] = lowest
    return cuts


def _find_obstacle(cuts: Mapping[str, int], phases: Sequence[Phase], config: TrainConfig) -> str:
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
        return f"{epochs} epochs see fewer than {views} views"
    return ""


def _fit_views(
    model: keras.Model,
    cuts: Mapping[str, int],
    data: ImageData,
    views: int,
    budget: Budget,
    reuse: bool,
) -> tuple[int, Layout, Place] | None:
    """Return as many views as fit, their arrays and the place; None if too few do."""
    once = _size(model, cuts, data, 1)
    per_view = _size(model, cuts, data, 2) - once
    most = max(budget.memory, budget.disk) - (once - per_view)
    fitting = min(views, most // per_view)
    if fitting < min(views, LEAST_VIEWS):
        return None
    if fitting < views:
        logger.warning("%d views of each image are kept: %d do not fit", fitting, views)
    layout = list_arrays(model, cuts, data, fitting)
    needed = count_bytes(layout)
    place = "disk" if reuse and needed <= budget.disk else budget.find_place(needed)
    if reuse and place != "disk":
        logger.warning(
            "`cache.reuse` needs %s on disk: nothing is kept for later runs", say_bytes(needed)
        )
    assert place is not None
    return fitting, layout, place


def _size(model: keras.Model, cuts: Mapping[str, int], data: ImageData, views: int) -> int:
    return count_bytes(list_arrays(model, cuts, data, views))


def place_images(
    plan: CachePlan,
    model: keras.Model,
    phases: Sequence[Phase],
    data: ImageData,
    config: TrainConfig,
    budget: Budget,
) -> CachePlan:
    """Add where decoded images are kept: where a phase starts from them in every epoch.

    Otherwise validation is decoded twice, for its activations and for the final predictions, unless
    the activations are those of an earlier run. That is worth memory, not a file.

    Args:
        plan: Of the activations.
        model: The model about to be trained.
        phases: What it goes through.
        data: All splits.
        config: Resolved settings.
        budget: What the activations leave.
    """
    cuts, depth = plan.cuts, len(model.get_layer("backbone").layers)
    streams = any(
        phase.name not in cuts or f"train_{name_cut(cuts[phase.name], depth)}" not in plan.layout
        for phase in phases
    )
    images: dict[str, Place] = {}
    one_more = () if config.cache.reuse else ("validation",)
    for name in ("validation", "train") if streams else one_more:
        needed = len(data.splits[name]) * data.image_size**2 * 3
        place = budget.find_place(needed)
        if place and (streams or place == "memory"):
            images[name] = place
            budget.take(place, needed)
    return dataclasses.replace(plan, images=images)


def describe_plan(plan: CachePlan, model: keras.Model, data: ImageData, obstacle: str = "") -> str:
    """Return the plan in words, and why no activations are kept if there is an obstacle."""
    parts = [f"Cache: no activations, {obstacle}"] if obstacle else []
    if plan.layout:
        backbone = model.get_layer("backbone")
        depth = len(backbone.layers)
        places = []
        for cut in plan.kept_cuts(depth):
            shape = plan.layout[f"validation_{name_cut(cut, depth)}"][0][1:]
            where = "pooled" if cut > depth else f"after {backbone.layers[cut - 1].name}"
            places.append(f"{where} ({' x '.join(map(str, shape))})")
        train, held = len(data.splits["train"]), len(data.splits["validation"])
        views = f"{plan.views} view{'s' if plan.views != 1 else ''}"
        images = f"{views} of {train:,} images and {held:,} unchanged ones"
        kept = f"{say_bytes(count_bytes(plan.layout))} {_say_place(plan.place)}"
        parts.append(f"Cache: {images}, {' and '.join(places)}: {kept}")
    for place in ("memory", "disk"):
        names = [name for name, where in plan.images.items() if where == place]
        if names:
            size = sum(len(data.splits[name]) for name in names) * data.image_size**2 * 3
            which = " and ".join(names)
            parts.append(f"decoded {which} images: {say_bytes(size)} {_say_place(place)}")
    return "; ".join(parts)


def _say_place(place: str) -> str:
    return "in memory" if place == "memory" else "on disk"
