"""Measure how well `predict --unusual` tells foreign images from those like the training images.

    python benchmarks/unusual_images.py RUN [--references 250 500 1000 2000]

Foreign are the image sets of the folder shared beside the checkout that the run was not made from,
and noise, smooth blobs and flat colours. Printed is a Markdown table: a row for each number of
training images that is compared with, a column for each set with the AUROC of the distance against
own validation and test images (1: all foreign images are further away than all own ones) and the
share that is flagged; of own images the share that is flagged wrongly. A first row has the AUROC of
one minus the probability of the best class, which needs no training images.
"""

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from keras_transfer.data.run_examples import read_source
from keras_transfer.evaluation.certainty.neighbours import (
    MOST_REFERENCES,
    Neighbours,
    choose_references,
    is_unusual,
)
from keras_transfer.exports.loaders import load_artefact
from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.exports.reading.classify_stream import BATCH
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.run_directory import Run

DATA = Path(__file__).resolve().parents[1] / "../shared/data"
FOREIGN = {
    "flowers": "flowers5",
    "aerial": "rsscn7",
    "pizza, steak, sushi": "pizza_steak_sushi",
    "ants, bees": "hymenoptera",
    "MNIST": "digits_mnist_mnistm/mnist",
    "MNIST-M": "digits_mnist_mnistm/mnist_m",
}
IMAGES = MODALITIES["image"]
SIDE, MADE = 64, 100  # pixels and images of each kind that is made
MOST = 400  # images of a foreign set


class Answers(NamedTuple):
    """What a model says of n images."""

    probabilities: np.ndarray
    features: np.ndarray


def make_images() -> dict[str, np.ndarray]:
    """Return images of no thing at all, (n, SIDE, SIDE, 3) uint8."""
    random = np.random.default_rng(0)
    shape = MADE, SIDE, SIDE, 3
    coarse = random.integers(0, 256, (MADE, 4, 4, 3)).astype(float)
    places = np.linspace(0, 3, SIDE)
    low = np.minimum(places.astype(int), 2)
    weights = places - low
    for axis in (1, 2):  # bilinear
        first, second = coarse.take(low, axis), coarse.take(low + 1, axis)
        by = weights.reshape([-1 if each == axis else 1 for each in range(4)])
        coarse = first * (1 - by) + second * by
    flat = np.broadcast_to(random.integers(0, 256, (MADE, 1, 1, 3)), shape)
    noise = random.integers(0, 256, shape)
    made = {"noise": noise, "blobs": coarse, "flat colours": flat}
    return {name: images.astype(np.uint8) for name, images in made.items()}


def measure_auroc(own: np.ndarray, foreign: np.ndarray) -> float:
    """Return the share of pairs whose foreign image has the larger number, equal ones half."""
    order = np.sort(own)
    below = np.searchsorted(order, foreign, "left") + np.searchsorted(order, foreign, "right")
    return float(below.mean() / 2 / len(own))


def ask_model(artefact: Artefact, sources: list) -> Answers:
    """Return what a model says of images, those left out that cannot be read."""
    from keras_transfer.evaluation.inference import trace_forward
    from keras_transfer.models.cuts import expose_pooled

    forward = trace_forward(expose_pooled(artefact.network))
    preparation, found = artefact.usage.preparation, []
    for pixels, reasons in IMAGES.stream(sources, artefact.image_size, preparation, BATCH):
        usable = np.array([not reason for reason in reasons])
        found.append([each.numpy()[usable] for each in forward(pixels.astype(np.float32))])
    return Answers(*map(np.concatenate, zip(*found, strict=True)))


def list_foreign(artefact: Artefact, own: Path) -> dict[str, list]:
    """Return the sources of the images of each foreign set."""
    random, found = np.random.default_rng(0), {}
    for name, place in FOREIGN.items():
        folder = (DATA / place).resolve()
        if folder.is_dir() and folder != own.resolve():
            _, sources = IMAGES.list_words([str(folder)])
            rows = random.permutation(len(sources))[:MOST]
            found[name] = [sources[row] for row in rows]
    for name, images in make_images().items():
        _, found[name] = IMAGES.list_given(images, artefact.usage.preparation.value_range)
    return found


def main(words: list[str]) -> None:
    """Print the table of a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--references", nargs="+", type=int, default=[MOST_REFERENCES])
    options = parser.parse_args(words)
    run = Run.open(options.run)
    config, artefact = load_run_config(run), load_artefact(run.path)
    root = read_source(config, IMAGES).root
    table = {name: np.array(cells) for name, cells in run.split_table().items()}
    names = list(run.class_names())
    labels = np.array([names.index(name) for name in table["class"]])
    trained = table["split"] == "train"

    def ask_own(rows: np.ndarray) -> Answers:
        words = [str(root / path) for path in table["path"][rows]]
        return ask_model(artefact, IMAGES.list_words(words)[1])

    own = {
        split: ask_own(np.flatnonzero(table["split"] == split))
        for split in ("validation", "test")
        if split in table["split"]
    }
    known = ask_own(np.flatnonzero(trained)).features
    sets = {name: ask_model(artefact, each) for name, each in list_foreign(artefact, root).items()}
    print("| compared with |", " | ".join([*own, *sets]), "|")
    print("| ---: |", " | ".join("---:" for _ in [*own, *sets]), "|")
    usual = np.concatenate([1 - each.probabilities.max(axis=1) for each in own.values()])
    unsure = {name: 1 - each.probabilities.max(axis=1) for name, each in sets.items()}
    cells = [f"{measure_auroc(usual, each):.3f}" for each in unsure.values()]
    print("| by probability |", " | ".join(["" for _ in own] + cells), "|")
    for most in options.references:
        rows = choose_references(labels[trained], config.seed, most)
        neighbours = Neighbours(known[rows])
        usual = np.concatenate([neighbours.measure_distances(e.features) for e in own.values()])
        cells = []
        for name, (_, features) in (own | sets).items():
            flagged = is_unusual(neighbours.find_shares(features)).mean()
            auroc = measure_auroc(usual, neighbours.measure_distances(features))
            cells.append(f"{flagged:.3f}" if name in own else f"{auroc:.3f}, {flagged:.2f}")
        print(f"| {len(rows)} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main(sys.argv[1:])
