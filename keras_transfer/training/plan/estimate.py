"""An estimate of time and memory before the work, from the network's shapes and two timings."""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.images.batches import ImageData
from keras_transfer.training.cache.cache_plan import CachePlan
from keras_transfer.training.cache.cache_store import count_bytes
from keras_transfer.training.plan.phase import Phase

logger = logging.getLogger(__name__)

# A convolution runs at about 1/1.2 of a matrix product's rate and an element is moved 1.5 times;
# forward and backward together take 2.5 times as long as forward alone. Fitted on two cores to
# seven backbones between 0.05 and 15 billion multiply-adds; off by up to 1.7 on them.
PRODUCT_COST, ELEMENT_COST, BACKWARD_COST = 1.2, 1.5, 2.5
# The graph is built and optimised before the first step: per layer, and per layer that learns.
TRACING_SECONDS, LEARNING_SECONDS = 0.01, 0.035
START_SECONDS = 8.0  # loading TensorFlow, drawing figures


@dataclass(frozen=True)
class Work:
    """What one image costs in some layers."""

    products: int  # multiply-adds
    elements: int  # numbers written


def announce(
    model: keras.Model,
    phases: Sequence[Phase],
    data: ImageData,
    plan: CachePlan,
    config: TrainConfig,
) -> None:
    """Log how long the phases will take and how much memory, to within a factor of about two.

    Args:
        model: The model about to be trained.
        phases: What it will go through.
        data: Train and validation images.
        plan: What is kept instead of computed in every epoch.
        config: Resolved settings.
    """
    backbone = model.get_layer("backbone")
    seconds = estimate_seconds(backbone, phases, data, plan)
    memory = estimate_memory(model, phases, data, plan)
    logger.info(
        "Estimate for %s, weights %s, %s, %d pixels, batches of %d: about %s and %.1f GB",
        config.backbone,
        config.weights,
        config.precision,
        *(data.image_size, data.batch_size, _say_time(seconds), memory / 1e9),
    )


def estimate_seconds(
    backbone: keras.Model, phases: Sequence[Phase], data: ImageData, plan: CachePlan
) -> float:
    """Return the seconds of the whole training on this machine; timing the machine takes 0.1 s."""
    products, elements = _time_machine()

    def forward(layers: Sequence[keras.layers.Layer]) -> float:
        work = count_work(layers)
        return PRODUCT_COST * work.products / products + ELEMENT_COST * work.elements / elements

    images, held_out = len(data.splits["train"]), len(data.splits["validation"])
    cuts = plan.cuts if plan.layout else {}
    seconds = START_SECONDS
    if cuts:
        locked = backbone.layers[: max(cuts.values())]
        seconds += (images * (plan.views or 1) + held_out) * forward(locked)
        seconds += TRACING_SECONDS * len(locked)
    for phase in phases:
        part = backbone.layers[cuts.get(phase.name, 0) :]
        learning = [] if phase.first_learning is None else backbone.layers[phase.first_learning :]
        epoch = (images + held_out) * forward(part)
        epoch += images * (BACKWARD_COST - 1) * forward(learning)
        sharing = sum(each.plateau > 0 for each in phases) + 1 if phase.span else 1
        seconds += phase.epochs / sharing * epoch
        seconds += TRACING_SECONDS * len(part) + LEARNING_SECONDS * len(learning)
    return seconds


def estimate_memory(
    model: keras.Model, phases: Sequence[Phase], data: ImageData, plan: CachePlan
) -> int:
    """Return the bytes at the peak: program, what is kept, weights, and a batch's activations."""
    backbone = model.get_layer("backbone")
    kept = count_bytes(plan.layout) if plan.place == "memory" else 0
    for name, place in plan.images.items():
        kept += len(data.splits[name]) * data.image_size**2 * 3 if place == "memory" else 0
    boundaries = [phase.first_learning for phase in phases if phase.first_learning is not None]
    learning = backbone.layers[min(boundaries, default=len(backbone.layers)) :]
    # kept for the backward pass, and as much again while it runs
    batch = min(data.batch_size, len(data.splits["train"]))
    activations = 2 * count_work(learning).elements * batch * 4
    weights: int = 5 * 4 * model.count_params()  # values, two best ones, two moments of Adam
    return 600_000_000 + kept + weights + activations


def count_work(layers: Sequence[keras.layers.Layer]) -> Work:
    """Return the multiply-adds and the numbers written per image in these layers."""
    products = elements = 0
    for layer in layers:
        size = math.prod(layer.output.shape[1:])
        elements += size
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            products += size * math.prod(layer.kernel_size)
        elif isinstance(layer, keras.layers.Conv2D):
            products += size * math.prod(layer.kernel_size) * layer.input.shape[-1] // layer.groups
        elif isinstance(layer, keras.layers.Dense):
            products += size * layer.input.shape[-1]
    return Work(products, elements)


def _time_machine() -> tuple[float, float]:
    """Return the multiply-adds and the written numbers a second that this machine manages."""
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

    return 1024**3 / best(multiply), (1 << 22) / best(move)


def _say_time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
