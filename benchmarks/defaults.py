"""Measure what settings are worth against today's defaults, on test images that choose nothing.

    python benchmarks/defaults.py --data FOLDER --results FILE.jsonl \
        --weights mobilenetv3small=FILE.h5 mobilenetv2=FILE.h5 [--only NAME …] [--add NAME=WORDS …]

FOLDER holds hymenoptera, pizza_steak_sushi, flowers5 and rsscn7; scikit-learn's digits come on top.
Each set becomes a folder with train/ and test/: as it was given (a val/ becomes test/), else 70/30,
class by class, once and for all, whatever the seed. Training makes its own validation split out of
train/, which chooses the epoch; test/ measures only, both the weights that the run keeps and those
of its last epoch. A candidate is a name and words of the command line.

Each training is one line of the file of results, so that a benchmark that was stopped goes on with
the same command, and a setting of another checkout is measured into the same file; the folders of
links lie beside it, in FILE.sets. All that is listed in CANDIDATES is 510 trainings of 10 to 60
seconds. A few: `--only today "8 views"`, where `today`, without any words, is what they are
measured against. One of your own: `--add "no dropout=--head.dropout 0"`, which alone is measured
with `--only "no dropout"`. With --reuse activations are kept from run to run: quicker, and seconds
then say nothing. Printed are the Markdown tables of `paired_differences.py`, also without --data.
"""

import argparse
import hashlib
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from paired_differences import TODAY, Job, print_results, read_results

from keras_transfer.config.command_line import build_parser
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.run.load_settings import parse_config
from keras_transfer.run.predictions_csv import Predictions, read_run_predictions

CANDIDATES: Mapping[str, str] = {
    TODAY: "",
    "4 views": "--cache.views 4",
    "8 views": "--cache.views 8",
    "16 views": "--cache.views 16",
    "fresh views": "--cache.views fresh",
    "label smoothing .1": "--optimizer.label_smoothing 0.1",
    "ema .95": "--optimizer.ema 0.95",
    "rate 5e-5": "--finetune.learning_rate 5e-5",
    "rate 2e-4": "--finetune.learning_rate 2e-4",
    "rate 3e-4": "--finetune.learning_rate 3e-4",
    "decay .1": "--optimizer.weight_decay 0.1",
    "20 epochs": "--finetune.epochs 20",
    "30 epochs": "--finetune.epochs 30",
    "40 frozen epochs": "--frozen.epochs 40",
    "dropout .5": "--head.dropout 0.5",
    "light": "--augment.preset light",
    "256 pixels": "--data.image_size 256",
}
# What a set needs to be what it is: the digits are drawn at 8 pixels, and have no mirror images.
SETS: Mapping[str, str] = {
    "hymenoptera": "",
    "pizza_steak_sushi": "",
    "flowers5": "",
    "rsscn7": "",
    "digits": "--data.image_size 64 --augment.flip false",
}
SEEDS = (0, 1, 2)
TEST_SHARE = 0.3


# --- the sets ---------------------------------------------------------------------------------


def link_set(source: Path | str, tree: Path) -> None:
    """Link the images of a data set into train/ and test/ of `tree`.

    Args:
        source: A folder of classes, or of splits with such folders; or the name of a data set.
        tree: Made; a finished one is left as it is.
    """
    if tree.is_dir():
        return
    found = read_examples(str(source), DataConfig())
    words = {"validation": "test"}  # a given validation split has chosen nothing yet
    splits = [words.get(SPLIT_WORDS.get(name, name), name) for name in found.splits.tolist()]
    if "test" not in splits:
        splits = divide(found.paths.tolist(), found.labels.tolist())
    names = [found.class_names[label] for label in found.labels]
    unfinished = tree.with_name(f".{tree.name}")
    for path, name, split in zip(found.paths.tolist(), names, splits, strict=True):
        link = unfinished / split / name / Path(path).name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to((found.root / path).resolve())
    unfinished.rename(tree)


def divide(paths: Sequence[str], labels: Sequence[int]) -> list[str]:
    """Return `train` or `test` for each image: 30 % of each class, those with the lowest hashes."""
    keys = [hashlib.sha256(path.encode()).hexdigest() for path in paths]
    splits = ["train"] * len(paths)
    for label in sorted({*labels}):
        rows = sorted((row for row, own in enumerate(labels) if own == label), key=keys.__getitem__)
        for row in rows[: round(TEST_SHARE * len(rows))]:
            splits[row] = "test"
    return splits


# --- one training -----------------------------------------------------------------------------


