"""Measure what settings are worth against today's defaults, on test images that choose nothing.

    python benchmarks/defaults.py --data FOLDER --results FILE.jsonl \
        --weights mobilenetv3small=FILE.h5 mobilenetv2=FILE.h5 [--only NAME …] [--add NAME=WORDS …]

FOLDER holds hymenoptera, pizza_steak_sushi, flowers5 and rsscn7; scikit-learn's digits come on top.
Each set becomes a folder with train/ and test/: as it was given (a val/ becomes test/), else 70/30,
class by class, once and for all, whatever the seed. Training makes its own validation split out of
train/, which chooses the epoch; test/ measures only, both the weights that the run keeps and those
of its last epoch. A candidate is a name and words of the command line.

Each single run is one line of the file of results, so that a benchmark that was stopped goes on,
and a setting of another checkout is measured into the same file. With --reuse activations are kept
from run to run: quicker, and seconds then say nothing. Printed are Markdown tables of paired
differences (see `difference`).
"""

import argparse
import hashlib
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from keras_transfer.config.command_line import build_parser
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.evaluation.significance import flip_signs
from keras_transfer.run.load_settings import parse_config
from keras_transfer.run.predictions_csv import Predictions, read_run_predictions

TODAY = "today"
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
DRAWS = 4_000
KINDS = {"selected": "weights the run keeps", "last": "last epoch"}


class Job(NamedTuple):
    """One training."""

    candidate: str
    backbone: str
    data: str
    seed: int


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


# --- what came of it --------------------------------------------------------------------------


class Difference(NamedTuple):
    """How much more often a candidate is right than today's defaults."""

    mean: float
    low: float
    high: float
    p: float


# (backbone, set) -> (seeds, images) float: candidate minus today, 1, 0 or -1
Judged = Mapping[tuple[str, str], np.ndarray]


def difference(judged: Judged) -> Difference:
    """Return the mean difference, its 95 % interval, and a p-value.

    Sets and backbones are fixed and count the same, however many images they have. The interval is
    over what could have been otherwise: a bootstrap that draws seeds (of each set and backbone on
    their own) and test images (of each set, the same ones for all of its seeds and backbones) with
    replacement. The p-value is that of random signs, a test image with all of its seeds and
    backbones being one unit.

    Args:
        judged: Candidate minus today, 1, 0 or -1 for each seed and image.
    """
    random, names = np.random.default_rng(0), sorted({name for _, name in judged})
    means, units = np.zeros(DRAWS), []
    for name in names:
        cells = [cell for (_, own), cell in judged.items() if own == name]
        (seeds, images), share = cells[0].shape, 1 / (len(names) * len(cells))
        drawn = random.multinomial(images, np.full(images, 1 / images), DRAWS) / images
        for cell in cells:
            chosen = random.multinomial(seeds, np.full(seeds, 1 / seeds), DRAWS) / seeds
            means += share * ((drawn @ cell.T) * chosen).sum(axis=1)
        units.append(share * sum(cell.mean(axis=0) for cell in cells) / images)
    low, high = np.quantile(means, (0.025, 0.975))
    each = np.concatenate(units)
    p = flip_signs(each[:, None] / np.abs(each).max())[0] if each.any() else 1.0
    return Difference(float(each.sum()), float(low), float(high), p)


def read_results(file: Path) -> dict[Job, dict[str, Any]]:
    """Return the lines of the file of results; half a line of a killed run is left out."""
    found = {}
    for line in file.read_text("utf-8").splitlines() if file.exists() else ():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[Job(*(record[field] for field in Job._fields))] = record
    return found


def pair(found: Mapping[Job, Mapping[str, Any]], name: str, kind: str) -> dict[Any, np.ndarray]:
    """Return candidate minus today, for each backbone and set the seeds that both have."""
    cells = {}
    for backbone, data in dict.fromkeys((job.backbone, job.data) for job in found):
        both = [[Job(who, backbone, data, seed) for who in (name, TODAY)] for seed in SEEDS]
        rows = [[found[job] for job in jobs] for jobs in both if all(job in found for job in jobs)]
        assert len({each["images"] for row in rows for each in row}) <= 1, (name, data)
        if rows:
            cells[backbone, data] = np.stack(
                [_read(theirs, kind) - _read(ours, kind) for theirs, ours in rows]
            )
    return cells


