"""Frozen work, done once: activations at the freeze boundary, and the phases that start from them.

What is kept where was decided in `cache_plan.py`.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_transfer.data.same_files.lost_examples import (
    find_lost,
    require_all,
    require_unchanged,
)
from keras_transfer.data.training_data import Batches, TrainingData
from keras_transfer.models.cuts import IMAGES, PROBABILITIES, Cut, take_part
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.signals import Stopped
from keras_transfer.training.activations.activation_blocks import compute_with_workers
from keras_transfer.training.activations.activation_pass import (
    RunFront,
    compute_arrays,
    fill_rows,
    trace_front,
)
from keras_transfer.training.cache.activation_data import ActivationData
from keras_transfer.training.cache.budget import read_budget
from keras_transfer.training.cache.cache_key import compute_key
from keras_transfer.training.cache.cache_store import FileStore, open_store
from keras_transfer.training.cache.kept_examples import Store, open_new
from keras_transfer.training.cache.memory_store import count_bytes
from keras_transfer.training.cache.reuse_folder import make_room, reuse_folder
from keras_transfer.training.plan.phase import Phase
from keras_transfer.training.plan.training_parts import Training

logger = logging.getLogger(__name__)


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
        model, data = self.training.model, self.training.data
        start = self._find_start(phase)
        if start == IMAGES:
            return model, self._stream(data, phase)
        part = take_part(model, start, [PROBABILITIES])
        names = {split: f"{split}_{start.name}" for split in ("train", "validation")}
        return part, self._batch(names, data, part.input)

    def serve_target(self, phase: Phase) -> tuple[keras.Model, Batches] | None:
        """Return the part of `serve` with the output `domain`, and batches of the target for it.

        None: the phase learns nothing of the target.
        """
        training, start = self.training, self._find_start(phase)
        if training.target is None or training.domains is None or phase.name not in training.paired:
            return None
        part, data = training.domains.extend(start), training.target.data
        if start == IMAGES:
            return part, self._stream(data, phase)
        return part, self._batch({"train": f"target_{start.name}"}, data, part.inputs[0])

    def _find_start(self, phase: Phase) -> Cut:
        """Return where the part begins that a phase still has to compute."""
        cut = self.plan.cuts.get(phase.name)
        if cut is None:
            return IMAGES
        self.prepare([phase])
        there = self.arrays is not None and f"train_{cut.name}" in self.arrays
        return cut if there else IMAGES

    def _stream(self, data: TrainingData, phase: Phase) -> TrainingData:
        """Return examples with the views that a phase takes."""
        return data.with_views(self.plan.views) if phase.name in self.plan.cuts else data

    def _batch(
        self, names: Mapping[str, str], data: TrainingData, taken: keras.KerasTensor
    ) -> ActivationData:
        """Return batches of arrays, by the split of `data` that each is of."""
        assert self.arrays is not None
        return ActivationData(
            arrays={split: self.arrays[name] for split, name in names.items()},
            labels={split: data.splits[split].labels for split in names},
            classes=len(data.class_names),
            batch_size=data.batch_size,
            seed=data.seed,
            dtype=taken.dtype,
            alike=data.alike,
            rows_end=None in taken.shape[1:],
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
            target = training.target.data if training.target else None
            given = front, self.plan, training.data, store, training.config.quiet, target
            if training.engine.is_here:
                self._run_front = compute_arrays(*given)
            else:
                compute_with_workers(*given, training.engine)
            if is_shared:  # the key is made of their hashes
                _require_same(training)
            require_unchanged(training.data, training.run, splits)
            self.arrays = store.finish()
        except OverflowError as error:
            logger.warning("%s: nothing is kept, every epoch computes them", error)
            self.streams = True
            store.discard()
        except Stopped:  # the run that goes on finds what is there, but not in another folder
            (store.discard if is_shared else store.leave)()
            raise
        except BaseException:
            store.discard()
            raise

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
        longest = self.training.data.longest
        return np.concatenate([fill_rows(self._run_front(each)[0], longest) for each, _ in batches])

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
