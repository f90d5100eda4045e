"""Frozen work, done once: activations at the freeze boundary, and the phases that start from them.

What is kept where was decided in `cache_plan.py`.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.data.same_files.lost_examples import (
    find_lost,
    require_all,
    require_unchanged,
)
from keras_transfer.data.training_data import Batches, TrainingData
from keras_transfer.models.cuts import IMAGES, PROBABILITIES, Cut, take_part
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.cache.activation_data import ActivationData
from keras_transfer.training.cache.budget import read_budget
from keras_transfer.training.cache.cache_key import compute_key
from keras_transfer.training.cache.cache_store import (
    FileStore,
    Layout,
    count_bytes,
    open_store,
)
from keras_transfer.training.cache.kept_examples import Store, open_new
from keras_transfer.training.cache.reuse_folder import make_room, reuse_folder
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.training_parts import CachePlan, Training
from keras_transfer.training.progress_display import showing_steps

logger = logging.getLogger(__name__)

# from a batch of examples to the activations at each cut, the lowest first
RunFront = Callable[[Any], list[np.ndarray]]


class FrozenCache:
    """The activations of a training: computed when they are needed, dropped with the object.

    Args:
        training: Its scratch folder takes what does not fit into memory.
    """

    def __init__(self, training: Training) -> None:
        self.training, self.plan = training, training.cache
        self.arrays: dict[str, np.ndarray] | None = None
        self.streams = not self.plan.layout
        self.is_reused = False  # whether an earlier run had computed them
        self._run_front: RunFront | None = None  # as it was traced for them

    def prepare(self, phases: Sequence[Phase]) -> None:
        """Have the activations ready that any of these phases starts from.

        The model must have the weights from which the first phase starts: locked layers keep them.
        """
        wanted = any(phase.name in self.plan.cuts for phase in phases)
        if wanted and not self.streams and self.arrays is None:
            self._prepare()
            self.training.run.stopwatch.lap("cache")

    def serve(self, phase: Phase) -> tuple[keras.Model, Batches]:
        """Return the part of the model that `phase` still has to compute, and what goes into it.

        The part shares its variables with the whole model. Its batches come in the order and the
        views that the whole model would see.
        """
        model, data, cut = self.training.model, self.training.data, self.plan.cuts.get(phase.name)
        if cut is None:
            return model, data
        self.prepare([phase])
        if self.arrays is None or f"train_{cut.name}" not in self.arrays:
            return model, data.with_views(self.plan.views)
        part = take_part(model, cut, [PROBABILITIES])
        splits = ("train", "validation")
        return part, ActivationData(
            arrays={split: self.arrays[f"{split}_{cut.name}"] for split in splits},
            labels={split: data.splits[split].labels for split in splits},
            classes=len(data.class_names),
            batch_size=data.batch_size,
            seed=data.seed,
            dtype=part.input.dtype,
        )

    def _prepare(self) -> None:
        """Find the activations on disk, or compute them."""
        front = take_part(self.training.model, IMAGES, self.plan.kept_cuts())
        if self.plan.place == "memory":
            self._compute(front, self._open_store(""))
            return
        key = compute_key(front, self.training)
        reuse, entry = self.training.config.cache.reuse, reuse_folder() / key[:32]
        self.arrays = open_store(entry if reuse else self._scratch, key, touch=reuse)
        if self.arrays is None:
            shared = self._open_entry(entry, key) if reuse else None
            self._compute(front, shared or self._open_store(key), is_shared=shared is not None)
            return
        self.is_reused = reuse
        whose = f"an earlier run are used: {entry}" if reuse else "this run are used again"
        logger.info("The activations of %s", whose)

    def _compute(self, front: keras.Model, store: Store, is_shared: bool = False) -> None:
        """Fill a store, unless its images are others than they were.

        Raises:
            ConfigError: They are; where later runs may use it, every file was read again.
        """
        training, splits = self.training, ("train", "validation")
        try:
            require_all(training.data, training.run, splits)
            quiet = training.config.quiet
            self._run_front = compute_arrays(front, self.plan, training.data, store, quiet)
            if is_shared:  # the key is made of their hashes
                _require_same(training)
            require_unchanged(training.data, training.run, splits)
            self.arrays = store.finish()
        except OverflowError as error:
            logger.warning("%s: nothing is kept, every epoch computes them", error)
            self.streams = True
        finally:
            if self.arrays is None:
                store.discard()

    def recall_validation(self, anew: bool = False) -> tuple[Cut, np.ndarray] | None:
        """Return where activations of the validation examples were kept, and these; or None.

        The lowest place serves whatever was trained, if nothing below it ever learned.

        Args:
            anew: Compute them where they are not at hand. A run that is resumed for its last step
                alone so ends with the same digits.
        """
        if self.arrays is None and not self.streams and self.plan.place == "disk":
            front = take_part(self.training.model, IMAGES, self.plan.kept_cuts())
            key, reuse = compute_key(front, self.training), self.training.config.cache.reuse
            self.arrays = open_store(reuse_folder() / key[:32] if reuse else self._scratch, key)
        if not self.plan.layout or (self.arrays is None and (self.streams or not anew)):
            return None
        cut = min(self.plan.kept_cuts())
        if any(self.plan.cuts.get(phase.name, IMAGES) < cut for phase in self.training.phases):
            return None
        if self.arrays is not None:
            return cut, self.arrays[f"validation_{cut.name}"]
        return cut, self.activate(cut, self.training.data.clean_batches("validation"))

    def activate(self, cut: Cut, batches: Iterable[Any]) -> np.ndarray:
        """Return the activations of unchanged examples.

        Args:
            cut: Where: as `recall_validation` returned it.
            batches: As `clean_batches` of the data gives them.
        """
        if self._run_front is None:
            front = take_part(self.training.model, IMAGES, [cut])
            self._run_front = trace_front(front, self.training.data)
        return np.concatenate([self._run_front(images)[0] for images, _ in batches])

    @property
    def _scratch(self) -> Path:
        return self.training.run.scratch / "activations"

    def _open_store(self, key: str) -> Store:
        return open_new(self.plan.place, self._scratch, self.plan.layout, key)

    def _open_entry(self, folder: Path, key: str) -> FileStore | None:
        """Return an empty entry of the reuse folder, or None where there is no room for it."""
        limit = read_budget(self.training.config.cache, self.training.run).disk
        if make_room(folder.parent, count_bytes(self.plan.layout), limit):
            try:
                return FileStore(folder, self.plan.layout, key)
            except ConfigError as error:
                logger.warning("%s", error)
        logger.warning("Nothing can be kept in %s: the activations go with the run", folder.parent)
        return None


def _require_same(training: Training) -> None:
    """Read every image again that activations for later runs come from.

    Raises:
        ConfigError: One is not as it was: it would be kept under the name of the former one.
    """
    lost = find_lost(training.data, training.run, ("train", "validation"), thoroughly=True)
    if lost:
        raise ConfigError(
            "Images must stay as they are while activations are kept for later runs. Received: "
            f"{len(lost)} changed, the first is {lost[0].path}. Begin a new run."
        )


def compute_arrays(
    front: keras.Model, plan: CachePlan, data: TrainingData, store: Store, quiet: bool
) -> RunFront:
    """Pass every view of the training images and every validation image through the locked part.

    Args:
        front: From raw images to the activations at the cuts of `plan`, lowest first.
        plan: Names the arrays and the number of views.
        data: The images.
        store: Gets the arrays, all of their rows.
        quiet: Show no progress.

    Returns:
        The graph of `front`, for other batches: tracing it takes a while.

    Raises:
        OverflowError: An activation is beyond 65504, the largest float16.
    """
    assert plan.views is not None
    batches = data.view_batches(plan.views)  # decoding begins, and tracing takes a while
    run_batch = trace_front(front, data)
    names = [name.removeprefix("train_") for name in plan.layout if name.startswith("train_")]
    steps = data.steps * plan.views
    views: list[list[np.ndarray]] = []
    with showing_steps(batches, "cache", steps, data.batch_size, quiet) as shown:
        for images in shown:
            views.append(run_batch(images))
            if len(views) == plan.views:
                for name, parts in zip(names, zip(*views, strict=True), strict=True):
                    _append(store, plan.layout, f"train_{name}", np.stack(parts, axis=1))
                views = []
    for images, _ in data.clean_batches("validation"):
        for name, values in zip(names, run_batch(images), strict=True):
            _append(store, plan.layout, f"validation_{name}", values)
    return run_batch


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
