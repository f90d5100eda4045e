"""Measure how many labelled sentences a fine-tuned encoder needs to beat counted words.

    python benchmarks/text_labels.py --data ../shared/data/sst2 --counts 200 500 1000 all

The folder holds train.tsv, dev.tsv and test.tsv, lines of label<TAB>text as SST-2 has them. Of the
training sentences as many are drawn as `--counts` says, by each seed anew, each class with its
share in all (a larger draw of the same seed holds the smaller one); dev chooses, test is measured.
TF-IDF with logistic regression and each strategy get the same files, one process each, one after
the other. Prints a Markdown table: the mean over seeds, its 95 % interval for the number of test
sentences (Wilson), the lowest and highest seed, seconds and the largest resident memory, both as
means. With `--results FILE.csv` every finished training is kept there, and not done again.
"""

import argparse
import csv
import shlex
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from keras_transfer.cluster.ray_connection import read_variables
from keras_transfer.compare.engines import train_row
from keras_transfer.config.yaml_files import dump_settings
from keras_transfer.evaluation.metrics import wilson_interval
from keras_transfer.run.run_directory import Run

BASELINE = "tfidf"
STRATEGIES = ("feature_extraction", "two_phase", "full", "gradual")
SPLITS = {"train": "train", "dev": "validation", "test": "test"}  # file -> split
ALL = "all"
ENDS = ("seconds", "megabytes")  # shown as means
Sentence = tuple[str, str]  # label, text


@dataclass(frozen=True)
class Measured:
    """What came of one training."""

    labels: str
    method: str
    seed: int
    accuracy: float
    images: int
    seconds: float
    megabytes: float

    @property
    def key(self) -> tuple[str, str, int]:
        """What no other training has."""
        return self.labels, self.method, self.seed


def read_sentences(file: Path) -> list[Sentence]:
    """Return the lines of a file."""
    pairs = (line.partition("\t") for line in file.read_text("utf-8").splitlines() if line)
    return [(label, text) for label, _, text in pairs]


def draw(sentences: Sequence[Sentence], count: int, seed: int) -> list[Sentence]:
    """Return `count` sentences, each class with its share, in the order of the file.

    Of the same seed more of them hold those of fewer.
    """
    random = np.random.default_rng(seed)
    labels = np.array([label for label, _ in sentences])
    places = np.empty(len(labels))  # in its class, as a share of it, in a random order
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        places[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return [sentences[row] for row in np.sort(np.argsort(places, kind="stable")[:count])]


def write_set(folder: Path, count: str, seed: int, file: Path) -> None:
    """Write the table that all methods get."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "label", "split"))
        for name, split in SPLITS.items():
            found = read_sentences(folder / f"{name}.tsv")
            if split == "train" and count != ALL:
                found = draw(found, int(count), seed)
            writer.writerows((text, label, split) for label, text in found)


def measure(
    table: Path, count: str, method: str, seed: int, options: argparse.Namespace
) -> Measured:
    """Train once, in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        settings = {"dataset": str(table), "output": place, "name": "run", "seed": seed}
        settings |= {"backbone": options.backbone, "weights": options.weights, "report": "off"}
        module = "keras_transfer.compare.baseline"
        if method != BASELINE:
            module, settings = "keras_transfer.train", settings | {"strategy": method}
        file, log = Path(place, "settings.yaml"), Path(place, "log.txt")
        file.write_text(dump_settings(settings), "utf-8")
        ending = train_row(["-m", module, "--config", str(file)], log, read_variables())
        run = Run(Path(place, "run"))
        if ending.code:
            raise SystemExit(f"{method} with {count} labels failed:\n{log.read_text()[-2000:]}")
        metrics = run.metrics()
    test = metrics["splits"]["test"]
    seconds, peak = metrics["seconds"]["total"], ending.peak_memory_mb or float("nan")
    return Measured(count, method, seed, test["accuracy"], test["images"], seconds, peak)


def measure_all(options: argparse.Namespace) -> Iterator[Measured]:
    """Yield every training, those of earlier calls first."""
    done = read_results(options.results)
    yield from done.values()
    for count in options.counts:
        for seed in options.seeds:
            with tempfile.TemporaryDirectory() as place:
                table = Path(place, "sentences.csv")
                write_set(options.data, count, seed, table)
                for method in (BASELINE, *options.strategies):
                    # counted words have no seed: of all sentences there is one answer
                    again = method == BASELINE and count == ALL and seed != options.seeds[0]
                    if (count, method, seed) in done or again:
                        continue
                    found = measure(table, count, method, seed, options)
                    print(found, file=sys.stderr, flush=True)
                    keep(found, options.results)
                    yield found


def read_results(file: Path | None) -> dict[tuple[str, str, int], Measured]:
    """Return what earlier calls measured."""
    if file is None or not file.exists():
        return {}
    with file.open(newline="", encoding="utf-8") as stream:
        rows = [
            Measured(**{each.name: each.type(row[each.name]) for each in fields(Measured)})
            for row in csv.DictReader(stream)
        ]
    return {row.key: row for row in rows}


def keep(found: Measured, file: Path | None) -> None:
    """Append a training to the file."""
    if file is None:
        return
    is_new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [each.name for each in fields(Measured)])
        if is_new:
            writer.writeheader()
        writer.writerow(asdict(found))


def draw_rows(found: Sequence[Measured]) -> Iterator[str]:
    """Yield the lines of the table, in the order in which they were measured."""
    yield "| labels | method | test accuracy | 95 % interval | of seeds | seconds | MB |"
    yield "| ---: | --- | ---: | --- | --- | ---: | ---: |"
    groups: dict[tuple[str, str], list[Measured]] = {}
    for each in found:
        groups.setdefault((each.labels, each.method), []).append(each)
    for (labels, method), rows in groups.items():
        shares, size = [row.accuracy for row in rows], rows[0].images
        mean = float(np.mean(shares))
        low, high = wilson_interval(mean * size, size)
        span = f"{min(shares):.3f}-{max(shares):.3f}" if len(shares) > 1 else ""
        seconds, memory = (np.mean([getattr(row, name) for row in rows]) for name in ENDS)
        cells = f"{mean:.3f}", f"{low:.3f}-{high:.3f}", span, f"{seconds:.1f}", f"{memory:,.0f}"
        yield f"| {labels} | {method} | {' | '.join(cells)} |"


def parse_options(words: list[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--backbone", default="minilm", help="a name, or hub:FOLDER")
    parser.add_argument("--weights", default="auto")
    parser.add_argument("--counts", nargs="+", default=["200", "500", "1000", ALL])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--strategies", nargs="*", default=list(STRATEGIES))
    parser.add_argument("--results", type=Path, metavar="FILE.csv")
    return parser.parse_args(words)


def main(words: list[str]) -> None:
    """Print the table."""
    options = parse_options(words)
    print("   ", shlex.join(["python", "benchmarks/text_labels.py", *words]), end="\n\n")
    print("\n".join(draw_rows([*measure_all(options)])))


if __name__ == "__main__":
    main(sys.argv[1:])
