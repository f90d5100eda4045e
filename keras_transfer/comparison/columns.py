"""The lists of a comparison and the columns of results.csv."""

from dataclasses import dataclass

# How a list is called -> the setting it is of, in the order of the columns of results.csv.
LISTS = {
    "strategies": "strategy",
    "backbones": "backbone",
    "augmentations": "augment.preset",
    "schedules": "optimizer.schedule",
    "seeds": "seed",
}

WAITING, RUNNING, FINISHED = "waiting", "running", "finished"  # in the column status

SETTINGS = ("strategy", "backbone", "augmentation", "schedule", "seed")  # the columns of `LISTS`


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
    trainable_parameters: int | None = None
    """Numbers that learned in the last phase."""
    seconds: float | None = None
    peak_memory_mb: float | None = None
    """Largest resident memory of the process, in 10**6 bytes."""
    p_value: float | None = None
    """See `evaluation.significance.compare_pair`; None: it is the best, or unknown."""
