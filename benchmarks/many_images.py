"""Measure what the verbs take of 10,000 to 200,000 small images: as files, in tar shards, by Ray.

    python benchmarks/many_images.py --weights FILE --sizes 10000 50000 200000

Draws JPEGs of 64 pixels, two classes, no two alike; then `check` looks at them, `train` fits a head
on a frozen backbone, and `predict` and `embed` answer for all, each in a process of its own with an
empty cache of its own. All sizes are done with files; the largest of `--compare` (the smallest size
by default) also in tar shards of 10,000, and by two workers of a local Ray cluster. Printed are
Markdown tables: seconds and peak memory of the command's own process (workers have theirs), the
slope of log seconds over log images, bytes on the disk, and the seconds against those of files.
"""

import argparse
import io
import multiprocessing
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scaling import fit_slope
from vs_keras_guide import Process, format_table, run_process

CLASSES = ("dark", "light")
SIDE, SHARD = 64, 10_000
RAY = ("--engine", "ray", "--workers", "2")
VERBS = ("check", "train", "predict", "embed")


def draw_image(index: int) -> bytes:
    """Return a JPEG of smooth colours; odd ones are lighter."""
    random = np.random.default_rng(index)
    coarse = random.integers(64 * (index % 2), 192 + 64 * (index % 2), (8, 8, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize((SIDE, SIDE)).save(stream, "JPEG")
    return stream.getvalue()


def write_files(folder: Path, count: int) -> None:
    """Write class folders."""
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    with multiprocessing.Pool() as pool:
        for index, content in enumerate(pool.imap(draw_image, range(count), chunksize=256)):
            (folder / CLASSES[index % 2] / f"{index:07}.jpg").write_bytes(content)


def write_shards(folder: Path, files: Path, count: int) -> None:
    """Write files again as WebDataset does: `KEY.jpg` beside `KEY.cls`."""
    folder.mkdir()
    for shard in range(-(-count // SHARD)):
        with tarfile.open(folder / f"images-{shard:06}.tar", "w") as tar:
            for index in range(shard * SHARD, min(count, (shard + 1) * SHARD)):
                name = CLASSES[index % 2]
                image = (files / name / f"{index:07}.jpg").read_bytes()
                for suffix, content in (("jpg", image), ("cls", name.encode())):
                    member = tarfile.TarInfo(f"{index:07}.{suffix}")
                    member.size = len(content)
                    tar.addfile(member, io.BytesIO(content))


def count_bytes(folder: Path) -> int:
    """Return what a folder takes on the disk."""
    return sum(
        os.lstat(Path(place) / name).st_blocks * 512
        for place, _, names in os.walk(folder)
        for name in names
    )


def measure(source: Path, place: Path, weights: str, more: Sequence[str]) -> dict[str, Process]:
    """Run each verb on a data set, and return what it took."""
    place.mkdir()
    run, found = place / "run", {}
    words = {
        "check": [str(source)],
        "train": ["--dataset", str(source), "--backbone", "mobilenetv3small", "--weights", weights],
        "predict": [str(run), str(source), "--output", str(place / "found.csv"), "--quiet"],
        "embed": [str(run), str(source), "--output", str(place / "vectors.npz")],
    }
    words["train"] += ["--strategy", "feature_extraction", "--epochs", "2", "--report", "off"]
    words["train"] += ["--image_size", str(SIDE), "--output", str(place), "--name", "run"]
    for verb in VERBS:
        os.environ["KERAS_TRANSFER_CACHE"] = str(place / f"cache-{verb}")
        command = [sys.executable, "-m", f"keras_transfer.{verb}", *words[verb], *more]
        found[verb] = run_process(command, place / f"{verb}.log")
        said = f"{verb}: {found[verb].seconds:.0f} s, {found[verb].megabytes:,.0f} MB"
        print(f"{place.name} {said}", file=sys.stderr, flush=True)
    print(f"{place.name} caches: {count_bytes(place) / 1e6:,.0f} MB", file=sys.stderr, flush=True)
    shutil.rmtree(place)
    return found


def print_sizes(sizes: Sequence[int], found: Sequence[dict[str, Process]]) -> None:
    """Print a row for each verb: seconds and memory by size, and the slope."""
    rows = []
    for verb in VERBS:
        seconds = [each[verb].seconds for each in found]
        cells = [f"{each[verb].seconds:.0f} s, {each[verb].megabytes:,.0f} MB" for each in found]
        slope = f"{fit_slope(sizes, seconds):.2f}" if len(sizes) > 1 else ""
        rest = [later - seconds[0] for later in seconds[1:]]
        each_ms = f"{1e3 * rest[-1] / (sizes[-1] - sizes[0]):.2f}" if rest else ""
        rows.append([verb, *cells, slope, each_ms])
    columns = ["verb", *(f"{size:,} images" for size in sizes), "slope", "ms an image more"]
    print(format_table(columns, rows), end="\n\n", flush=True)


def print_ways(count: int, found: dict[str, dict[str, Process]]) -> None:
    """Print a row for each verb: seconds and memory of each way, and the ratio to files."""
    rows = []
    for verb in VERBS:
        files = found["files"][verb].seconds
        cells = [f"{w[verb].seconds:.0f} s, {w[verb].megabytes:,.0f} MB" for w in found.values()]
        ratios = [f"{way[verb].seconds / files:.2f}" for way in [*found.values()][1:]]
        rows.append([verb, *cells, *ratios])
    ratios = [f"{name} / files" for name in [*found][1:]]
    print(format_table([f"of {count:,} images", *found, *ratios], rows), flush=True)


def main(words: list[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 50_000, 200_000])
    parser.add_argument("--compare", type=int, help="images to compare ways with")
    parser.add_argument("--ways", nargs="*", default=["tar", "ray"], choices=["tar", "ray"])
    parser.add_argument("--weights", default="none", help="a file, or none")
    options = parser.parse_args(words)
    sizes = sorted(options.sizes)
    count = options.compare or sizes[0]
    with tempfile.TemporaryDirectory() as place:
        folder, found = Path(place).resolve(), {}
        for size in sorted({*sizes, count}):
            write_files(folder / f"{size}", size)
            print(f"{size} files: {count_bytes(folder / f'{size}') / 1e6:,.0f} MB", flush=True)
            found[size] = measure(folder / f"{size}", folder / f"{size}-files", options.weights, ())
        print_sizes(sizes, [found[size] for size in sizes])
        ways = {"files": found[count]}
        if "tar" in options.ways:
            write_shards(folder / "shards", folder / f"{count}", count)
            print(f"{count} in shards: {count_bytes(folder / 'shards') / 1e6:,.0f} MB", flush=True)
            ways["tar"] = measure(folder / "shards", folder / "tar", options.weights, ())
        if "ray" in options.ways:
            ways["ray"] = measure(folder / f"{count}", folder / "ray", options.weights, RAY)
        print_ways(count, ways)


if __name__ == "__main__":
    main(sys.argv[1:])
