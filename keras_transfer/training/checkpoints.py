"""The state of a training after each epoch, in files that are whole or not there.

`00000.npz` holds every variable of the model before the first step. Each later file, named by the
epochs done so far in all phases, holds the variables that differ from it, those of the optimizer,
and the `Progress`. The weights of the best epoch are those of its file: nothing is kept twice.
NumPy's zip files carry a checksum of every array, so a damaged file is noticed and the one before
is used.
"""

import dataclasses
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_transfer.run.history import HISTORY_COLUMNS, History, read_history
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import DISK_ERRORS, replacing, write_table
from keras_transfer.training.optimization.build_optimizer import set_steps

logger = logging.getLogger(__name__)

START = 0
Arrays = Mapping[str, np.ndarray]


@dataclass
class Progress:
    """How far a training is, apart from its weights."""

    rows: list[list[str]] = field(default_factory=list)  # of history.csv, all phases
    phase: str = ""  # under way, or the last one that ended
    epoch: int = 0  # whole epochs of it
    ended: bool = False  # no epoch of it is to come
    origin: int = START  # the file that holds the weights it began with
    rate_scale: float = 1.0  # of its learning rate: 0.5 after a loss that is not a number
    best: int = -1  # the file of its best epoch; -1: none yet
    best_epoch: int = -1  # from 0
    kept: int = -1  # the file of the best epoch of the phases that ended; -1: none yet
    reused: bool = False  # whether an earlier run had computed its activations
    seconds: dict[str, float] = field(default_factory=dict)  # of the parts, see `Stopwatch.lap`

    @property
    def number(self) -> int:
        """The file of the last whole epoch."""
        return len(self.rows)

    def history(self) -> History:
        """Return the epochs so far as numbers, those that history.csv has."""
        columns = zip(*self.rows, strict=True)
        return read_history(dict(zip(HISTORY_COLUMNS, columns, strict=True)))

    def enter(self, phase: str, goes_on: bool = False) -> None:
        """Go on to a phase, from the best weights of the one before.

        Args:
            phase: Its name.
            goes_on: Whether it follows the schedule of the one before, halved or not.
        """
        self.origin = max(self.best, START)
        self.phase, self.epoch, self.ended = phase, 0, False
        self.rate_scale = self.rate_scale if goes_on else 1.0
        self.best, self.best_epoch = -1, -1

    def needs(self) -> set[int]:
        """Return the files without which this state is none."""
        return {number for number in (self.number, self.origin, self.best, self.kept) if number > 0}


class Checkpoints:
    """Writes and reads the states of one training.

    Args:
        model: The whole model, not yet trained.
        run: Gets the folder `checkpoints`.
    """

    def __init__(self, model: keras.Model, run: Run) -> None:
        self.model, self.run = model, run
        self.progress = Progress()
        self._variables = list(model.variables)  # weights, and the states of random generators
        self._weights = {id(variable) for variable in model.weights}
        self._start: Arrays = {}
        self._kept: set[int] = set()  # files that the state before needs

    def begin(self) -> bool:
        """Put the start into the model and find the newest whole state; tell if there is a start.

        Weights and optimizer of that state are put in by `restore`, when the phase is set up.
        """
        start = read_arrays(_name_file(self.run, START))
        if start is None:
            return False
        self._start = start
        self._assign(start, self._variables)
        numbers = sorted(int(file.stem) for file in self.run.checkpoints.glob("[0-9]*.npz"))
        for number in reversed(numbers[1:]):
            if self._take(number):
                self.run.stopwatch.carry(self.progress.seconds)
                break
        self._write_history()
        return True

    def keep_start(self) -> None:
        """Write the variables before the first step; without a start no other file is of use."""
        self._start = _read_all(self._name_variables())
        self.run.checkpoints.mkdir(parents=True, exist_ok=True)
        if others := list(self.run.checkpoints.glob("[0-9]*.npz")):
            logger.warning("The state before the first step is damaged: the run begins again")
        for file in others:
            file.unlink()
        self._write(START, self._start)
        self._write_history()

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
        for file in self.run.checkpoints.glob("[0-9]*.npz"):
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

    def _take(self, number: int) -> bool:
        """Make the progress of a file this training's, if all that it needs is whole."""
        arrays = read_arrays(_name_file(self.run, number))
        if arrays is not None:
            known = {field.name for field in dataclasses.fields(Progress)}
            facts = json.loads(str(arrays["progress"]))  # an earlier version's may be more
            progress = Progress(**{name: fact for name, fact in facts.items() if name in known})
            others = progress.needs() - {number}
            if all(read_arrays(_name_file(self.run, other)) is not None for other in others):
                self.progress, self._kept = progress, progress.needs()
                return True
        logger.warning("The state after epoch %d is damaged: the one before is used", number)
        return False

    def _read(self, number: int) -> Arrays:
        if number == START:
            return self._start
        arrays = read_arrays(_name_file(self.run, number))
        if arrays is None:
            raise OSError(f"{_name_file(self.run, number)} is damaged")
        return arrays

    def _write(self, number: int, arrays: Arrays) -> None:
        with replacing(_name_file(self.run, number)) as temporary:
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


def has_start(run: Run) -> bool:
    """Return whether the variables before the first step are there and whole."""
    return read_arrays(_name_file(run, START)) is not None


def write_arrays(file: Path, arrays: Arrays) -> None:
    """Write arrays by name; what the zip format does not check is whether one of them is lost."""
    np.savez(file, allow_pickle=False, names=np.array(list(arrays)), **arrays)


def read_arrays(file: Path) -> Arrays | None:
    """Return what `write_arrays` wrote, or None if the file is damaged or not there."""
    try:
        # not by its name: NumPy would leave a damaged file open
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
            return {name: content[name] for name in content["names"].tolist()}
    except Exception as error:  # damaged files raise anything, from KeyError to OSError
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            raise  # it cannot be read now, which says nothing of what is in it
        return None


def _read_all(variables: list[tuple[str, Any]]) -> dict[str, np.ndarray]:
    # `np.array(variable)` would read each one twice
    return {name: variable.value.numpy() for name, variable in variables}


def _name_file(run: Run, number: int) -> Path:
    return run.checkpoints / f"{number:05}.npz"


def _name_all(prefix: str, variables: list[Any]) -> list[tuple[str, Any]]:
    return [(f"{prefix}.{index}", variable) for index, variable in enumerate(variables)]
