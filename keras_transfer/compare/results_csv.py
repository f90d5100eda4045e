"""results.csv: one row a training, whatever became of it, written anew whenever one changes."""

import contextlib
import dataclasses
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from keras_transfer.compare.columns import COLUMNS, FINISHED, Result, list_columns
from keras_transfer.compare.comparison_directory import Comparison
from keras_transfer.compare.rows import Row
from keras_transfer.config.split_names import TARGET
from keras_transfer.run.history import read_history
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table, write_table


class Results:
    """What became of each row; threads may report.

    Args:
        comparison: Its finished runs count as finished; results.csv is written there.
        rows: All rows, in the order of the file.
    """

    def __init__(self, comparison: Comparison, rows: Sequence[Row]) -> None:
        self._comparison, self._rows = comparison, rows
        self._lock = threading.Lock()
        peaks = _read_peaks(comparison)
        found = {row.name: self.measure(row, peaks.get(_name_run(row))) for row in rows}
        # one whose run is not usable is trained again
        self._found = {k: v if v.status == FINISHED else Result() for k, v in found.items()}
        with self._lock:
            self._write()

    def __getitem__(self, row: Row) -> Result:
        return self._found[row.name]

    def select(self, *states: str) -> list[Row]:
        """Return the rows whose status begins with one of these words."""
        return [row for row in self._rows if self[row].status.startswith(states)]

    def settle(self, rows: Sequence[Row]) -> None:
        """Take the rows with what was decided of their settings before any is trained."""
        self._rows = rows

    def report(self, row: Row, result: Result) -> None:
        """Keep what became of a row."""
        with self._lock:
            self._found[row.name] = result
            self._write()

    def add_p_values(self, p_values: Mapping[str, float | None]) -> None:
        """Keep the p-values of rows, by their column `run`."""
        with self._lock:
            for row in self._rows:
                p_value = p_values.get(_name_run(row))
                self._found[row.name] = dataclasses.replace(self[row], p_value=p_value)
            self._write()

    def measure(self, row: Row, peak_memory_mb: float | None) -> Result:
        """Return what the run of a row says: it is finished, waits, or failed as it is unusable."""
        run = Run(self._comparison.runs / row.name)
        if not run.metrics_file.is_file():
            return Result()
        try:
            if run.split_file.read_bytes() != self._comparison.split_file.read_bytes():
                return Result.failed(
                    "the data set has changed: its examples are not those of split.csv"
                )
            _require_all_predicted(run)
            if not row.is_baseline:
                read_history(run.history_table())
            return _read_metrics(run.metrics(), peak_memory_mb)
        except (OSError, ConfigError) as error:
            return Result.failed(f"its run cannot be read: {error}")

    def _write(self) -> None:
        listed = [each.setting for each in COLUMNS.values()]
        others = [setting for setting in self._rows[0].values if setting not in listed]
        lines = []
        for row in self._rows:
            settings = [row.values[setting] for setting in listed]
            found = [_say(value) for value in dataclasses.astuple(self[row])]
            extra = [row.values[setting] for setting in others]
            lines.append([*settings, *found, _name_run(row), *extra])
        write_table(self._comparison.results_file, list_columns(others), lines)


def _require_all_predicted(run: Run) -> None:
    """Raise a `ConfigError` unless there is a prediction for every validation image."""
    predicted = len(read_run_predictions(run).select("validation"))
    listed = read_table(run.split_file)["split"].count("validation")
    if predicted != listed:
        raise ConfigError(
            f"predictions.csv must be of the {listed} validation examples of split.csv. Received: "
            f"{predicted}."
        )


def _name_run(row: Row) -> str:
    """Return the run directory, relative to the folder of results.csv."""
    return f"runs/{row.name}"


def _read_metrics(metrics: Mapping[str, Any], peak_memory_mb: float | None) -> Result:
    splits = metrics["splits"]
    low, high = splits["validation"]["accuracy_interval"]
    return Result(
        status=FINISHED,
        validation_accuracy=float(splits["validation"]["accuracy"]),
        validation_accuracy_low=float(low),
        validation_accuracy_high=float(high),
        test_accuracy=float(splits["test"]["accuracy"]) if "test" in splits else None,
        target_accuracy=float(splits[TARGET]["accuracy"]) if TARGET in splits else None,
        trainable_parameters=int(metrics["parameters"]["trainable"]),
        seconds=float(metrics["seconds"]["total"]),
        peak_memory_mb=peak_memory_mb,
    )


def _read_peaks(comparison: Comparison) -> dict[str, float]:
    """Return the memory that an earlier part of the comparison measured, by run."""
    table, peaks = comparison.read_results(), {}
    for run, peak in zip(table.get("run", []), table.get("peak_memory_mb", []), strict=False):
        with contextlib.suppress(ValueError):  # empty, or edited
            peaks[run] = float(peak)
    return peaks


def _say(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value
