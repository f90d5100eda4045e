"""Train backbones with default settings, export them in 8 bits, and ask both about test images.

    python benchmarks/eight_bits.py --data FOLDER --results FILE.jsonl \
        --weights efficientnetlite0=FILE.h5 mobilenetv3small=FILE.h5 mobilenetv2=FILE.h5

The sets and their test images are those of `defaults.py`: they choose nothing. Each training and
each export is a fresh process, as users run them; seconds are those that metrics.json states, from
the first line to the last. Each line of the file of results is one training, so that a benchmark
that was stopped goes on with the same command. Printed is a Markdown table: means over the seeds,
with the least and the most in brackets.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from defaults import SEEDS, link_set

SETS = ("hymenoptera", "pizza_steak_sushi", "flowers5", "rsscn7")
INT8 = "exports/model.int8.tflite"
MEASURED = ("accuracy", "seconds", "eight_bits", "agreement")


def run_verb(verb: str, *words: object) -> str:
    """Run a command of the program; return what it printed."""
    command = [sys.executable, "-m", f"keras_transfer.{verb}", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout[-500:]}{done.stderr[-1500:]}")
    return done.stdout


def measure(backbone: str, weights: str, tree: Path, seed: int, folder: Path) -> dict[str, Any]:
    """Train, export and predict once.

    Returns:
        Seconds of the training; the accuracy of the model and of its 8-bit file on the test images,
        and the share of them that both put into the same class, all in [0, 1].
    """
    run_verb("train", "--backbone", backbone, "--weights", weights, "--dataset", tree,
             "--seed", seed, "--output", folder, "--name", "run", "--quiet")  # fmt: skip
    run = folder / "run"
    # What breaks the limits of an export, on validation images, is measured all the same.
    words = ["--formats", "tflite", "--tflite", "int8", "--quiet"]
    command = [sys.executable, "-m", "keras_transfer.export", str(run), *words]
    subprocess.run(command, capture_output=True, check=False)
    file = next(each for each in (run / INT8, Path(f"{run / INT8}.failed")) if each.exists())
    if file.suffix == ".failed":
        file = file.rename(run / INT8)
    own, eight = (predict(model, tree / "test", folder / "found.csv") for model in (run, file))
    truth = own.index.map(lambda path: Path(path).parent.name)
    return {
        "seconds": json.loads((run / "metrics.json").read_text())["seconds"]["total"],
        "accuracy": float((own == truth).mean()),
        "eight_bits": float((eight == truth).mean()),
        "agreement": float((eight == own).mean()),
        "images": len(own),
    }


def predict(model: Path, images: Path, file: Path) -> "pd.Series[str]":
    """Return the class of each image, by its path."""
    file.unlink(missing_ok=True)
    run_verb("predict", model, images, "--output", file, "--quiet", "--trust")
    return pd.read_csv(file, index_col=0)["prediction"].sort_index()


def print_table(records: Sequence[Mapping[str, Any]]) -> None:
    """Print a row for each set and backbone."""
    columns = ["set", "backbone", *MEASURED]
    print("|", " | ".join(columns), "|")
    print("|---" * len(columns) + "|")
    for key in dict.fromkeys((each["set"], each["backbone"]) for each in records):
        found = [each for each in records if (each["set"], each["backbone"]) == key]
        cells = [_say([each[name] for each in found]) for name in MEASURED]
        print("|", " | ".join([*key, *cells]), "|")


def _say(values: Sequence[float]) -> str:
    mean, least, most = statistics.mean(values), min(values), max(values)
    digits = 1 if most > 1 else 3  # seconds, or shares
    return f"{mean:.{digits}f} ({least:.{digits}f} to {most:.{digits}f})"


def main() -> None:
    """Measure what the file of results lacks, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, help=f"holds {', '.join(SETS)}")
    parser.add_argument("--results", type=Path, required=True, help="gets a line a training")
    parser.add_argument("--weights", nargs="+", required=True, metavar="BACKBONE=FILE")
    options = parser.parse_args()
    lines = options.results.read_text().splitlines() if options.results.exists() else []
    records = [json.loads(line) for line in lines]
    done = {(each["set"], each["backbone"], each["seed"]) for each in records}
    for name in SETS:
        tree = options.results.with_suffix(".sets").absolute() / name
        link_set(options.data / name, tree)
        for backbone, weights in (each.split("=", 1) for each in options.weights):
            for seed in SEEDS:
                if (name, backbone, seed) in done:
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    found = measure(backbone, weights, tree, seed, Path(folder))
                records.append({"set": name, "backbone": backbone, "seed": seed} | found)
                with options.results.open("a", encoding="utf-8") as stream:
                    print(json.dumps(records[-1]), file=stream)
                print(json.dumps(records[-1]), file=sys.stderr)
    print_table(records)


if __name__ == "__main__":
    main()
