"""Examples passed through the locked part of a network, once: what is kept of them."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.data.training_data import TrainingData
from keras_transfer.training.cache.kept_examples import Store
from keras_transfer.training.cache.memory_store import Layout
from keras_transfer.training.plan.training_parts import CachePlan
from keras_transfer.training.progress_display import showing_steps

# from a batch of examples to the activations at each cut, the lowest first
RunFront = Callable[[Any], list[np.ndarray]]
Rows = dict[str, np.ndarray]  # the next rows of arrays, by their names


class Passed(NamedTuple):
    """Examples of which the same is kept."""

    kind: str
    """What the names of their arrays begin with: train, validation or target."""
    data: TrainingData
    """They are in its split `split`."""
    split: str
    views: int
    """Of each example; 0: it is unchanged, and its rows have no axis of views."""

    begin: int = 0
    """What the first one's row was in the split that views are of."""

    def open_batches(self) -> Iterable[Any]:
        """Return all views of a batch, then those of the next; decoding begins now."""
        if self.views:
            return self.data.view_batches(self.views, self.split, self.begin)
        return (examples for examples, _ in self.data.clean_batches(self.split))


def list_passed(
    plan: CachePlan, data: TrainingData, store: Store, target: TrainingData | None = None
) -> list[Passed]:
    """Return what is still to go through the locked part, in order.

    Args:
        plan: Names the arrays and the number of views.
        data: The examples.
        store: What was kept before an interruption is in it.
        target: Images of another domain, of which `plan` may name arrays, too.
    """
    assert plan.views is not None
    held = Passed("validation", data, "validation", 0)
    found = [Passed("train", data, "train", plan.views), held]
    if target and any(name.startswith("target_") for name in plan.layout):
        found.append(Passed("target", target, "train", plan.views))
    return [left for each in found if (left := _skip(each, store.count_filled(each.kind)))]


def _skip(passed: Passed, rows: int) -> Passed | None:
    """Return the examples behind the first rows, if there are any."""
    data, split = passed.data, passed.split
    if rows == len(data.splits[split]):
        return None
    rest = data.with_rows(split, slice(rows, None)) if rows else data
    return passed._replace(data=rest, begin=rows)


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
    parts = list_passed(plan, data, store, target)
    first = parts[0].open_batches() if parts else ()  # decoding begins, and tracing takes a while
    run_batch = trace_front(front, data)
    for number, passed in enumerate(parts):
        batches = passed.open_batches() if number else first
        steps, silent = passed.data.steps * passed.views, quiet or not passed.views
        with showing_steps(batches, "cache", steps, data.batch_size, silent) as shown:
            for rows in keep_batches(passed, shown, run_batch, plan.layout, data.longest):
                append_rows(store, rows)
    return run_batch


def append_rows(store: Store, rows: Rows) -> None:
    """Add the next rows of all arrays of one kind."""
    for name, values in rows.items():
        store.append(name, values)
    store.note()


def keep_batches(
    passed: Passed,
    batches: Iterable[Any],
    run_batch: RunFront,
    layout: Layout,
    longest: int | None,
) -> Iterator[Rows]:
    """Yield what is kept of a batch after the other, of all of its views at once.

    Args:
        passed: Which examples they are.
        batches: As its `open_batches` returned them.
        run_batch: What `trace_front` returned.
        layout: Of the arrays.
        longest: As `fill_rows` takes it.

    Raises:
        OverflowError: An activation is beyond 65504, the largest float16.
    """
    cuts = [name.removeprefix("train_") for name in layout if name.startswith("train_")]
    views: list[list[np.ndarray]] = []
    for examples in batches:
        views.append([fill_rows(each, longest) for each in run_batch(examples)])
        if len(views) < passed.views:
            continue
        by_cut = zip(cuts, zip(*views, strict=True), strict=True)
        found = {f"{passed.kind}_{cut}": each for cut, each in by_cut}
        yield {
            name: _round(np.stack(each, axis=1) if passed.views else each[0], layout[name][1])
            for name, each in found.items()
            if name in layout
        }
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


def _round(rows: np.ndarray, dtype: str) -> np.ndarray:
    """Cast rows to the dtype of their array; float16 ends at 65504.

    Raises:
        OverflowError: A finite number would become infinite.
    """
    with np.errstate(over="ignore"):
        rounded = rows.astype(dtype)
    if not np.isfinite(rounded).all() and np.isfinite(rows).all():
        raise OverflowError("Activations do not fit into float16")
    return rounded
