"""Compare whole trainings with the script that a user would write from the Keras guide.

    python benchmarks/vs_keras_guide.py --guide keras_guide.py --dataset FOLDER --weights FILE|none

Both get the same images, weights, sizes, epochs and locked layers, and each training is a fresh
process, timed from its start to its exit; which of the two goes first alternates from pair to pair.
What follows `--` is added to our command. Printed are Markdown tables: each pair with seconds,
validation accuracy (the best epoch of both phases; the last epoch) and peak memory, their medians
and means, and where our seconds go. It stops if the two did not do the same work.
"""

import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.freeze_boundary import find_boundary
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table

GUIDE_SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")  # what the guide's loader picks up
# The guide script's constants, and epochs that all run.
EQUAL = ["--data.image_size", "224", "--data.batch_size", "32", "--optimizer.patience", "0"]
WARM_UP = [sys.executable, "-c", "import tensorflow"]  # or the first training would read it alone
MEASURES = {"seconds": ".1f", "best": ".3f", "last": ".3f", "megabytes": ".0f"}


class Process(NamedTuple):
    """What one finished process took, and what it printed."""

    seconds: float
    megabytes: float  # peak resident memory, pages of memory-mapped files included
    output: str


class Training(NamedTuple):
    """One training, ours or the guide's."""

    seconds: float
    megabytes: float
    best: float
    last: float
    work: dict[str, int]  # epochs of each phase, images of each split
    parts: dict[str, float]  # seconds of our parts as metrics.json has them; the guide: none


