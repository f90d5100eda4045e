"""The state of a training after each epoch, in files that are whole or not there.

`00000.npz` holds every variable of the model before the first step. Each later file, named by the
epochs done so far in all phases, holds the variables that differ from it, those of the optimizer,
and the `Progress`. The weights of an epoch to be kept are those of its file: nothing twice.
NumPy's zip files carry a checksum of every array, so a damaged file is noticed and the one before
is used.
"""

import dataclasses
import json
import logging
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np

from keras_transfer.run.history import HISTORY_COLUMNS
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing, write_table
from keras_transfer.training.optimization.build_optimizer import set_steps
from keras_transfer.training.progress.npz_archives import Arrays, read_arrays, write_arrays
from keras_transfer.training.progress.training_progress import (
    START,
    Progress,
    name_file,
    read_progress,
)

logger = logging.getLogger(__name__)

NUMBERED = "[0-9]" * 5 + ".npz"


class Checkpoints:
    """Writes and reads the states of one training.

    Args:
        model: The whole model, not yet trained.
        run: Gets the folder `checkpoints`.
        others: Variables that a training needs besides, to go on.
    """

    def __init__(self, model: keras.Model, run: Run, others: Sequence[Any] = ()) -> None:
        self.model, self.run = model, run
        self.progress = Progress()
        # weights, and the states of random generators
        self._variables = [*model.variables, *others]
        self._weights = {id(variable) for variable in model.weights}
        self._start: Arrays = {}
        self._kept: set[int] = set()  # files that the state before needs

    def begin(self) -> bool:
        """Put the start into the model and find the newest whole state; tell if there is a start.

        Weights and optimizer of that state are put in by `restore`, when the phase is set up.
        """
        for file in self.run.checkpoints.glob(NUMBERED):
            if not file.is_file():
                raise ConfigError(
                    f"A checkpoint must be a file. Received: {file}. Move that away and go on."
                )
        start = read_arrays(name_file(self.run, START))
        if start is None:
            return False
        self._require_own(start)
        self._start = start
        self._assign(start, self._variables)
        numbers = sorted(int(file.stem) for file in self.run.checkpoints.glob(NUMBERED))
        for number in reversed(numbers[1:]):
            if self._take(number):
                self.run.stopwatch.carry(self.progress.seconds)
                break
        self._write_history()
        return True

    def keep_start(self) -> None:
        """Write the variables before the first step; without a start no other file is of use."""
        self.run.checkpoints.mkdir(parents=True, exist_ok=True)
        if others := list(self.run.checkpoints.glob(NUMBERED)):
            logger.warning("The state before the first step is damaged: the run begins again")
        for file in others:
            file.unlink()
        self.write_start()
        self._write_history()

    def write_start(self) -> None:
        """Write the variables as those before the first step."""
        self._start = _read_all(self._name_variables())
        self._write(START, self._start)

    def keep(
        self, optimizer: keras.optimizers.Optimizer, averages: Sequence[tuple[Any, Any]] = ()
    ) -> None:
        """Write the state after an epoch and remove the files that nothing needs any more.

        Args:
            optimizer: Of the part that is trained.
            averages: Weights with the values that are better than theirs; `restore_weights` puts
                those in, `restore` the others, from which the training goes on.
        """
        self.run.stopwatch.lap(self.progress.phase)
        self.progress.seconds = dict(self.run.stopwatch.parts)
        values = _read_all(self._name_variables())
        arrays = {
            name: value
            for name, value in values.items()
            if value.tobytes() != self._start[name].tobytes()
        }
        arrays |= _read_all(_name_all("optimizer", optimizer.variables))
        better = {id(weight): value for weight, value in averages}
        arrays |= _read_all(
            [
                (name.replace("model", "average"), better[id(weight)])
                for name, weight in self._name_variables()
                if id(weight) in better
            ]
        )
        facts = json.dumps(dataclasses.asdict(self.progress))
        self._write_history()  # first: who reads it must not think that a phase has not begun
        self._write(self.progress.number, {**arrays, "progress": np.array(facts)})
        needed = self.progress.needs()
        for file in self.run.checkpoints.glob(NUMBERED):
            if int(file.stem) not in {START, *needed, *self._kept}:
                file.unlink()
        self._kept = needed

    def restore(self, number: int, optimizer: keras.optimizers.Optimizer | None = None) -> None:
        """Put the state of a file into the model, and into its optimizer if one is given."""
        arrays = self._read(number)
        self._assign({**self._start, **arrays}, self._variables)
        if optimizer is None:
            return
        saved = [value for name, value in arrays.items() if name.startswith("optimizer.")]
        shapes = [variable.shape for variable in optimizer.variables]
        if [value.shape for value in saved] != shapes or not _are_numbers(saved):
            raise ConfigError(
                "A checkpoint must hold the state of the run's optimizer. Received: another in "
                f"{name_file(self.run, number)}. Remove that file to go on from an earlier epoch."
            )
        for variable, value in zip(optimizer.variables, saved, strict=True):
            variable.assign(value)

    def restore_phase(
        self, number: int, optimizer: keras.optimizers.Optimizer, steps: int | None = None
    ) -> None:
        """Put model and optimizer where the phase under way goes on.

        Args:
            number: The file of the epoch that it goes on from, or of the last one before it.
            optimizer: Of the compiled model, its variables made.
            steps: Where in its schedule the optimizer is to be. None: where it was.
        """
        if self.progress.epoch:
            self.restore(number, optimizer)
        else:
            self.restore(number)
            self.restore_weights(self.progress.origin)
        if steps is not None:
            set_steps(optimizer, steps)

    def restore_weights(self, number: int) -> None:
        """Put the weights of a file into the model; its random generators stay as they are."""
        weights = [variable for variable in self._variables if id(variable) in self._weights]
        arrays = self._read(number)
        averages = {
            name.replace("average", "model"): value
            for name, value in arrays.items()
            if name.startswith("average.")
        }
        self._assign({**self._start, **arrays, **averages}, weights)

    def read_start(self, weights: Sequence[keras.Variable]) -> list[np.ndarray]:
        """Return the values that weights of the model had before the first step."""
        names = {id(variable): name for name, variable in self._name_variables()}
        return [self._start[names[id(weight)]] for weight in weights]

    def _require_own(self, start: Arrays) -> None:
        """Raise a `ConfigError` unless these are the variables of this model."""
        named = {name: tuple(variable.shape) for name, variable in self._name_variables()}
        if {n: a.shape for n, a in start.items()} != named or not _are_numbers(start.values()):
            raise ConfigError(
                "The first checkpoint must hold the variables of the run's model. Received: others "
                f"in {name_file(self.run, START)}. Restore it from a copy, or train anew."
            )

    def _take(self, number: int) -> bool:
        """Make the progress of a file this training's, if all that it needs is whole."""
        arrays = self._read_whole(number)
        progress = None if arrays is None else read_progress(arrays, number)
        if progress is not None:
            others = progress.needs() - {number}
            if all(self._read_whole(other) is not None for other in others):
                self.progress, self._kept = progress, progress.needs()
                return True
        logger.warning("The state after epoch %d is damaged: the one before is used", number)
        return False

    def _read_whole(self, number: int) -> Arrays | None:
        """Return the arrays of a file; None if it is damaged, or they are not this model's."""
        arrays = read_arrays(name_file(self.run, number))
        for name, array in (arrays or {}).items():
            kind, _, index = name.partition(".")
            start = self._start.get(f"model.{index}")
            if kind in ("model", "average") and (
                start is None or (array.shape, array.dtype) != (start.shape, start.dtype)
            ):
                return None
        return arrays

    def _read(self, number: int) -> Arrays:
        if number == START:
            return self._start
        arrays = self._read_whole(number)
        if arrays is None:
            raise OSError(f"{name_file(self.run, number)} is damaged")
        return arrays

    def _write(self, number: int, arrays: Arrays) -> None:
        with replacing(name_file(self.run, number)) as temporary:
            write_arrays(temporary, arrays)

    def _write_history(self) -> None:
        write_table(self.run.history_file, HISTORY_COLUMNS, self.progress.rows)

    def _name_variables(self) -> list[tuple[str, Any]]:
        return _name_all("model", self._variables)

    def _assign(self, arrays: Arrays, variables: list[Any]) -> None:
        chosen = {id(variable) for variable in variables}
        for name, variable in self._name_variables():
            if id(variable) in chosen:
                variable.assign(arrays[name])
        for layer in self.model._flatten_layers():
            if isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()  # it computes with copies of its variables


def _are_numbers(arrays: Iterable[np.ndarray]) -> bool:
    return all(array.dtype.kind in "biuf" for array in arrays)


def _read_all(variables: list[tuple[str, Any]]) -> dict[str, np.ndarray]:
    # `np.array(variable)` would read each one twice
    return {name: variable.value.numpy() for name, variable in variables}


def _name_all(prefix: str, variables: list[Any]) -> list[tuple[str, Any]]:
    return [(f"{prefix}.{index}", variable) for index, variable in enumerate(variables)]
