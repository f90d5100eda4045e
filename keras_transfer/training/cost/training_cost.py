"""An estimate of time and memory before the work, from the network's shapes and two timings."""

import logging
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from keras_transfer.config.messages import count_of, say_bytes
from keras_transfer.models.cuts import IMAGES
from keras_transfer.models.low_rank import list_matrices
from keras_transfer.training.cache.cache_plan import count_decoded
from keras_transfer.training.cache.memory_store import count_bytes
from keras_transfer.training.cost.layer_work import Work, count_work
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.training_parts import Training

logger = logging.getLogger(__name__)

# A convolution runs at about 1/1.2 of a matrix product's rate and an element is moved 1.5 times;
# forward and backward together take 2.5 times as long as forward alone. Fitted on two cores to
# seven backbones between 0.05 and 15 billion multiply-adds; off by up to 1.7 on them.
PRODUCT_COST, ELEMENT_COST, BACKWARD_COST = 1.2, 1.5, 2.5
# The graph is built and optimised before the first step: per layer, and per layer that learns.
TRACING_SECONDS, LEARNING_SECONDS = 0.01, 0.035
START_SECONDS = 8.0  # loading TensorFlow, drawing figures


@dataclass(frozen=True)
class Speed:
    """What a machine manages in a second."""

    products: float  # multiply-adds
    elements: float  # numbers written

    def time(self, work: Work) -> float:
        """Return the seconds that some work takes."""
        products = PRODUCT_COST * work.products / self.products
        return products + ELEMENT_COST * work.elements / self.elements

    def slow_down(self, factor: float) -> "Speed":
        """Return the speed at which the same takes `factor` times as long."""
        return Speed(self.products / factor, self.elements / factor)


@dataclass(frozen=True, kw_only=True)
class TrainingSeconds:
    """What a training takes, by what it is spent on."""

    start: float
    """Programs loaded, graphs built: as long for few examples as for many."""
    locked: float
    """The locked layers, through which every view goes once."""
    phases: Mapping[str, float]
    """Name of a phase -> the backbone's part in all of its epochs."""

    @property
    def total(self) -> float:
        """All of it."""
        return self.start + self.locked + sum(self.phases.values())


def announce(training: Training) -> None:
    """Log how long the phases will take and how much memory, to within a factor of about two."""
    config, memory = training.config, estimate_memory(training)
    seconds = estimate_seconds(training, measure_speed())
    logger.info(
        "Estimate for %s, weights %s, %s, batches of %s: about %s and %.1f GB",
        *(config.backbone, config.weights, config.precision, training.data.batch_words),
        *(say_time(seconds.total), memory / 1e9),
    )
    if training.engine.is_here:
        return
    if not training.cache.layout:
        logger.warning("Nothing is kept of locked layers: workers of a cluster have nothing to do")
        return
    workers = training.engine.workers
    logger.info(
        "Of it, what is kept takes about %s: %s of a Ray cluster share this, and %s come back",
        say_time(seconds.locked),
        count_of(workers, "worker") if workers else "the workers",
        say_bytes(count_bytes(training.cache.layout)),
    )


def estimate_seconds(training: Training, speed: Speed) -> TrainingSeconds:
    """Return the seconds of the whole training on a machine of some speed."""

    def forward(layers: Sequence[keras.layers.Layer]) -> float:
        return speed.time(count_work(layers, training.data.longest))

    splits, plan, layers = training.data.splits, training.cache, training.backbone.layers
    images, held_out = len(splits["train"]), len(splits["validation"])
    cuts = plan.cuts if plan.layout else {}
    start, once, phases = START_SECONDS, 0.0, {}
    if cuts:
        locked = layers[: max(cuts.values()).count_layers(training.depth)]
        once = (images * (plan.views or 1) + held_out) * forward(locked)
        start += TRACING_SECONDS * len(locked)
    for phase in training.phases:
        part = layers[cuts.get(phase.name, IMAGES).count_layers(training.depth) :]
        learning = [] if phase.first_learning is None else layers[phase.first_learning :]
        epoch = (images + held_out) * forward(part)
        epoch += images * (BACKWARD_COST - 1) * forward(learning)
        phases[phase.name] = count_epochs(training, phase) * epoch
        start += TRACING_SECONDS * len(part) + LEARNING_SECONDS * len(learning)
    return TrainingSeconds(start=start, locked=once, phases=phases)


def count_epochs(training: Training, phase: Phase) -> float:
    """Return how many epochs a phase lasts; those that share a schedule share its epochs."""
    sharing = sum(each.plateau > 0 for each in training.phases) + 1 if phase.span else 1
    return phase.epochs / sharing


def estimate_memory(training: Training) -> int:
    """Return the bytes at the peak: program, what is kept, weights, and a batch's activations."""
    plan, data = training.cache, training.data
    kept = count_bytes(plan.layout) if plan.place == "memory" else 0
    kept += count_decoded(data, [n for n, place in plan.decoded.items() if place == "memory"])
    boundaries = [p.first_learning for p in training.phases if p.first_learning is not None]
    learning = training.backbone.layers[min(boundaries, default=training.depth) :]
    # kept for the backward pass, and as much again while it runs
    batch = min(data.batch_size, len(data.splits["train"]))
    activations = 2 * count_work(learning, data.longest).elements * batch * 4
    # values, two best ones, two moments of Adam
    whole, matrices = training.model.count_params(), list_matrices(training.model)
    learned = sum(math.prod(each.shape) for each in matrices) or whole
    weights: int = 4 * (3 * whole + 2 * learned)
    return 600_000_000 + kept + weights + activations


def measure_speed() -> Speed:
    """Return the speed of this machine; timing it takes 0.1 s."""
    square, row = tf.ones((1024, 1024)), tf.ones((1 << 22,))
    multiply = tf.function(lambda: tf.reduce_sum(tf.matmul(square, square)))
    move = tf.function(lambda: tf.reduce_sum(row * 2.0 + 1.0))

    def best(call: tf.types.experimental.PolymorphicFunction) -> float:
        call()  # traced
        times = []
        for _ in range(3):
            start = time.perf_counter()
            call().numpy()
            times.append(time.perf_counter() - start)
        return min(times)

    return Speed(1024**3 / best(multiply), (1 << 22) / best(move))


def say_time(seconds: float) -> str:
    """Return a time as a person says it: 40 s, 12 min, 3.4 h, 12 days."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:,.1f} days"
