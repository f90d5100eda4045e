"""Measure the data doctor on generated sets of different size.

    python benchmarks/doctor.py --sets 400x500x375.jpg 20000x500x375.jpg 100000x32x32.png

Each set has two classes and no duplicates. Printed is a Markdown table: seconds of `check`'s work
(listing, inspection, search for duplicates, report) the first time and again, files per second of
the first time, the peak memory of that process, and the seconds that loading every image with
Pillow alone takes in as many threads, which is what fastai's `verify_images` does.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

PATTERN = re.compile(r"(\d+)x(\d+)x(\d+)\.(jpg|png)")


def draw_set(folder: Path, count: int, size: tuple[int, int], suffix: str) -> None:
    """Draw clouds of colours with some grain, which no two images share."""

    def draw(index: int) -> None:
        random = np.random.default_rng(index)
        few = random.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        image = np.asarray(Image.fromarray(few).resize(size, Image.Resampling.BICUBIC), np.int16)
        grain = random.integers(-12, 13, (*size[::-1], 1), dtype=np.int16)
        pixels = np.clip(image + grain, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "ab"[index % 2] / f"{index:06}.{suffix}")

    for name in "ab":
        (folder / name).mkdir()
    with ThreadPoolExecutor() as threads:
        list(threads.map(draw, range(count)))


def check(folder: str) -> None:
    """Print seconds and peak memory of one check as JSON."""
    from keras_transfer.check import check_dataset

    start = time.perf_counter()
    report = check_dataset(folder)
    seconds = time.perf_counter() - start
    if report["unusable"] or report["duplicates"]:
        raise SystemExit("the generated images must be good and different")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak": peak}))


def load_all(folder: str) -> None:
    """Print the seconds that Pillow alone takes."""

    def load(file: Path) -> None:
        with Image.open(file) as image:
            image.load()

    start = time.perf_counter()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        list(threads.map(load, sorted(Path(folder).glob("*/*"))))
    print(json.dumps({"seconds": time.perf_counter() - start}))


def call(work: str, folder: Path) -> dict[str, float]:
    """Do work in a process of its own and return what it measured."""
    command = [sys.executable, __file__, f"--{work}", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def measure(name: str) -> str:
    """Return the row of the table for one set."""
    count, width, height = map(int, PATTERN.fullmatch(name).groups()[:3])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "set")
        folder.mkdir()
        draw_set(folder, count, (width, height), name.rpartition(".")[2])
        time.sleep(3)  # files of the last two seconds are not remembered
        os.environ["KERAS_TRANSFER_CACHE"] = place
        pillow, first, again = (call(work, folder) for work in ("load", "check", "check"))
    seconds = first["seconds"]
    return (
        f"| {count:,} of {width}x{height} {name[-3:]} | {seconds:.1f} | {count / seconds:.0f} | "
        f"{again['seconds']:.2f} | {first['peak'] / 1e6:.0f} MB | {pillow['seconds']:.1f} | "
        f"{seconds / pillow['seconds']:.2f} |"
    )


def main(words: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--sets", nargs="+", default=["400x500x375.jpg"], metavar="NxWxH.jpg|png")
    parser.add_argument("--check", help=argparse.SUPPRESS)
    parser.add_argument("--load", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.check or options.load:
        check(options.check) if options.check else load_all(options.load)
        return
    print("| files | seconds | files/s | again | peak memory | Pillow alone | ratio |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in options.sets:
        print(measure(name), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
