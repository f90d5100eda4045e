"""What a folder is read as, in plain values."""

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.sources.folders.folder import read_folder

TRAIN, VALID, TEST = "train", "validation", "test"


def read(root, layout="auto"):
    """Return what was read, as {"train": {"a": ["set/a/1"]}}."""
    examples = read_folder(str(root), DataConfig(layout=layout))
    found = {}
    columns = examples.paths.tolist(), examples.labels.tolist(), examples.splits.tolist()
    for path, label, split in zip(*columns, strict=True):
        found.setdefault(split, {}).setdefault(examples.class_names[label], []).append(path)
    return found


def unfold(word):
    start, brace, rest = word.partition("{")
    if not brace:
        return [word]
    inner, _, end = rest.partition("}")
    return [path for each in inner.split(",") for path in unfold(f"{start}{each}{end}")]
