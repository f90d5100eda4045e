"""Measure how often sets of classes hold the true one, over random divisions of held-out images.

    python benchmarks/coverage_of_sets.py RUN ... [--coverage 0.9 0.95] [--divisions 200]

The validation and test images of each run (predictions.csv) are divided into two halves at random:
one gives the limits, the other is measured. Printed are Markdown tables of means over divisions:
the coverage of all images and of the class where it is lowest, the mean size of a set, and, for
thresholds chosen on one half, the accuracy and the share of the answers on the other.
"""

import argparse
import sys

import numpy as np

from keras_transfer.evaluation.certainty.answer_threshold import choose_threshold, judge_threshold
from keras_transfer.evaluation.certainty.prediction_sets import find_limits, list_members
from keras_transfer.run.predictions_csv import Predictions, read_run_predictions
from keras_transfer.run.run_directory import Run

ACCURACIES = (0.95, 0.98)


def divide(predictions: Predictions, divisions: int):
    """Yield two halves of the images, at random, as often as asked."""
    random = np.random.default_rng(0)
    for _ in range(divisions):
        order = random.permutation(len(predictions))
        half = len(order) // 2
        yield predictions.take(order[:half]), predictions.take(order[half:])


def measure_sets(predictions: Predictions, coverage: float, class_wise: bool, divisions: int):
    """Return mean coverage, that of the class where it is lowest, and the mean size of a set."""
    shares, sizes, by_class = [], [], []
    for known, new in divide(predictions, divisions):
        limits = find_limits(known.probabilities, known.truth, coverage, class_wise)
        members = list_members(new.probabilities, limits)
        covered = members[np.arange(len(new)), new.truth]
        shares.append(covered.mean())
        sizes.append(members.sum(axis=1).mean())
        counts = np.bincount(new.truth, minlength=len(new.class_names))
        sums = np.bincount(new.truth, weights=covered, minlength=len(new.class_names))
        by_class.append(sums / np.maximum(counts, 1))
    return np.mean(shares), np.mean(by_class, axis=0).min(), np.mean(sizes)


def measure_answers(predictions: Predictions, accuracy: float, divisions: int):
    """Return mean accuracy and share of answers; divisions without any threshold answer nothing."""
    right = answered = images = 0
    for known, new in divide(predictions, divisions):
        images += len(new)
        if chosen := choose_threshold(known.probabilities, known.truth, accuracy):
            found = judge_threshold(new.probabilities, new.truth, chosen.threshold)
            right, answered = right + found.right, answered + found.answered
    return right / max(answered, 1), answered / images


def main(words: list[str]) -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--coverage", nargs="+", type=float, default=[0.9, 0.95])
    parser.add_argument("--divisions", type=int, default=200)
    options = parser.parse_args(words)
    found = {run: read_run_predictions(Run.open(run)) for run in options.runs}
    print("| run | images | asked | class by class | coverage | lowest class | mean size |")
    print("| --- | ---: | ---: | --- | ---: | ---: | ---: |")
    for run, predictions in found.items():
        for coverage in options.coverage:
            for class_wise in (False, True):
                numbers = measure_sets(predictions, coverage, class_wise, options.divisions)
                cells = run, len(predictions), coverage, "yes" if class_wise else ""
                print("|", " | ".join(map(str, cells)), *(f"| {n:.3f}" for n in numbers), "|")
    print("\n| run | accuracy asked | accuracy of answers | share answered |")
    print("| --- | ---: | ---: | ---: |")
    for run, predictions in found.items():
        for accuracy in ACCURACIES:
            numbers = measure_answers(predictions, accuracy, options.divisions)
            print(f"| {run} | {accuracy} |", " | ".join(f"{n:.3f}" for n in numbers), "|")


if __name__ == "__main__":
    main(sys.argv[1:])
