"""An estimate of time and memory before the work, from the network's shapes and two timings."""

import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from keras_transfer.models.cuts import IMAGES
from keras_transfer.models.low_rank import list_matrices
from keras_transfer.training.cache.cache_plan import count_decoded
from keras_transfer.training.cache.cache_store import count_bytes
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
class Work:
    """What one image costs in some layers."""

    products: int  # multiply-adds
    elements: int  # numbers written


def announce(training: Training) -> None:
    """Log how long the phases will take and how much memory, to within a factor of about two."""
    config, seconds, memory = training.config, estimate_seconds(training), estimate_memory(training)
    logger.info(
        "Estimate for %s, weights %s, %s, batches of %s: about %s and %.1f GB",
        *(config.backbone, config.weights, config.precision, training.data.batch_words),
        *(_say_time(seconds), memory / 1e9),
    )


def estimate_seconds(training: Training) -> float:
    """Return the seconds of the whole training on this machine; timing the machine takes 0.1 s."""
    products, elements = _time_machine()

    def forward(layers: Sequence[keras.layers.Layer]) -> float:
        work = count_work(layers, training.data.longest)
        return PRODUCT_COST * work.products / products + ELEMENT_COST * work.elements / elements

    splits, plan, layers = training.data.splits, training.cache, training.backbone.layers
    images, held_out = len(splits["train"]), len(splits["validation"])
    cuts = plan.cuts if plan.layout else {}
    seconds = START_SECONDS
    if cuts:
        locked = layers[: max(cuts.values()).count_layers(training.depth)]
        seconds += (images * (plan.views or 1) + held_out) * forward(locked)
        seconds += TRACING_SECONDS * len(locked)
    for phase in training.phases:
        part = layers[cuts.get(phase.name, IMAGES).count_layers(training.depth) :]
        learning = [] if phase.first_learning is None else layers[phase.first_learning :]
        epoch = (images + held_out) * forward(part)
        epoch += images * (BACKWARD_COST - 1) * forward(learning)
        sharing = sum(each.plateau > 0 for each in training.phases) + 1 if phase.span else 1
        seconds += phase.epochs / sharing * epoch
        seconds += TRACING_SECONDS * len(part) + LEARNING_SECONDS * len(learning)
    return seconds


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


def count_work(layers: Sequence[keras.layers.Layer], longest: int | None = None) -> Work:
    """Return the multiply-adds and the numbers written per example in these layers.

    Args:
        layers: Of the network.
        longest: Rows of an example, where they are of any length.
    """
    products = elements = 0
    for layer in layers:
        shape = [side or longest or 1 for side in layer.output.shape[1:]]
        size = math.prod(shape)
        elements += size
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            products += size * math.prod(layer.kernel_size)
        elif isinstance(layer, keras.layers.Conv2D):
            products += size * math.prod(layer.kernel_size) * layer.input.shape[-1] // layer.groups
        elif isinstance(layer, keras.layers.Dense):
            products += size * layer.input.shape[-1]
        elif isinstance(layer, keras.layers.MultiHeadAttention):
            tokens = size // shape[-1]  # each meets the four projections, and twice all others
            products += tokens * sum(math.prod(each.shape) for each in layer.weights)
            products += 2 * tokens * size
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
