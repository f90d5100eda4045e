"""How far a training is, apart from its weights: kept beside them, read back if it is sound."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from keras_transfer.run.contents.check_content import check_content
from keras_transfer.run.history import HISTORY_COLUMNS, History, read_history
from keras_transfer.run.run_directory import Run
from keras_transfer.training.progress.npz_archives import Arrays, read_arrays

START = 0
MOST_IMAGES = 10**12  # more are damage


@dataclass
class Progress:
    """How far a training is, apart from its weights."""

    rows: list[list[str]] = field(default_factory=list)  # of history.csv, all phases
    phase: str = ""  # under way, or the last one that ended
    epoch: int = 0  # whole epochs of it
    ended: bool = False  # no epoch of it is to come
    origin: int = START  # the file that holds the weights it began with
    rate_scale: float = 1.0  # of its learning rate: 0.5 after a loss that is not a number
    best: int = -1  # the file of the epoch whose weights it is to leave; -1: none yet
    best_epoch: int = -1  # the number of that epoch, from 0
    kept: int = -1  # the file of what is kept of the phases that ended; -1: none yet
    images: int = 0  # in validation; 0: not known, as in states of earlier versions
    reused: bool = False  # whether an earlier run had computed its activations
    seconds: dict[str, float] = field(default_factory=dict)  # of the parts, see `Stopwatch.lap`

    @property
    def number(self) -> int:
        """The file of the last whole epoch."""
        return len(self.rows)

    def history(self) -> History:
        """Return the epochs so far as numbers, those that history.csv has."""
        columns = zip(*self.rows, strict=True)
        return read_history(dict(zip(HISTORY_COLUMNS, columns, strict=True)), self.images)

    def enter(self, phase: str, goes_on: bool = False) -> None:
        """Go on to a phase, from the weights that the one before left.

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


def read_progress(arrays: Arrays, number: int) -> Progress | None:
    """Return the progress that a file holds; None where it is not that of so many epochs."""
    known = {each.name for each in dataclasses.fields(Progress)}
    try:
        facts = json.loads(str(arrays["progress"]))  # an earlier version's may be more
        check_content(facts, Progress)
        progress = Progress(**{name: fact for name, fact in facts.items() if name in known})
        phases = progress.history().phases
    except (KeyError, ValueError, RecursionError):
        return None
    files = progress.origin, progress.best, progress.kept
    sound = (
        progress.number == number
        and progress.phase == phases[-1]
        and 0 < progress.epoch <= number
        and all(-1 <= file <= number for file in files)
        and -1 <= progress.best_epoch < progress.epoch
        and 0 < progress.rate_scale <= 1
        and 0 <= progress.images < MOST_IMAGES
    )
    return progress if sound else None


def name_file(run: Run, number: int) -> Path:
    """Return the file of a state, by the epochs done before it in all phases."""
    return run.checkpoints / f"{number:05}.npz"


def has_start(run: Run) -> bool:
    """Return whether the variables before the first step are there and whole."""
    return read_arrays(name_file(run, START)) is not None
