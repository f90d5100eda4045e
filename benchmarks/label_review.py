"""Measure how many wrong labels `review` finds among those that are planted.

    python benchmarks/label_review.py --weights FILE --data FOLDER FOLDER …

For each data set and seed, a tenth of the labels is changed to another class at random, and the
labels are reviewed as the command does it. Precision: of as many suspects as were planted, the
share that was. Recall: of the planted ones, the share among the first fifth of the images. Labels
that were wrong before count as mistakes of the review. A Markdown table: a row per data set, means
over the seeds and their range, and the share of the unchanged labels that are the most probable
class out of fold. `--c` sets another C of the logistic regression.

    python benchmarks/label_review.py --made 20000 1280 101

measures the seconds and the memory that the logistic regression takes on made features: images,
channels and classes. Seconds of CPU are less than seconds where other programs run.
"""

import argparse
import dataclasses
import logging
import resource
import shlex
import sys
import time
from pathlib import Path

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.divided_examples import inspect_examples
from keras_transfer.data.examples import Examples
from keras_transfer.data.splits.row_groups import find_clusters
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.review.label_quality import out_of_fold
from keras_transfer.review.label_quality.out_of_fold import predict_out_of_fold
from keras_transfer.review.label_quality.suspects import rank_suspects
from keras_transfer.system.load_tensorflow import import_tensorflow

PLANTED, LOOKED_AT = 0.1, 0.2  # shares of the images
SEEDS = (0, 1, 2)


def plant(labels: np.ndarray, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of which a tenth is wrong, and the rows of these."""
    random = np.random.default_rng(seed)
    rows = random.choice(len(labels), round(PLANTED * len(labels)), replace=False)
    changed = labels.copy()
    changed[rows] = (labels[rows] + random.integers(1, classes, len(rows))) % classes
    return changed, rows


def count_found(ranked: np.ndarray, planted: np.ndarray) -> tuple[float, float]:
    """Return precision and recall of a ranking of rows, the most doubtful first."""
    found = np.isin(ranked, planted)
    first = round(LOOKED_AT * len(ranked))
    return found[: len(planted)].mean(), found[:first].sum() / len(planted)


def measure(dataset: str, backbone: str, choice: str) -> tuple[float, list[tuple[float, float]]]:
    """Return the accuracy out of fold, and precision and recall for each seed."""
    config = TrainConfig(backbone=backbone, dataset=dataset, quiet=True)
    modality = choose_modality(config)
    examples = modality.read_examples(config.source, config.data)
    examples, findings, near = inspect_examples(examples, config, modality)
    if not findings.usable.all():
        raise SystemExit(f"{dataset} must hold images that can be read.")
    import_tensorflow()
    from keras_transfer.review.label_quality.frozen_features import find_features

    together = dataclasses.replace(examples, splits=np.full(len(examples.paths), "train"))
    data = modality.hold_splits(together, config, BACKBONES[backbone].image_size, findings)
    weights = find_weights(backbone, BACKBONES[backbone], choice)
    features = find_features(data, findings.sha256, data.settle(config), weights)
    clusters = find_clusters(findings.sha256, examples.groups, near)
    classes, found = len(examples.class_names), []
    unchanged = predict_out_of_fold(features, examples.labels, clusters, classes)
    accuracy = float((unchanged.argmax(axis=1) == examples.labels).mean())
    for seed in SEEDS:
        labels, rows = plant(examples.labels, classes, seed)
        changed: Examples = dataclasses.replace(examples, labels=labels)
        probabilities = predict_out_of_fold(features, labels, clusters, classes)
        review = rank_suspects(changed, findings.sha256, near, probabilities)
        place = {path: row for row, path in enumerate(examples.paths.tolist())}
        ranked = np.array([place[path] for path in review.paths.tolist()])
        found.append(count_found(ranked, rows))
    return accuracy, found


def time_made(images: int, channels: int, classes: int) -> None:
    """Print what judging made features takes; classes overlap, a tenth of the labels is wrong."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, images)
    middles, mix = random.normal(size=(classes, 60)), random.normal(size=(60, channels)) / 8
    features = np.empty((images, channels), np.float32)
    for rows in np.array_split(np.arange(images), max(1, images // 1000)):
        inner = middles[labels[rows]] + 1.6 * random.normal(size=(len(rows), 60))
        noise = random.normal(size=(len(rows), channels)) * np.geomspace(2, 0.3, channels)
        features[rows] = np.maximum(inner @ mix + noise, 0)
    changed, _ = plant(labels, classes, 0)
    start, spent = time.monotonic(), time.process_time()
    predict_out_of_fold(features, changed, np.arange(images), classes)
    seconds, spent = time.monotonic() - start, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{images:,} x {channels:,}, {classes} classes: {seconds:.1f} s, {spent:.1f} s of CPU, "
        f"peak {peak:.0f} MB, of which features {features.nbytes / 2**20:.0f} MB"
    )


def main(words: list[str]) -> None:
    """Print the table, or what made features take."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--backbone", choices=BACKBONES, default="mobilenetv3small")
    parser.add_argument("--weights", default="auto")
    parser.add_argument("--c", type=float, default=out_of_fold.C)
    parser.add_argument("--data", nargs="+", default=["digits"], help="digits, or folders")
    parser.add_argument("--made", nargs=3, type=int, metavar=("IMAGES", "CHANNELS", "CLASSES"))
    options = parser.parse_args(words)
    out_of_fold.C = options.c
    if options.made:
        time_made(*options.made)
        return
    logging.disable(logging.INFO)
    print("   ", shlex.join(["python", "benchmarks/label_review.py", *words]), end="\n\n")
    print("| data | precision | range | recall | range | accuracy |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for dataset in options.data:
        cells = [Path(dataset).name]
        accuracy, found = measure(dataset, options.backbone, options.weights)
        for values in zip(*found, strict=True):
            cells += [f"{np.mean(values):.3f}", f"{min(values):.3f} to {max(values):.3f}"]
        print("|", " | ".join([*cells, f"{accuracy:.3f}"]), "|", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
