"""What the splits are called, here and by people."""

SPLITS = ("train", "validation", "test")  # in the order in which they are reported

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
