"""The configurations of a comparison: rows that differ in the seed only, and how they compare.

Everything is read from results.csv and the runs that it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_transfer.compare.columns import FINISHED, SEED, find_settings
from keras_transfer.config.train_config import WeightsWord
from keras_transfer.evaluation.metrics import wilson_interval
from keras_transfer.evaluation.significance import compare_pair, correct_holm, flip_signs
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import Table, read_table
from keras_transfer.training.plan.strategies import SCRATCH

LEVEL = 0.05  # a difference is called real below this corrected p-value
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
        right: (m, n) bool, whether each was right on each validation image.
        measured: Column of results.csv, those of `AVERAGED`, to m numbers; NaN where a cell is
            empty.
        pretrained: Whether it began with weights that were learned elsewhere.
        strategies: What its rows did: one, or several where auto chose differently.
        reused: Rows that found activations of an earlier run on disk, which saves them seconds.
        missing: Its other rows.
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


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a configuration compares with the best one."""

    is_best: bool
    p_value: float | None  # corrected; None: it is the best, or shares no seed with it
    gap: float | None  # mean accuracy that the best has more, over the seeds both have; or None
    negative_transfer: bool  # from_scratch is not worse

    @property
    def outcome(self) -> str:
        """best, worse (the difference is real), better, not told apart, or not compared."""
        if self.is_best:
            return "best"
        if self.p_value is None or self.gap is None:
            return "not compared"
        if self.p_value >= LEVEL:
            return "not told apart"
        return "worse" if self.gap > 0 else "better"

    @property
    def words(self) -> str:
        """The outcome as the table has it."""
        word = self.outcome + (" on the seeds both have" if self.outcome == "better" else "")
        return word + (", negative transfer" if self.negative_transfer else "")


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


def find_best(configurations: Sequence[Configuration]) -> Configuration:
    """Return the one of the highest mean accuracy on validation, of which no row is missing.

    If rows are missing of each, the best of all; the first of equals. Test plays no part.
    """
    whole = [each for each in configurations if len(each.runs) == each.planned]
    return max(whole or configurations, key=lambda each: each.accuracy)


def compare_runs_with_best(configurations: Sequence[Configuration]) -> dict[str, float]:
    """Return for each run, by name, the p-value against the best configuration's of its seed.

    They are not corrected for being several. The best's own runs have none, and neither have those
    of a seed with which the best one failed.
    """
    best = find_best(configurations)
    rivals = dict(zip(best.seeds, best.right, strict=True))
    return {
        run: compare_pair(rivals[seed], right)
        for each in configurations
        if each is not best
        for run, seed, right in zip(each.runs, each.seeds, each.right, strict=True)
        if seed in rivals
    }


def judge(configurations: Sequence[Configuration]) -> list[Verdict]:
    """Return how each configuration compares with the best, over the seeds that both have.

    Each image counts by the share of seeds that were right on it. The p-values are corrected by
    Holm for all comparisons of the list. The best lacks no row and has the highest mean of all
    seeds, so one of which rows are missing can still be better on the seeds that both have.
    """
    best = find_best(configurations)
    gaps = {
        index: shares[0] - shares[1]
        for index, each in enumerate(configurations)
        if each is not best and (shares := share_seeds(best, each))
    }
    p_values = correct_holm(flip_signs(np.stack([*gaps.values()], axis=1))) if gaps else []
    corrected = dict(zip(gaps, p_values, strict=True))
    return [
        Verdict(
            is_best=each is best,
            p_value=corrected.get(index),
            gap=float(gaps[index].mean()) if index in gaps else None,
            negative_transfer=find_scratch(each, configurations) is not None,
        )
        for index, each in enumerate(configurations)
    ]


def find_scratch(
    configuration: Configuration, configurations: Sequence[Configuration]
) -> Configuration | None:
    """Return the `from_scratch` twin of a pretrained configuration, if it is not worse.

    The twin has all other settings in common, and at least the mean accuracy over the seeds that
    both have; without such a seed nothing is known.

    References:
        Z. Wang et al., "Characterizing and avoiding negative transfer", CVPR 2019.
    """
    if not configuration.pretrained:
        return None
    wanted = {**configuration.settings, "strategy": SCRATCH}
    for each in configurations:
        if each.settings != wanted or not (shares := share_seeds(each, configuration)):
            continue
        if (shares[0] - shares[1]).mean() > -1e-9:  # equal, but for rounding
            return each
    return None


def share_seeds(
    first: Configuration, second: Configuration
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return twice (n,) floats: how often each is right on an image, over the seeds both have.

    None: they have no seed in common.
    """
    shared = [seed for seed in first.seeds if seed in second.seeds]
    if not shared:
        return None
    one, other = (
        each.right[[each.seeds.index(seed) for seed in shared]].mean(axis=0)
        for each in (first, second)
    )
    return np.asarray(one), np.asarray(other)


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
    )


def _read_right(run: Run) -> np.ndarray:
    """Return (n,) bool: whether a run was right on each validation image, in order of paths."""
    part = read_run_predictions(run).select("validation")
    return np.asarray((part.prediction == part.truth)[np.argsort(part.paths.astype(str))])
