"""Measure how time and memory of a whole training grow with the number of images.

    python benchmarks/scaling.py --weights FILE|none

Draws photographs of nothing (two classes, 500 x 375 pixels, JPEG), trains on more and more of them,
each time in a fresh process, and once more on the most with all activations on disk. What follows
`--` is added to our command. Printed are a Markdown table of seconds (whole process, then what
metrics.json says of the parts) and peak memory, the slope of log seconds over log images (1: twice
the images take twice the time), and disk against memory. TMPDIR chooses the disk.
"""

import argparse
import os
import shlex
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from vs_keras_guide import (
    WARM_UP,
    Training,
    check_equal,
    format_table,
    run_process,
    split_words,
    train_ours,
)

START_UP = ("start", "model", "statistics")  # take as long for a hundred images as for a million
WIDTH, HEIGHT = 500, 375
CLASS_NAMES = ("coarse", "fine")  # by the smallest structures beside the grain
ON_DISK = ["--cache.memory_gb", "0"]


def draw_image(index: int) -> Image.Image:
    """Draw image `index`: smooth random fields of several scales, and grain as of a sensor."""
    random = np.random.default_rng(index)
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    finest = 5 + index % 2
    for octave in range(1, finest + 1):
        grid = random.integers(0, 256, (3 * 2**octave // 4 + 1, 2**octave, 3), dtype=np.uint8)
        field = Image.fromarray(grid).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
        weight = 1.0 if octave == finest else 2.0 / octave
        pixels += weight * (np.asarray(field, np.float32) - 127.5)
    grain = random.integers(-16, 17, (HEIGHT, WIDTH, 1), dtype=np.int8)
    return Image.fromarray((127.5 + 0.3 * pixels + grain).clip(0, 255).astype(np.uint8))


def draw_images(count: int, folder: Path) -> None:
    """Write images 0 to `count` - 1 as JPEG files of quality 90."""
    folder.mkdir()

    def draw(index: int) -> None:
        draw_image(index).save(folder / f"{index:06}.jpg", quality=90)

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(draw, range(count)))


def link_subset(images: Path, count: int, tree: Path) -> Counter[str]:
    """Link the first `count` images into train/ and val/, 4 to 1; return how many each got.

    Classes alternate, and of every five pairs one is for validation, so that a smaller set is part
    of a larger one and all are balanced.
    """
    splits: Counter[str] = Counter()
    for index in range(count):
        split = "val" if index // 2 % 5 == 0 else "train"
        name = f"{index:06}.jpg"
        link = tree / split / CLASS_NAMES[index % 2] / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(images / name)
        splits[split] += 1
    return splits


def seconds_without_start(parts: Mapping[str, float]) -> float:
    """Return what our program took but for the parts of the start."""
    return parts["total"] - sum(parts.get(part, 0.0) for part in START_UP)


def fit_slope(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Return the slope of log seconds over log images by least squares."""
    x = np.log(sizes) - np.log(sizes).mean()
    return float(x @ np.log(seconds) / (x @ x))


def measure(command: Sequence[str], images: Path, count: int, run: Path, epochs: int) -> Training:
    """Train on the first `count` images and check that each was used in every epoch."""
    tree = run.with_name(f"{run.name}-images")
    splits = link_subset(images, count, tree)
    found = train_ours([*command, "--dataset", str(tree)], run)
    work = {"frozen": epochs, "finetune": epochs}
    print(f"{count} images: {found.seconds:.1f} s", file=sys.stderr)
    check_equal(found.work, {**work, "train": splits["train"], "validation": splits["val"]})
    return found


def print_results(sizes: Sequence[int], found: Sequence[Training]) -> None:
    """Print the table, the two slopes, and disk against memory; the last training is on disk."""
    names = [str(size) for size in sizes] + [f"{sizes[-1]}, on disk"]
    parts = list(dict.fromkeys(part for one in found for part in one.parts))
    rows = []
    for name, one in zip(names, found, strict=True):
        seconds = [one.seconds, *(one.parts.get(part, 0.0) for part in parts)]
        rows.append([name, f"{one.megabytes:.0f}", *(f"{cell:.1f}" for cell in seconds)])
    print(format_table(["images", "peak MB", "process", *parts], rows), end="\n\n")
    *in_memory, on_disk = found
    if len(sizes) > 1:
        whole = fit_slope(sizes, [one.seconds for one in in_memory])
        rest = fit_slope(sizes, [seconds_without_start(one.parts) for one in in_memory])
        print(f"Slope of log seconds over log images: {whole:.2f}; without the start {rest:.2f}.")
    if "cache" not in parts:
        print("No activations were kept (more --epochs?), so there is no disk to compare.")
        return
    ratio = on_disk.seconds / in_memory[-1].seconds
    print(f"Seconds on disk / in memory at {sizes[-1]} images: {ratio:.2f}.")


def parse_options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 2000, 4000, 8000])
    parser.add_argument("--weights", default="none", help="a file, or none")
    parser.add_argument("--backbone", default="mobilenetv3small")
    parser.add_argument("--epochs", type=int, default=2, help="of each phase")
    options = parser.parse_args(words)
    options.sizes = sorted(set(options.sizes))
    if options.sizes[0] < 10 or options.epochs < 1:
        parser.error("--sizes must be 10 or more, --epochs 1 or more")
    return options


def main(words: list[str]) -> None:
    own, extra = split_words(words)
    options = parse_options(own)
    print("   ", shlex.join(["python", "benchmarks/scaling.py", *words]), end="\n\n")
    command = [sys.executable, "-m", "keras_transfer.train", "--backbone", options.backbone]
    command += ["--weights", options.weights, "--finetune.locked_layers", "100"]
    command += ["--frozen.epochs", str(options.epochs), "--finetune.epochs", str(options.epochs)]
    command += ["--optimizer.patience", "0", *extra]
    sizes, found = options.sizes, []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        draw_images(sizes[-1], folder / "images")
        run_process(WARM_UP, folder / "warm_up.log")
        for size in sizes:
            run = folder / f"run{size}"
            found.append(measure(command, folder / "images", size, run, options.epochs))
        run = folder / "run-on-disk"
        command += ON_DISK
        found.append(measure(command, folder / "images", sizes[-1], run, options.epochs))
    print_results(sizes, found)


if __name__ == "__main__":
    main(sys.argv[1:])
