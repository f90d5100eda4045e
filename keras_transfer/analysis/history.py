"""The history of a run: its epochs as columns, the best of each phase, the phase that is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.config import ConfigError
from keras_transfer.run import HISTORY_COLUMNS
from keras_transfer.training.selection import keeps_later, rank_epoch


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """The epochs of every phase in the order in which they ran, in columns of equal length.

    Args:
        phase: (n,) text, name of the phase.
        epoch: (n,) integers from 1, counted within each phase.
        learning_rate: (n,) floats, rate of the head at the end of the epoch.
        loss: (n,) floats, mean loss over the training images; may be NaN, as may `val_loss`.
        accuracy: (n,) floats in [0, 1], training images as they were learned from.
        val_loss: (n,) floats, mean loss over the validation images.
        val_accuracy: (n,) floats in [0, 1].
        seconds: (n,) floats, wall-clock time of the epoch.
    """

    phase: np.ndarray
    epoch: np.ndarray
    learning_rate: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    val_loss: np.ndarray
    val_accuracy: np.ndarray
    seconds: np.ndarray

    def __len__(self) -> int:
        return len(self.phase)

    @property
    def phases(self) -> tuple[str, ...]:
        """Names of the phases, in the order in which they ran."""
        return tuple(dict.fromkeys(self.phase.tolist()))

    def rows(self, phase: str) -> np.ndarray:
        """Return the row numbers (from 0) of one phase."""
        return np.flatnonzero(self.phase == phase)

    def best_row(self, phase: str) -> int:
        """Return the row number (from 0) of the best epoch of `phase`; the first of equals wins."""

        def rank(row: int) -> tuple[float, float]:
            accuracy = float(np.nan_to_num(self.val_accuracy[row], nan=-1.0))
            return rank_epoch(accuracy, float(self.val_loss[row]))

        return int(max(self.rows(phase).tolist(), key=rank))

    def best_epoch(self, phase: str) -> int:
        """Return the best epoch of `phase`, counted from 1 within it."""
        return int(self.epoch[self.best_row(phase)])


def read_history(table: Mapping[str, Sequence[str]]) -> History:
    """Return history.csv, as `Run.history` reads it, in numbers.

    Raises:
        ConfigError: A column is missing, a cell is not a number, or there is no epoch at all.
    """
    if missing := [name for name in HISTORY_COLUMNS if name not in table]:
        raise ConfigError(
            f"history.csv must have the columns {', '.join(HISTORY_COLUMNS)}. "
            f"Received: none called {', '.join(missing)}. Restore the file or train again."
        )
    if not table["phase"]:
        raise ConfigError("history.csv must hold at least one epoch. Received: none. Train again.")
    try:
        numbers = {name: np.array(table[name], np.float64) for name in HISTORY_COLUMNS[2:]}
        epoch = np.array([int(cell) for cell in table["epoch"]], np.int64)
    except ValueError as error:
        raise ConfigError(
            f"history.csv must hold numbers ({error}). Restore the file or train again."
        ) from None
    return History(phase=np.array(table["phase"], object), epoch=epoch, **numbers)


def summarize_phases(history: History) -> dict[str, dict[str, Any]]:
    """Return the entry `phases` of metrics.json.

    Returns:
        For each phase `epochs`, `best_epoch` (from 1), `validation_accuracy` (of that epoch),
        `last_validation_accuracy` and `seconds`. Plain numbers, never NaN.
    """
    return {phase: _summarize_phase(history, phase) for phase in history.phases}


def kept_phase(history: History) -> str:
    """Return the phase whose best weights the run keeps.

    A later phase is kept unless the validation accuracy of its best epoch is below that of the
    phase kept so far: on equal accuracy a higher loss alone does not throw fine-tuning away.
    """
    kept, *later = history.phases
    for phase in later:
        if keeps_later(_best_accuracy(history, kept), _best_accuracy(history, phase)):
            kept = phase
    return kept


def _summarize_phase(history: History, phase: str) -> dict[str, Any]:
    rows = history.rows(phase)
    return {
        "epochs": len(rows),
        "best_epoch": history.best_epoch(phase),
        "validation_accuracy": _best_accuracy(history, phase),
        "last_validation_accuracy": float(np.nan_to_num(history.val_accuracy[rows[-1]])),
        "seconds": float(np.nansum(history.seconds[rows])),
    }


def _best_accuracy(history: History, phase: str) -> float:
    return float(np.nan_to_num(history.val_accuracy[history.best_row(phase)]))
