"""Examples passed through the locked part of a network, once: what is kept of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.data.training_data import TrainingData
from keras_transfer.training.cache.cache_store import Layout
from keras_transfer.training.cache.kept_examples import Store
from keras_transfer.training.plan.training_parts import CachePlan
from keras_transfer.training.progress_display import showing_steps

# from a batch of examples to the activations at each cut, the lowest first
RunFront = Callable[[Any], list[np.ndarray]]


def compute_arrays(
    front: keras.Model,
    plan: CachePlan,
    data: TrainingData,
    store: Store,
    quiet: bool,
    target: TrainingData | None = None,
) -> RunFront:
    """Pass every view of the training images and every validation image through the locked part.

    Args:
        front: From raw images to the activations at the cuts of `plan`, lowest first.
        plan: Names the arrays and the number of views.
        data: The images.
        store: Gets the arrays, all of their rows.
        quiet: Show no progress.
        target: Images of another domain, of which `plan` may name arrays, too.

    Returns:
        The graph of `front`, for other batches: tracing it takes a while.

    Raises:
        OverflowError: An activation is beyond 65504, the largest float16.
    """
    assert plan.views is not None
    batches = data.view_batches(plan.views)  # decoding begins, and tracing takes a while
    run_batch = trace_front(front, data)
    names = [name.removeprefix("train_") for name in plan.layout if name.startswith("train_")]
    _append_views("train", names, batches, run_batch, plan, data, store, quiet)
    for images, _ in data.clean_batches("validation"):
        for name, values in zip(names, run_batch(images), strict=True):
            _append(store, plan.layout, f"validation_{name}", fill_rows(values, data.longest))
    if target and any(name.startswith("target_") for name in plan.layout):
        batches = target.view_batches(plan.views)
        _append_views("target", names, batches, run_batch, plan, target, store, quiet)
    return run_batch


def _append_views(
    kind: str,
    names: Sequence[str],
    batches: Iterable[Any],
    run_batch: RunFront,
    plan: CachePlan,
    data: TrainingData,
    store: Store,
    quiet: bool,
) -> None:
    """Keep what becomes of every view: of the arrays `names` those that there are of this kind."""
    count = plan.views or 1
    views: list[list[np.ndarray]] = []
    with showing_steps(batches, "cache", data.steps * count, data.batch_size, quiet) as shown:
        for images in shown:
            views.append([fill_rows(each, data.longest) for each in run_batch(images)])
            if len(views) == count:
                for name, parts in zip(names, zip(*views, strict=True), strict=True):
                    if f"{kind}_{name}" in plan.layout:
                        _append(store, plan.layout, f"{kind}_{name}", np.stack(parts, axis=1))
                views = []


def trace_front(front: keras.Model, data: TrainingData) -> RunFront:
    """Return a graph from a batch of examples to the activations at each cut."""
    shape, dtype = data.element
    signature = tf.TensorSpec((None, *shape), dtype)
    forward = tf.function(
        lambda images: front(images, training=False), input_signature=[signature], autograph=False
    ).get_concrete_function()

    def run_batch(images: Any) -> list[np.ndarray]:
        return [tensor.numpy() for tensor in keras.tree.flatten(forward(images))]

    return run_batch


def fill_rows(values: np.ndarray, longest: int | None) -> np.ndarray:
    """Return activations (batch, rows, width) with zeros up to `longest` rows, if it is given."""
    if longest is None or values.ndim != 3:
        return values
    return np.pad(values, ((0, 0), (0, longest - values.shape[1]), (0, 0)))


def _append(store: Store, layout: Layout, name: str, rows: np.ndarray) -> None:
    """Cast the next rows to the dtype of their array; float16 ends at 65504.

    Raises:
        OverflowError: A finite number would become infinite.
    """
    with np.errstate(over="ignore"):
        rounded = rows.astype(layout[name][1])
    if not np.isfinite(rounded).all() and np.isfinite(rows).all():
        raise OverflowError("Activations do not fit into float16")
    store.append(name, rounded)
