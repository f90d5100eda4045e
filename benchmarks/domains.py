"""Train on one domain for another, by every `--adapt.method`, and measure both.

    python benchmarks/domains.py --results FILE.jsonl --digits FOLDER \
        [--photographs FOLDER --weights FILE.h5] [--only NAME …] [--seeds 0 1 2]

FOLDER of --digits holds mnist and mnist_m, each with train/ and test/: danndigits learns from the
first and is for the second. FOLDER of --photographs is a data set with train/ and test/, whose
images become those of three other domains (DOMAINS): mobilenetv3small learns from the photographs
as they are. Labels of the target choose nothing: its test/ measures only, and so does that of the
source.

Each training is a fresh process, and a line of the file of results, so that a benchmark that was
stopped goes on with the same command; the made images lie beside it, in FILE.sets. Printed is a
Markdown table with a row for each pair of domains and method. With neither FOLDER it only prints.
"""

import argparse
import json
import shlex
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from defaults import SEEDS
from eight_bits import run_verb
from PIL import Image, ImageFilter, ImageOps

SIDE = 288  # pixels of the long side of a made image; networks take 224

METHODS: Mapping[str, str] = {
    name: f"--adapt.method {name}" for name in ("none", "align", "adabn", "mmd", "coral", "dann")
}
DIGITS = "--backbone danndigits --augment.preset none --head.hidden 100 --epochs 40"
RECOLOUR = " --augment.recolour 1"
DIGIT_METHODS: Mapping[str, str] = {
    **METHODS,
    "recolour": METHODS["none"] + RECOLOUR,
    "recolour, adabn": METHODS["adabn"] + RECOLOUR,
}
DOMAINS: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "edges": lambda image: ImageOps.invert(image.convert("L").filter(ImageFilter.FIND_EDGES)),
    "posterised": lambda image: ImageOps.posterize(image, 2),
    "inverted": ImageOps.invert,
}


class Pair(NamedTuple):
    """A source, a target, what both are called, and how is trained."""

    name: str
    source: Path
    target: Path
    words: Sequence[str]
    methods: Mapping[str, str]


def change_images(source: Path, change: Callable[[Image.Image], Image.Image], tree: Path) -> None:
    """Write every image of a data set as that of another domain, in the same folders.

    Args:
        source: Holds train/ and test/.
        change: From RGB to any mode.
        tree: Made; a finished one is left as it is.
    """
    if tree.is_dir():
        return
    unfinished = tree.with_name(f".{tree.name}")
    for file in sorted(source.glob("*/*/*")):
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
        image.thumbnail((SIDE, SIDE))
        made = (unfinished / file.relative_to(source)).with_suffix(".png")
        made.parent.mkdir(parents=True, exist_ok=True)
        change(image).convert("RGB").save(made)
    unfinished.rename(tree)


def list_pairs(options: argparse.Namespace) -> Iterator[Pair]:
    """Yield the pairs of domains; images of theirs are made where they are missing."""
    if options.digits:
        source, target = options.digits / "mnist", options.digits / "mnist_m"
        yield Pair("MNIST to MNIST-M", source, target, shlex.split(DIGITS), DIGIT_METHODS)
    if options.photographs:
        words = ["--backbone", "mobilenetv3small", "--weights", str(options.weights)]
        for name, change in DOMAINS.items():
            tree = options.results.with_suffix(".sets").absolute() / name
            change_images(options.photographs, change, tree)
            named = f"photographs to {name}"
            yield Pair(named, options.photographs, tree, words, METHODS)


def measure(pair: Pair, method: str, seed: int) -> dict[str, Any]:
    """Train once.

    Returns:
        Accuracy on the target and on test images of the source, in [0, 1], and seconds.
    """
    words = [*pair.words, *shlex.split(pair.methods[method])]
    with tempfile.TemporaryDirectory() as folder:
        run_verb("train", *words, "--dataset", pair.source, "--adapt.target", pair.target,
                 "--seed", seed, "--output", folder, "--name", "run", "--report", "off",
                 "--quiet")  # fmt: skip
        metrics = json.loads((Path(folder) / "run/metrics.json").read_text())
    return {
        "target": metrics["splits"]["target"]["accuracy"],
        "source": metrics["splits"]["test"]["accuracy"],
        "seconds": metrics["seconds"]["total"],
    }


def print_table(records: Sequence[Mapping[str, Any]]) -> None:
    """Print a row for each pair of domains and method; seeds are in order."""
    print("| domains | method | on the target | by seed | on the source | seconds |")
    print("|---|---|---|---|---|---|")
    for key in dict.fromkeys((each["pair"], each["method"]) for each in records):
        rows = [each for each in records if (each["pair"], each["method"]) == key]
        rows.sort(key=lambda each: each["seed"])
        mean = {
            name: statistics.mean(each[name] for each in rows)
            for name in ("target", "source", "seconds")
        }
        seeds = ", ".join(_say(each["target"]) for each in rows)
        cells = [_say(mean["target"]), seeds, _say(mean["source"]), f"{mean['seconds']:.0f}"]
        print("|", " | ".join([*key, *cells]), "|")


def _say(share: float) -> str:
    return f"{share:.3f}".removeprefix("0")


def parse_options(words: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    help_results = "gets a line a training; made images lie beside it, in FILE.sets"
    parser.add_argument(
        "--results", type=Path, required=True, metavar="FILE.jsonl", help=help_results
    )
    parser.add_argument("--digits", type=Path, metavar="FOLDER", help="holds mnist and mnist_m")
    parser.add_argument(
        "--photographs", type=Path, metavar="FOLDER", help="holds train/ and test/; needs --weights"
    )
    parser.add_argument("--weights", type=Path, metavar="FILE.h5", help="of mobilenetv3small")
    parser.add_argument("--only", nargs="+", metavar="NAME", help=f"of: {', '.join(DIGIT_METHODS)}")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    options = parser.parse_args(words)
    if options.photographs and not options.weights:
        parser.error("--photographs needs --weights FILE.h5, of mobilenetv3small.")
    if unknown := [name for name in options.only or () if name not in DIGIT_METHODS]:
        parser.error(f"--only must name methods. Received: {unknown[0]}.")
    return options


def main(words: list[str]) -> None:
    """Train what the file of results lacks, then print the table."""
    options = parse_options(words)
    lines = options.results.read_text().splitlines() if options.results.exists() else []
    records = [json.loads(line) for line in lines]
    done = {(each["pair"], each["method"], each["seed"]) for each in records}
    for pair in list_pairs(options):
        for method in pair.methods:
            for seed in options.seeds:
                job = (pair.name, method, seed)
                if job in done or (options.only and method not in options.only):
                    continue
                found = measure(pair, method, seed)
                records.append({"pair": pair.name, "method": method, "seed": seed} | found)
                with options.results.open("a", encoding="utf-8") as stream:
                    print(json.dumps(records[-1]), file=stream)
                print(json.dumps(records[-1]), file=sys.stderr)
    print_table(records)


if __name__ == "__main__":
    main(sys.argv[1:])
