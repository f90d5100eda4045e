"""The configurations of a comparison: rows that differ in the seed only, read from its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_transfer.compare.columns import BASELINE, FINISHED, SEED, find_settings
from keras_transfer.config.train_config import WeightsWord
from keras_transfer.evaluation.metrics import wilson_interval
from keras_transfer.run.load_settings import load_recorded
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import Table, read_table
from keras_transfer.training.plan.strategies import SCRATCH

# Columns of results.csv that are shown as means over seeds; accuracy on validation is by image.
AVERAGED = ("test_accuracy", "target_accuracy", "trainable_parameters", "seconds", "peak_memory_mb")


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A row that is not finished; its fields are columns of results.csv."""

    run: str
    seed: str
    status: str

    @property
    def state(self) -> str:
        """waiting, running, or failed."""
        return self.status.partition(": ")[0]

    @property
    def reason(self) -> str:
        """Why it failed; nothing if it did not."""
        return self.status.partition(": ")[2]


@dataclass(frozen=True, kw_only=True, eq=False)
class Configuration:
    """Rows of a comparison with the same settings but for the seed, m of which are finished.

    Args:
        settings: Column of results.csv to its text.
        planned: Rows in all.
        runs: m names of run directories, as results.csv has them.
        seeds: m of them.
        right: (m, n) bool, whether each was right on each validation example.
        measured: Column of results.csv, those of `AVERAGED`, to m numbers; NaN where a cell is
            empty.
        pretrained: Whether it began with weights that were learned elsewhere.
        strategies: What its rows did: one, or several where auto chose differently.
        reused: Rows that found activations of an earlier run on disk, which saves them seconds.
        missing: Its other rows.
        noun: What one of the n is: image, text.
    """

    settings: Mapping[str, str]
    planned: int
    runs: tuple[str, ...]
    seeds: tuple[str, ...]
    right: np.ndarray
    measured: Mapping[str, np.ndarray]
    pretrained: bool
    strategies: tuple[str, ...] = ()
    reused: int = 0
    missing: tuple[Missing, ...] = ()
    noun: str = "image"

    @property
    def is_baseline(self) -> bool:
        """Whether it is no training; then it has one row, and no seed."""
        return is_baseline(self.settings)

    @property
    def accuracy(self) -> float:
        """Mean accuracy on validation, in [0, 1]."""
        return float(self.right.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Wilson interval of `accuracy`, for the number of images, whatever the seeds."""
        images = self.right.shape[1]
        return wilson_interval(self.accuracy * images, images)

    def mean(self, column: str) -> float | None:
        """Return the mean over seeds of a column of `AVERAGED`; None where it has no number."""
        values = self.measured[column]
        return None if np.isnan(values).all() else float(np.nanmean(values))


@dataclass(frozen=True, kw_only=True)
class Lost:
    """A configuration of which no row is finished; its fields are those of `Configuration`."""

    settings: Mapping[str, str]
    planned: int
    missing: tuple[Missing, ...]


def is_baseline(settings: Mapping[str, str]) -> bool:
    """Return whether settings are of the row that is no training."""
    return settings["strategy"] == BASELINE


def read_configurations(results: Path) -> list[Configuration]:
    """Return the configurations of results.csv that have a finished row, in its order.

    Args:
        results: results.csv of a comparison; its runs are read.
    """
    table = read_table(results)
    return [
        _read(table, settings, done, missing, results.parent)
        for settings, done, missing in _group(table)
        if done
    ]


def read_lost(results: Path) -> list[Lost]:
    """Return the configurations of results.csv that have no finished row, in its order."""
    return [
        Lost(settings=settings, planned=len(missing), missing=missing)
        for settings, done, missing in _group(read_table(results))
        if not done
    ]


def _group(table: Table) -> list[tuple[dict[str, str], list[int], tuple[Missing, ...]]]:
    """Return the settings of each configuration, its finished rows, and the others."""
    names = find_settings([*table])
    groups: dict[tuple[str, ...], list[int]] = {}  # values of the settings -> numbers of the rows
    for row in range(len(table["run"])):
        groups.setdefault(tuple(table[name][row] for name in names), []).append(row)
    found = []
    for values, rows in groups.items():
        done = [row for row in rows if table["status"][row] == FINISHED]
        missing = tuple(
            Missing(run=table["run"][row], seed=table[SEED][row], status=table["status"][row])
            for row in rows
            if row not in done
        )
        found.append((dict(zip(names, values, strict=True)), done, missing))
    return found


def _read(
    table: Table,
    settings: Mapping[str, str],
    rows: Sequence[int],
    missing: tuple[Missing, ...],
    folder: Path,
) -> Configuration:
    """Return the configuration of some settings, whose finished rows have these numbers."""
    names = [table["run"][row] for row in rows]
    runs = [Run(folder / name) for name in names]
    metrics, strategy = [run.metrics() for run in runs], settings["strategy"]
    kinds = {each["weights"] for each in metrics}
    return Configuration(
        settings=settings,
        planned=len(rows) + len(missing),
        runs=tuple(names),
        seeds=tuple(table[SEED][row] for row in rows),
        right=np.stack([_read_right(run) for run in runs]),
        measured={
            name: np.array([float(table[name][row] or "nan") for row in rows])
            if name in table  # that of a former version may lack it
            else np.full(len(rows), np.nan)
            for name in AVERAGED
        },
        pretrained=strategy != SCRATCH and kinds != {WeightsWord.NONE},
        strategies=tuple(dict.fromkeys(each.get("strategy", strategy) for each in metrics)),
        # runs of the former version do not say
        reused=sum(bool(each.get("cache", {}).get("reused", False)) for each in metrics),
        missing=missing,
        noun=_find_noun(runs[0]),
    )


def _find_noun(run: Run) -> str:
    """Return what one example of a run is; the baseline has no config.yaml and says it itself."""
    if run.config_file.is_file():
        return str(load_recorded(run).data.noun)
    return str(run.metrics().get("noun", "image"))


def _read_right(run: Run) -> np.ndarray:
    """Return (n,) bool: whether a run was right on each validation image, in order of paths."""
    part = read_run_predictions(run).select("validation")
    return np.asarray((part.prediction == part.truth)[np.argsort(part.paths.astype(str))])
