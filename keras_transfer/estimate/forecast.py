"""What a training and its passes take for any number of images, and what gives way first."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.estimate.imagined_training import imagine_training
from keras_transfer.estimate.measured_costs import ImageCosts, Measured
from keras_transfer.system.machine import free_memory
from keras_transfer.training.cache.budget import read_budget
from keras_transfer.training.cache.memory_store import count_bytes
from keras_transfer.training.cost.training_cost import count_epochs, estimate_seconds
from keras_transfer.training.plan.training_parts import CachePlan, Training

# Of a row, whatever is in the image: listed, compared, divided, recorded, predicted. On one core,
# and at the peak of a process: 10**6 rows less the 137 MB of the program, in benchmarks/README.md,
# `python benchmarks/many_rows.py --rows 1000000 --invent`.
ROW_SECONDS, ROW_BYTES = 74e-6, 1241
WEEK = 7 * 86_400  # seconds

Origin = Literal["measured", "computed", "constant"]


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One thing that is done with all images."""

    name: str
    seconds: float
    """On one machine."""
    divides: bool
    """Whether several machines can share it."""
    origin: Origin
    """measured here; computed from what is measured and the shapes of the network; or a constant of
    another machine."""

    def on(self, machines: int) -> float:
        """Return the seconds on some machines."""
        return self.seconds / machines if self.divides else self.seconds


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a number of images takes."""

    images: int
    passes: Sequence[Pass]
    """Of a training, in order."""
    predict: Pass
    """All images through the network once more, as `predict` and `embed` do."""
    streamed: float
    """Seconds of the training on one machine if nothing is kept."""
    image_bytes: float
    activation_bytes: int
    memory_bytes: int
    """At the peak, for the rows alone."""
    training: Training

    def seconds(self, machines: int) -> float:
        """Return the seconds of the training."""
        return sum(each.on(machines) for each in self.passes)


def forecast(
    config: TrainConfig, measured: Measured, images: int, shares: Mapping[str, float]
) -> Forecast:
    """Return what so many images take.

    Args:
        config: As the user gave it.
        measured: On this machine.
        images: All of them.
        shares: validation and test -> their share of the images.
    """
    held = {name: round(images * share) for name, share in shares.items()}
    held["validation"] = max(1, held["validation"])  # as a training has it
    held["test"] = max(0, min(held["test"], images - held["validation"] - 1))
    counts = {"train": images - sum(held.values()), **held}
    training = imagine_training(config, measured.model, measured.data, counts)
    costs = measured.costs
    passes = [
        Pass(name="rows", seconds=images * ROW_SECONDS, divides=False, origin="constant"),
        Pass(name="inspect", seconds=images * costs.inspect, divides=True, origin="measured"),
        *_list_passes(training, costs),
    ]
    forward = costs.decode + costs.forward
    seen = images - counts["train"]
    passes.append(Pass(name="evaluate", seconds=seen * forward, divides=True, origin="measured"))
    plain = dataclasses.replace(training, cache=CachePlan(cuts={}, views=training.cache.views))
    rest = [each for each in passes if each.name in ("rows", "inspect", "evaluate")]
    streamed = [*rest, *_list_passes(plain, costs)]
    return Forecast(
        images=images,
        passes=passes,
        predict=Pass(name="predict", seconds=images * forward, divides=True, origin="measured"),
        streamed=sum(each.seconds for each in streamed),
        image_bytes=images * costs.size,
        activation_bytes=count_bytes(training.cache.layout),
        memory_bytes=images * ROW_BYTES,
        training=training,
    )


def share_splits(config: TrainConfig, examples: Examples | None) -> dict[str, float]:
    """Return the share of each split: as the data set gives them, else as `config` says."""
    given = examples.splits if examples else np.array([""])
    if "validation" not in given and {"train", "test"} <= {*given.tolist()}:
        test = float(np.mean(given == "test"))
        return {"validation": config.data.validation_fraction * (1 - test), "test": test}
    if not {"train", "validation"} <= {*given.tolist()}:
        fractions = examples.fractions if examples and examples.fractions else None
        held = fractions or (config.data.validation_fraction, config.data.test_fraction)
        return {"validation": held[0], "test": held[1]}
    return {name: float(np.mean(given == name)) for name in ("validation", "test")}


def _list_passes(training: Training, costs: ImageCosts) -> list[Pass]:
    """Return the pass that fills the cache, if anything is kept, and the phases."""
    found = estimate_seconds(training, costs.speed)
    plan, splits = training.cache, training.data.splits
    train, validation = len(splits["train"]), len(splits["validation"])
    passes = []
    if plan.layout:
        decoded = (train + validation) * costs.decode + (plan.views or 1) * train * costs.augment
        cached = Pass(name="cache", seconds=decoded + found.locked, divides=True, origin="computed")
        passes.append(cached)
    for phase in training.phases:
        epochs, seconds = count_epochs(training, phase), found.phases[phase.name]
        seconds += epochs * train * costs.head
        if not plan.layout or phase.name not in plan.cuts:
            seconds += epochs * ((train + validation) * costs.decode + train * costs.augment)
        passes.append(Pass(name=phase.name, seconds=seconds, divides=False, origin="computed"))
    return passes


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Something of this machine that gives way."""

    name: str
    images: int
    """From how many on."""
    then: str
    """What happens, and what helps."""


def find_limits(found: Forecast, machines: int) -> list[Limit]:
    """Return what gives way as images become more, the first one first.

    Args:
        found: Of many images: what an image takes is taken from it.
        machines: That share the passes which divide.
    """
    budget = read_budget(found.training.config.cache, found.training.run)
    each, images = found.activation_bytes / found.images, found.images
    limits = {
        "memory for rows": (free_memory() / ROW_BYTES, "the list does not fit: divide it"),
        "a week": (
            WEEK * images / found.seconds(machines),
            "use more machines for what divides, fewer epochs or a GPU for what does not",
        ),
    }
    if each:
        limits["memory for activations"] = (budget.memory / each, "they go to the disk")
        largest = max(budget.memory, budget.disk) / each
        then = "nothing is kept and every epoch goes through the whole network; a larger disk, "
        then += "--cache.disk_gb, fewer views or a higher boundary help"
        limits["disk for activations"] = (largest, then)
    ordered = sorted(limits.items(), key=lambda item: item[1][0])
    return [Limit(name=name, images=int(most), then=then) for name, (most, then) in ordered]
