"""What the splits are called, here and by people."""

from collections.abc import Collection

SPLITS = ("train", "validation", "test")  # in the order in which they are reported
TARGET = "target"  # labelled images of another domain that a run was adapted to


# How people spell the splits, in lower case.
SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


def choose_split(there: Collection[str]) -> str:
    """Return the split that says most about new examples: test, else validation, else train."""
    return next(name for name in reversed(SPLITS) if name in there)
