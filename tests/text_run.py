"""A run of texts that tests share read-only, with every export."""

import csv
import fcntl
import os
import random

import pytest

FORMATS = ("saved_model", "tflite", "onnx")
GOOD, BAD = ("good", "nice", "very good"), ("bad", "dull", "not good")
THINGS = ("film", "story", "music", "end", "cast", "set")


def write_reviews(file, count, seed=0, pairs=False):
    """Write a table of short and long sentences that one word decides, half of them good."""
    draw = random.Random(seed)
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "text_2", "label"] if pairs else ["text", "label"])
        for number in range(count):
            word = draw.choice(BAD if number % 2 else GOOD)
            before = " ".join(draw.choices(THINGS, k=draw.randint(1, 8)))
            texts = [f"The {before} was {word}.", f"{before}, no {number}?"][: 1 + pairs]
            writer.writerow([*texts, "bad" if number % 2 else "good"])
    return file


def train_on(table, output):
    """Return a finished run of the tiny text backbone."""
    from keras_transfer.config.sections.data_settings import DataConfig
    from keras_transfer.config.sections.frozen_settings import FrozenConfig
    from keras_transfer.config.train_config import TrainConfig
    from keras_transfer.train import fine_tune

    config = TrainConfig(
        backbone="tiny_text",
        dataset=str(table),
        weights="none",
        strategy="feature_extraction",
        data=DataConfig(batch_size=16),
        frozen=FrozenConfig(epochs=2),
        output=output,
        quiet=True,
    )
    return fine_tune(config)


@pytest.fixture(scope="session")
def text_run(tiny_text_backbone, tmp_path_factory):
    """Return a run of sentences with every kind of export but int8."""
    from keras_transfer.export import export_model
    from keras_transfer.run.run_directory import Run

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # they share it: it takes half a minute
        folder = folder.parent
    path = folder / "texts/finished"
    with (folder / "texts.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            path.parent.mkdir()
            run = train_on(write_reviews(path.parent / "reviews.csv", 120), path.parent)
            export_model(run, FORMATS, ("float32", "float16", "dynamic_int8"))
            run.path.rename(path)
    return Run(path)
