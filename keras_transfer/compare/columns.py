"""What a comparison may have lists of, and the columns of results.csv.

These are, in this order: one for each row of `COLUMNS`, the fields of `Result`, `run`, and one for
each list of `grid`, called by its setting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class Column:
    """A setting that a comparison may have a list of; its key in `COLUMNS` is the list's option."""

    setting: str
    """What the list is of, by its dotted name."""
    column: str
    """Where results.csv has its values."""
    kind: type = str
    """Of a value, as the command line reads it."""
    always_named: bool = False
    """Whether the run directory of a row is called by it even where all rows have the same value.
    False, so that a comparison that is older than this row finds its runs under their names."""


# The lists, by their options. Nothing else has to be told of a new one.
COLUMNS: Mapping[str, Column] = {
    "strategies": Column(setting="strategy", column="strategy", always_named=True),
    "backbones": Column(setting="backbone", column="backbone", always_named=True),
    "augmentations": Column(setting="augment.preset", column="augmentation", always_named=True),
    "schedules": Column(setting="optimizer.schedule", column="schedule", always_named=True),
    "adaptations": Column(setting="adapt.method", column="adaptation"),
    "seeds": Column(setting="seed", column="seed", kind=int, always_named=True),
}
BASELINE = "baseline"  # the strategy of a row that is no training: it has no seed
SEED = "seed"  # the setting and its column; rows that differ in it only are one configuration

WAITING, RUNNING, FINISHED, FAILED = "waiting", "running", "finished", "failed"  # how a row is


@dataclass(frozen=True, kw_only=True)
class Result:
    """What is known of a row; the fields are columns of results.csv, in this order."""

    status: str = WAITING
    """waiting, running, finished, or failed: and why."""
    validation_accuracy: float | None = None
    validation_accuracy_low: float | None = None
    """Lower end of the 95 % Wilson interval over the validation images."""
    validation_accuracy_high: float | None = None
    test_accuracy: float | None = None
    """None: there is no test split."""
    target_accuracy: float | None = None
    """On labelled images of the domain that was adapted to; None: there are none."""
    trainable_parameters: int | None = None
    """Numbers that learned in the last phase."""
    seconds: float | None = None
    peak_memory_mb: float | None = None
    """Largest resident memory of the process, in 10**6 bytes."""
    p_value: float | None = None
    """See `evaluation.significance.compare_pair`; None: it is the best, or unknown."""

    @classmethod
    def failed(cls, reason: str) -> "Result":
        """Return the result of a row that failed, for a reason in one line."""
        return cls(status=f"{FAILED}: {reason}")


def list_columns(others: Sequence[str]) -> list[str]:
    """Return the columns of results.csv.

    Args:
        others: The settings that `grid` has lists of.
    """
    settings = [each.column for each in COLUMNS.values()]
    return [*settings, *(field.name for field in fields(Result)), "run", *others]


def find_settings(columns: Sequence[str]) -> list[str]:
    """Return which columns of results.csv tell configurations apart: all settings but the seed.

    Args:
        columns: Those of a file; one that is older than a row of `COLUMNS` lacks its column.
    """
    known = [each.column for each in COLUMNS.values() if each.column in columns]
    others = columns[columns.index("run") + 1 :]
    return [name for name in (*known, *others) if name != SEED]