def measure(job: Job, words: Sequence[str], tree: Path) -> dict[str, Any]:
    """Train once in this process; return the line of the file of results.

    Args:
        job: What it is, for the line.
        words: Of the command line, without data set, seed and output.
        tree: Holds train/ and test/.
    """
    import keras

    from keras_transfer.evaluate import evaluate_run
    from keras_transfer.train import fine_tune
    from keras_transfer.training.given.given_parts import GivenParts

    keras.utils.clear_session()
    last = _make_last_epoch(keras)
    with tempfile.TemporaryDirectory() as folder:
        places = ["--dataset", str(tree), "--seed", str(job.seed), "--output", folder, "--quiet"]
        config = parse_config(build_parser("train"), [*words, *places])
        wall, processor = time.perf_counter(), time.process_time()
        run = fine_tune(config, GivenParts(callbacks=[last]))
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        metrics, selected = run.metrics(), read_run_predictions(run)
        last.put_in(run.model_file)
        final = evaluate_run(run, split="test")
    selected = selected.take(np.flatnonzero(selected.splits == "test"))
    return {
        **job._asdict(),
        "words": shlex.join(words),
        "images": _name_images(selected),
        "selected": _judge(selected),
        "last": _judge(final),
        "wall": round(wall, 2),
        "processor": round(processor, 2),
        "parts": metrics["seconds"],
        "phases": metrics["phases"],
    }


def _make_last_epoch(keras: Any) -> Any:
    """Return a callback that remembers the weights at the end of the last phase."""

    class LastEpoch(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_end(self, logs: Any = None) -> None:
            self.values = self.model.get_weights()  # later the model gets the kept ones

        def put_in(self, file: Path) -> None:
            """Give these weights to a model file."""
            model = keras.models.load_model(file, compile=False)
            model.set_weights(self.values)
            model.save(file)

    return LastEpoch()


def _judge(found: Predictions) -> str:
    """Return 1 for each image that is right, 0 for each other, in the order of their names."""
    right = found.probabilities.argmax(axis=1) == found.truth
    return "".join(str(int(each)) for each in right[np.argsort(found.paths)])


def _name_images(found: Predictions) -> str:
    return hashlib.sha256("\n".join(sorted(found.paths.tolist())).encode()).hexdigest()[:16]


# --- the command ------------------------------------------------------------------------------


def list_jobs(options: argparse.Namespace) -> list[tuple[Job, list[str], Path]]:
    """Return all trainings, a backbone after the other, with their words and images."""
    candidates = {**CANDIDATES, **dict(each.split("=", 1) for each in options.add)}
    chosen = options.only or [*CANDIDATES, *(each.split("=", 1)[0] for each in options.add)]
    always = ["--cache.reuse", "true"] if options.reuse else []
    jobs = []
    for backbone, weights in (each.split("=", 1) for each in options.weights):
        for name in chosen:
            for data, own in SETS.items():
                words = ["--backbone", backbone, "--weights", weights, *always]
                words += shlex.split(f"{candidates[name]} {own}")
                jobs += [
                    (Job(name, backbone, data, seed), words, options.trees / data) for seed in SEEDS
                ]
    return jobs


def parse_options(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    help_data = f"holds {', '.join(name for name in SETS if name != 'digits')}; none: only print"
    help_results = "gets a line a training; the sets lie beside it, in FILE.sets"
    names = ", ".join(CANDIDATES)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help=help_data)
    parser.add_argument(
        "--results", type=Path, required=True, metavar="FILE.jsonl", help=help_results
    )
    parser.add_argument(
        "--weights", nargs="+", default=[], metavar="BACKBONE=FILE", help="to measure"
    )
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="NAME", help=f"of: {names}, or added"
    )
    parser.add_argument("--add", nargs="+", default=[], metavar="NAME=WORDS", help="candidates")
    parser.add_argument("--reuse", action="store_true", help="keep activations between runs")
    parser.add_argument("--workers", type=int, default=1, help="trainings at once")
    options = parser.parse_args(words)
    known = [*CANDIDATES, *(each.partition("=")[0] for each in options.add)]
    if unknown := [name for name in options.only if name not in known]:
        parser.error(f"--only must name candidates or those of --add. Received: {unknown[0]}.")
    if options.data and not options.weights:
        parser.error("--data needs --weights BACKBONE=FILE: without any, nothing is measured.")
    options.trees = options.results.with_suffix(".sets").absolute()
    return options


def main(words: list[str]) -> None:
    """Train what the file of results lacks, then print the tables."""
    options = parse_options(words)
    print("   ", shlex.join(["python", "benchmarks/defaults.py", *words]), end="\n\n")
    if options.data:
        for name in SETS:
            link_set(name if name == "digits" else options.data / name, options.trees / name)
        done = read_results(options.results)
        left = [each for each in list_jobs(options) if each[0] not in done]
        with (
            ProcessPoolExecutor(options.workers, get_context("spawn")) as pool,
            options.results.open("a", encoding="utf-8") as stream,
        ):
            for record in pool.map(measure, *zip(*left, strict=True)) if left else ():
                print(json.dumps(record), file=stream, flush=True)
                print(*(record[field] for field in Job._fields), file=sys.stderr)
    print_results(read_results(options.results))


if __name__ == "__main__":
    main(sys.argv[1:])
