"""What this machine takes for one image, measured in a few seconds."""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.training_data import TrainingData
from keras_transfer.estimate.sample_images import copy_sample, draw_sample
from keras_transfer.evaluation.inference import trace_forward
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.cuts import POOLED, PROBABILITIES, take_part
from keras_transfer.models.low_rank import add_matrices
from keras_transfer.models.run_model import build_classifier
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.machine import count_cores
from keras_transfer.training.cost.layer_work import count_work
from keras_transfer.training.cost.training_cost import Speed, measure_speed
from keras_transfer.training.devices import devices

LONG = 1.5  # seconds for which something is repeated
STEPS = 50  # of the head
FEW, VIEWS = 4, 2  # images that load what the first one waits for; views of each
MOST = 32  # images of a call; fewer where the network is so large that they take over a second


@dataclass(frozen=True, kw_only=True)
class ImageCosts:
    """Seconds that one image takes of this machine, with all of its cores, or its GPU."""

    inspect: float
    """To be read, hashed, decoded by Pillow and compared."""
    decode: float
    """To be decoded by the training's input pipeline."""
    augment: float
    """To be made one view of, once it is decoded."""
    forward: float
    """To go through the whole network."""
    head: float
    """To teach the head, once, from its pooled features."""
    size: float
    """Bytes of its file."""
    speed: Speed
    """That of the machine in this network, such that `forward` comes out."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured, and what further numbers of images are imagined with."""

    costs: ImageCosts
    model: keras.Model
    data: TrainingData


def measure_costs(config: TrainConfig, examples: Examples | None) -> Measured:
    """Measure what an image costs here; random weights take as long as learned ones.

    Args:
        config: Backbone, size and augmentation.
        examples: Of the data set. None: some are drawn.

    Raises:
        ConfigError: No image of the sample can be used.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sample = copy_sample(examples, folder) if examples else draw_sample(folder)
        inspect, size, data = _inspect(config, sample)
        count = len(data.splits["train"])
        decode = time_work(count, lambda: _exhaust(data.clean_batches("train")))
        changed = time_work(count, lambda: _exhaust(data.view_batches(VIEWS)))
    model = build_network(data.settle(config), data.class_names)
    forward, speed = measure_forward(model)
    costs = ImageCosts(
        inspect=inspect,
        decode=decode,
        augment=max(0.0, changed - decode) / VIEWS,
        forward=forward,
        head=measure_head(model, data.batch_size),
        size=size,
        speed=speed,
    )
    return Measured(costs=costs, model=model, data=data)


def _inspect(config: TrainConfig, sample: Examples) -> tuple[float, float, TrainingData]:
    """Return the seconds of an inspection, the bytes of an image, and the images as batches."""
    row, modality = find_backbone(config.backbone), MODALITIES["image"]
    rows = np.arange(len(sample.paths))
    modality.inspect(sample.take(rows[:FEW]))  # and remembers them
    sample = sample.take(rows[FEW:] if len(rows) > FEW else rows)
    found: list[Any] = []
    seconds = time_work(len(sample.paths), lambda: found.append(modality.inspect(sample)), 0.0)
    usable, states = found[0].usable, found[0].states
    if not usable.any():
        raise ConfigError(
            f"`dataset` must hold images that can be read. Received: {len(usable)} of which none "
            "can. See `python -m keras_transfer.check`."
        )
    taken = sample.take(usable), config, row.image_size, found[0].take(usable)
    return seconds, float(states[usable, 0].mean()), modality.hold_splits(*taken)


def build_network(config: TrainConfig, class_names: Iterable[str]) -> keras.Model:
    """Return the classifier of `config` with random weights, and low-rank matrices if asked for."""
    weights = find_weights(config.backbone, find_backbone(config.backbone), "none")
    model = build_classifier(config, tuple(class_names), weights)
    if config.strategy == "lora":
        add_matrices(model.get_layer("backbone"), config)
    return model


def measure_forward(model: keras.Model) -> tuple[float, Speed]:
    """Return the seconds of an image in a classifier, and the speed that its layers make of it."""
    ask, speed = trace_forward(model), measure_speed()
    said = speed.time(count_work(model.get_layer("backbone").layers))
    count, side = max(1, min(MOST, int(1 / said))), model.input.shape[1]
    pixels = np.random.default_rng(0).uniform(0, 255, (count, side, side, 3))
    images = tf.constant(pixels, tf.float32)
    forward = time_work(count, lambda: ask(images).numpy())
    return forward, speed.slow_down(forward / said)


def measure_head(model: keras.Model, batch_size: int) -> float:
    """Return the seconds that the head of a classifier takes to learn from an image, once."""
    head = take_part(model, POOLED, [PROBABILITIES])
    head.compile("adam", "categorical_crossentropy")
    count, classes = STEPS * batch_size, head.output.shape[-1]
    features = np.random.default_rng(0).normal(size=(count, head.input.shape[-1]))
    labels = np.eye(classes, dtype=np.float32)[np.arange(count) % classes]
    rows = features.astype(np.float32), labels
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(batch_size).prefetch(2)
    return time_work(count, lambda: head.fit(batches, verbose=0, shuffle=False))


def time_work(count: int, work: Callable[[], Any], least: float = LONG) -> float:
    """Return the seconds that one of `count` images takes in some work, at best.

    On a GPU by the clock. Else the seconds of all threads, divided by the cores: what others do on
    this machine is left out, and all cores are taken to be busy.

    Args:
        count: Images that the work is done on.
        work: It is done once before, so that nothing is loaded or traced meanwhile; not where
            `least` is 0.
        least: Seconds by the clock for which it is repeated.
    """
    if least:
        work()
    found: list[float] = []
    begin = time.perf_counter()
    while not found or time.perf_counter() - begin < least:
        clock, processor = time.perf_counter(), time.process_time()
        work()
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
        found.append(clock if devices() else processor / count_cores())
    return min(found) / count


def as_numbers(costs: ImageCosts) -> dict[str, float]:
    """Return seconds, and bytes as `size`, by name."""
    found = dataclasses.asdict(costs)
    del found["speed"]
    return found


def _exhaust(batches: Iterable[Any]) -> None:
    for _ in batches:
        pass
