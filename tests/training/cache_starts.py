"""Two phases with a locked part, and what the activation cache of a run starts from."""

import dataclasses
import hashlib

import numpy as np
from PIL import Image

from keras_transfer.models.cuts import frontier
from keras_transfer.system.files.atomic_files import write_table, write_text
from keras_transfer.training.plan.phase import Phase

PHASES = (
    Phase(name="frozen", epochs=5, learning_rate=0.02),
    # the boundary is inside block3, whose skip connection moves the cut to its start, 7
    Phase(name="finetune", epochs=5, learning_rate=2e-2, first_learning=8),
)
CUT = frontier(7)
PLACES = {
    "memory": {},
    "disk": {"memory_gb": 0.0},
    "stream": {"mode": "off"},
}


def write_split(run, data):
    """Write split.csv with the hashes of the files; where there are none, with made-up ones."""
    write_text(run.class_names_file, "a\nb\n")
    rows = [
        (path, hash_file(data.root / path), "a", name)
        if data.root
        else (f"{name}/{path}", hash_text(path), "a", name)
        for name, split in data.splits.items()
        for path in split.paths
    ]
    write_table(run.split_file, ("path", "sha256", "class", "split"), rows)


def write_files(folder, training):
    """Return a training whose images are files there, none of which is kept."""
    folder.mkdir(exist_ok=True)
    data, splits = training.data, {}
    for name, split in data.splits.items():
        paths = np.array([f"{name}{i}.png" for i in range(len(split))])
        for path, pixels in zip(paths, split.pixels, strict=True):
            Image.fromarray(pixels).save(folder / path)
        splits[name] = dataclasses.replace(split, paths=paths, pixels=None)
    data = dataclasses.replace(data, root=folder, splits=splits)
    write_split(training.run, data)
    return dataclasses.replace(training, data=data)


def hash_text(text):
    return hashlib.sha256(text.encode()).hexdigest()


def hash_file(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()