def run_process(command: Sequence[str], log: Path, seed: int = 0) -> Process:
    """Run a command to its end; if it fails, print the tail of what it said and exit with 1."""
    environment = {**os.environ, "SEED": str(seed)}  # the guide reads it; ours gets the same
    started = time.perf_counter()
    with log.open("wb") as stream:
        process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)  # or Popen would wait for it once more
    output = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode:
        tail = "\n".join(output.splitlines()[-20:])
        sys.exit(f"{tail}\nerror: exit status {process.returncode} of {shlex.join(command)}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes, KiB elsewhere
    return Process(seconds, usage.ru_maxrss * unit / 1e6, output)


def build_tree(dataset: Path, tree: Path) -> dict[str, int]:
    """Link the images of `dataset` into train/ and val/ of `tree`; return how many each got.

    Where there is no validation split, val/ gets the test split. Files that the guide's loader
    would pass over are left out, so that both programs find the same ones.
    """
    splits = {SPLIT_WORDS.get(folder.name.lower()): folder for folder in dataset.iterdir()}
    held_out = splits.get("validation", splits.get("test"))
    if "train" not in splits or held_out is None:
        sys.exit(f"error: {dataset} must hold train/ and val/ or test/")
    counts = {"train": 0, "val": 0}
    for name, source in (("train", splits["train"]), ("val", held_out)):
        for file in source.glob("*/**/*"):
            if file.is_file() and file.suffix.lower() in GUIDE_SUFFIXES:
                link = tree / name / file.relative_to(source)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(file.resolve())
                counts[name] += 1
    return counts


def order_pair(pair: int) -> tuple[str, str]:
    """Return who goes first, so that a machine that slows down favours neither."""
    return ("ours", "guide") if pair % 2 == 0 else ("guide", "ours")


def guide_boundary(row: Backbone, boundary: int) -> int:
    """Return the number of layers of the guide's graph that are our first `boundary` layers.

    Ours is the graph of keras.applications layer by layer, but for EfficientNet B0 to B7: layer 3
    of ours is the `Rescaling` that keras.applications adds for `weights="imagenet"` only, never for
    a file or random weights, which is all that the guide gets here.
    """
    lacks_rescaling = str(row.build).startswith("EfficientNetB")
    return boundary - 1 if lacks_rescaling and boundary > 3 else boundary


def check_equal(ours: dict[str, int], equal: dict[str, int]) -> None:
    """Exit with 1 if we trained for other epochs, or on other numbers of images, than is fair."""
    if ours != equal:
        sys.exit(f"error: times of different work do not compare. Ours: {ours}, not {equal}")


def train_ours(command: Sequence[str], run: Path, seed: int = 0) -> Training:
    """Train by our command into the new run directory `run` and read what is there."""
    places = ["--output", str(run.parent), "--name", run.name]
    command = [*command, "--seed", str(seed), *places]
    process = run_process(command, run.with_suffix(".log"), seed)
    opened = Run.open(run)
    metrics = opened.metrics()
    phases = list(metrics["phases"].values())
    best = max(phase["validation_accuracy"] for phase in phases)
    work = Counter(opened.history_table()["phase"] + read_table(opened.split_file)["split"])
    last = phases[-1]["last_validation_accuracy"]
    return Training(*process[:2], best, last, dict(work), metrics["seconds"])


def train_guide(command: Sequence[str], epochs: int, log: Path, seed: int) -> Training:
    """Train by the guide script; it stops at nothing, so it did the epochs that it was given."""
    process = run_process(command, log, seed)
    found = re.findall(r"^Found (\d+) files belonging to", process.output, re.MULTILINE)
    result = json.loads(re.findall(r"^{.*}$", process.output, re.MULTILINE)[-1])
    train, validation = map(int, found)
    work = {"frozen": epochs, "finetune": epochs, "train": train, "validation": validation}
    best = max(result["acc1_best"], result["acc2_best"])
    return Training(*process[:2], best, result["acc2_last"], work, {})


def format_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a Markdown table whose cells are aligned right."""
    lines = [columns, ["---:"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(map(str, cells)) + " |" for cells in lines)


def print_results(pairs: Sequence[dict[str, Training]]) -> None:
    """Print the table of the pairs and that of our seconds."""
    columns = [f"{who} {measure}" for measure in MEASURES for who in ("ours", "guide")]
    kinds = [kind for kind in MEASURES.values() for _ in ("ours", "guide")]
    rows = {}
    for seed, pair in enumerate(pairs):
        row = [getattr(pair[who], what) for what in MEASURES for who in ("ours", "guide")]
        rows[str(seed)] = [row[1] / row[0], *row]
    numbers = list(zip(*rows.values(), strict=True))
    rows["median"] = [statistics.median(column) for column in numbers]
    rows["mean"] = [statistics.mean(column) for column in numbers]
    cells = [[name, *map(format, row, [".2f", *kinds])] for name, row in rows.items()]
    print(format_table(["seed", "guide / ours seconds", *columns], cells), end="\n\n")
    runs = [{"process": pair["ours"].seconds, **pair["ours"].parts} for pair in pairs]
    means = [f"{statistics.mean(run.get(part, 0.0) for run in runs):.1f}" for part in runs[0]]
    print("Our seconds, means:", format_table(list(runs[0]), [means]), sep="\n\n")


def split_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Divide a command line at `--` into our options and what is passed on."""
    end = words.index("--") if "--" in words else len(words)
    return words[:end], words[end + 1 :]


def parse_options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--guide", type=Path, required=True, help="the guide script")
    parser.add_argument("--dataset", type=Path, required=True, help="holds train/, val/ or test/")
    parser.add_argument("--weights", required=True, help="a file, or none")
    known = [name for name, row in BACKBONES.items() if row.weights_url]  # to keras.applications
    parser.add_argument("--backbone", choices=known, default="mobilenetv3small")
    parser.add_argument("--locked_layers", default="100", help="number of our layers, or a block")
    parser.add_argument("--epochs", type=int, default=10, help="of each phase")
    parser.add_argument("--learning_rate", default="1e-5", help="of the guide's second phase")
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args(words)
    if min(options.epochs, options.pairs) < 1:
        parser.error("--epochs and --pairs must be 1 or more")
    return options


def measure_pairs(options: argparse.Namespace, extra: list[str], folder: Path) -> None:
    """Train in turn and print the tables."""
    row, tree, locked = BACKBONES[options.backbone], folder / "images", options.locked_layers
    locked = find_boundary(options.backbone, row, int(locked) if locked.isdigit() else locked)
    theirs, epochs, weights = guide_boundary(row, locked), options.epochs, options.weights
    images = build_tree(options.dataset, tree)
    guide = [options.guide, tree / "train", tree / "val", row.build, weights, theirs]
    guide += [epochs, epochs, options.learning_rate]
    ours = ["-m", "keras_transfer.train", "--backbone", options.backbone, "--weights", weights]
    ours += ["--dataset", tree, "--frozen.epochs", epochs, "--finetune.epochs", epochs, *EQUAL]
    ours += ["--finetune.locked_layers", locked, *extra]
    pairs: list[dict[str, Training]] = [{} for _ in range(options.pairs)]
    run_process(WARM_UP, folder / "warm_up.log")
    for seed, pair in enumerate(pairs):
        for who in order_pair(seed):
            command = [sys.executable, *map(str, ours if who == "ours" else guide)]
            if who == "ours":
                pair[who] = train_ours(command, folder / f"run{seed}", seed)
            else:
                pair[who] = train_guide(command, epochs, folder / f"guide{seed}.log", seed)
        print(seed, {who: round(one.seconds, 1) for who, one in pair.items()}, file=sys.stderr)
        check_equal(pair["ours"].work, pair["guide"].work)
    print(
        f"{images['train']} training and {images['val']} validation images, {epochs} + {epochs} "
        f"epochs; {options.backbone}, first {locked} layers locked (the guide's: {theirs}).\n"
    )
    print_results(pairs)


def main(words: list[str]) -> None:
    own, extra = split_words(words)
    options = parse_options(own)
    print("   ", shlex.join(["python", "benchmarks/vs_keras_guide.py", *words]), end="\n\n")
    with tempfile.TemporaryDirectory() as folder:
        measure_pairs(options, extra, Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