def _read(record: Mapping[str, Any], kind: str) -> np.ndarray:
    return np.array([*record[kind]], float)


def print_results(found: Mapping[Job, Mapping[str, Any]]) -> None:
    """Print a table of accuracies, and one of differences for each kind of weights."""
    names = list(dict.fromkeys(job.candidate for job in found))
    sets = [name for name in SETS if any(job.data == name for job in found)]
    print(f"Accuracy on test images, means of seeds {SEEDS}: selected weights / last epoch.\n")
    print("| candidate | backbone |", " | ".join(sets), "| mean | seconds | processor |")
    print("| --- | --- |" + " ---: |" * (len(sets) + 3))
    for name in names:
        for backbone in dict.fromkeys(job.backbone for job in found if job.candidate == name):
            print(f"| {name} | {backbone} |", " | ".join(_list_scores(found, name, backbone)), "|")
    for kind, words in KINDS.items():
        print(f"\nDifference from {TODAY}, {words}, in points, with 95 % intervals.\n")
        print("| candidate | backbones | all sets | p |", " | ".join(sets), "|")
        print("| --- | --- | ---: | ---: |" + " ---: |" * len(sets))
        for name in names:
            for row in () if name == TODAY else _list_differences(pair(found, name, kind), sets):
                print(f"| {name} |", " | ".join(row), "|")


def _list_scores(found: Mapping[Job, Mapping[str, Any]], name: str, backbone: str) -> Iterator[str]:
    rows = {job: line for job, line in found.items() if job[:2] == (name, backbone)}
    scores: dict[str, list[float]] = {kind: [] for kind in KINDS}
    sets = [data for data in SETS if any(job.data == data for job in found)]
    for data in sets:
        own = [line for job, line in rows.items() if job.data == data]
        for kind, means in scores.items():
            means += [np.mean([_read(line, kind).mean() for line in own])] if own else []
        yield " / ".join(f"{means[-1]:.3f}" for means in scores.values()) if own else ""
    whole = all(len(means) == len(sets) for means in scores.values())
    yield " / ".join(f"**{np.mean(means):.3f}**" for means in scores.values()) if whole else ""
    for clock in ("wall", "processor"):
        yield f"{np.mean([line[clock] for line in rows.values()]):.1f}"


def _list_differences(cells: Judged, sets: Sequence[str]) -> Iterator[list[str]]:
    """Yield the rows of a candidate: all backbones, then each where there are several."""
    backbones = list(dict.fromkeys(backbone for backbone, _ in cells))
    groups = [backbones, *([each] for each in backbones if len(backbones) > 1)]
    for group in groups if backbones else ():
        chosen = {key: cell for key, cell in cells.items() if key[0] in group}
        whole = difference(chosen)
        row = [" + ".join(group), _say(whole), f"{whole.p:.3f}"]
        for name in sets:
            own = {key: cell for key, cell in chosen.items() if key[1] == name}
            row.append(_say(difference(own)) if own else "")
        yield row


def _say(found: Difference) -> str:
    mean, low, high = (f"{100 * number:+.1f}" for number in found[:3])
    mark = "**" if found.low > 0 or found.high < 0 else ""
    return f"{mark}{mean}{mark} ({low} to {high})"


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
    parser.add_argument("--data", type=Path, help="holds the four folders; none: only print")
    parser.add_argument("--results", type=Path, required=True, help="gets a line a training")
    parser.add_argument("--weights", nargs="+", default=[], metavar="BACKBONE=FILE")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="of candidates")
    parser.add_argument("--add", nargs="+", default=[], metavar="NAME=WORDS")
    parser.add_argument("--reuse", action="store_true", help="keep activations between runs")
    parser.add_argument("--workers", type=int, default=1, help="trainings at once")
    options = parser.parse_args(words)
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
