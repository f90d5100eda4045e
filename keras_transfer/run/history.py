"""The history of a run: its epochs as columns, which of each phase and which phase is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.run.best_epoch import find_best_epoch, find_kept_phase, find_peak
from keras_transfer.system.errors import ConfigError

MEASURED = ("loss", "accuracy", "val_loss", "val_accuracy")
HISTORY_COLUMNS = ("phase", "epoch", "learning_rate", *MEASURED, "seconds")


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
        images: In validation; 0: not known.
    """

    phase: np.ndarray
    epoch: np.ndarray
    learning_rate: np.ndarray
    loss: np.ndarray
    accuracy: np.ndarray
    val_loss: np.ndarray
    val_accuracy: np.ndarray
    seconds: np.ndarray
    images: int = 0

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
        """Return the row number (from 0) of the epoch whose weights `phase` leaves."""
        rows = self.rows(phase)
        accuracies, losses = self.val_accuracy[rows], self.val_loss[rows]
        return int(rows[find_best_epoch(accuracies, losses, self.images)])

    def best_epoch(self, phase: str) -> int:
        """Return the epoch whose weights `phase` leaves, counted from 1 within it."""
        return int(self.epoch[self.best_row(phase)])

    def best_accuracy(self, phase: str) -> float:
        """Return the validation accuracy of that epoch; 0 where it is no number."""
        return float(np.nan_to_num(self.val_accuracy[self.best_row(phase)]))

    def peak_epoch(self, phase: str) -> int:
        """Return the epoch with the highest validation accuracy, counted from 1 within `phase`."""
        rows = self.rows(phase)
        return int(self.epoch[rows[find_peak(self.val_accuracy[rows], self.val_loss[rows])]])

    @property
    def kept_phase(self) -> str:
        """The phase whose weights the run keeps."""
        left = {phase: self.best_accuracy(phase) for phase in self.phases}
        peaks = {phase: float(self.val_accuracy[self.rows(phase)].max()) for phase in self.phases}
        return find_kept_phase(left, peaks, self.images)


def read_history(table: Mapping[str, Sequence[str]], images: int = 0) -> History:
    """Return history.csv, as `Run.history_table` reads it, in numbers.

    Args:
        table: Its columns.
        images: In validation; they say which differences may be chance. 0: not known.

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
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"history.csv must hold numbers ({error}). Restore the file or train again."
        ) from None
    phases = np.array(table["phase"], object)
    return History(phase=phases, epoch=epoch, images=images, **numbers)


def summarize_phases(history: History) -> dict[str, dict[str, Any]]:
    """Return the entry `phases` of metrics.json.

    Returns:
        For each phase `epochs`, `best_epoch` (from 1; whose weights it left),
        `validation_accuracy` (of that epoch), `highest_validation_accuracy` (of any),
        `last_validation_accuracy` and `seconds`. Plain numbers, never NaN.
    """
    return {phase: _summarize_phase(history, phase) for phase in history.phases}


def _summarize_phase(history: History, phase: str) -> dict[str, Any]:
    rows = history.rows(phase)
    return {
        "epochs": len(rows),
        "best_epoch": history.best_epoch(phase),
        "validation_accuracy": history.best_accuracy(phase),
        "highest_validation_accuracy": float(np.nan_to_num(history.val_accuracy[rows]).max()),
        "last_validation_accuracy": float(np.nan_to_num(history.val_accuracy[rows[-1]])),
        "seconds": float(np.nansum(history.seconds[rows])),
    }
