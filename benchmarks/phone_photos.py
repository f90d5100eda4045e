"""Measure a training on photographs as phones take them: JPEGs of 12 megapixels.

    python benchmarks/phone_photos.py --dataset FOLDER --weights FILE|none

Enlarges photographs of FOLDER (train/, and val/ or test/) to 4032 x 3024, adds grain as of a
sensor, and writes JPEGs of about 2 MB; then trains on them in fresh processes: by this checkout, by
another one (--before FOLDER) and by the script of the Keras guide (--guide FILE). What one file
costs is measured alone, on one core, also as PNG and WebP. What follows `--` is added to our
command. Printed are Markdown tables. TMPDIR chooses the disk; --photos keeps the photographs.
"""

import argparse
import contextlib
import hashlib
import io
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from vs_keras_guide import (
    EQUAL,
    WARM_UP,
    Training,
    build_tree,
    check_equal,
    format_table,
    guide_boundary,
    run_process,
    split_words,
    train_guide,
    train_ours,
)

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.images.decoding.decoding_memory import find_least
from keras_transfer.images.decoding.pillow_decoding import load_image
from keras_transfer.images.doctor.file_facts import inspect_file
from keras_transfer.models.backbones.backbone_table import BACKBONES

SIZE = (4032, 3024)
GRAIN = 5  # levels of standard deviation: with the quality, 2.1 MB a file
QUALITY = 85
TO_CACHE = ("data", "images", "model", "cache")  # parts: from the inspection to the end of cache
SIDE, PREPARATION = 224, Preparation()


def draw_photo(file: Path) -> Image.Image:
    """Return a photograph enlarged and cut to `SIZE`, with grain."""
    with Image.open(file) as image:
        image = image.convert("RGB")
    width, height = image.size
    factor = max(SIZE[0] / width, SIZE[1] / height)
    sides = max(SIZE[0], round(width * factor)), max(SIZE[1], round(height * factor))
    left, top = ((side - kept) // 2 for side, kept in zip(sides, SIZE, strict=True))
    image = image.resize(sides, Image.Resampling.BICUBIC)
    pixels = np.asarray(image.crop((left, top, left + SIZE[0], top + SIZE[1]))).astype(np.int16)
    random = np.random.default_rng(len(file.name))
    grain = GRAIN * random.standard_normal((SIZE[1], SIZE[0], 1), dtype=np.float32)
    pixels += grain.round().astype(np.int16)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def draw_photos(dataset: Path, count: int, folder: Path) -> None:
    """Write `count` photographs, taken evenly out of all of `dataset`, if they are not there."""
    links = folder.with_name(f"{folder.name}-originals")
    build_tree(dataset, links)
    found = sorted(file for file in links.rglob("*") if file.is_file())
    rows = np.linspace(0, len(found) - 1, min(count, len(found))).astype(int)

    def draw(row: int) -> None:
        target = folder / found[row].relative_to(links).with_suffix(".jpg")
        target.parent.mkdir(parents=True, exist_ok=True)
        draw_photo(found[row]).save(target, quality=QUALITY)

    if not folder.exists():
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            list(threads.map(draw, rows))


def time_files(contents: list[bytes], work: Callable[[bytes], object]) -> float:
    """Return the CPU milliseconds that some work takes a file."""
    work(contents[0])
    started = time.process_time()
    for content in contents:
        work(content)
    return 1000 * (time.process_time() - started) / len(contents)


def list_costs(contents: list[bytes]) -> Iterator[tuple[str, float]]:
    """Yield what is done with one file, and its CPU milliseconds."""
    import tensorflow as tf

    from keras_transfer.images.decoding.resizing import resize_square

    least = find_least(SIDE, PREPARATION)

    def decode_gray(content: bytes) -> None:
        with Image.open(io.BytesIO(content)) as image:
            image.draft("L", (image.width // 8, image.height // 8))
            image.load()

    def resize(pixels: np.ndarray) -> Callable[[bytes], object]:
        signature = [tf.TensorSpec((None, None, 3), tf.uint8)]
        resized = tf.function(
            lambda p: resize_square(p, SIDE, PREPARATION), input_signature=signature
        )
        return lambda _: resized(pixels)

    yield "SHA-256", time_files(contents, lambda content: hashlib.sha256(content).digest())
    yield "decode whole", time_files(contents, lambda content: load_image(io.BytesIO(content)))
    yield "decode scaled", time_files(contents, lambda c: load_image(io.BytesIO(c), least))
    yield "gray at 1/8", time_files(contents, decode_gray)
    yield "resize whole", time_files(contents, resize(load_image(io.BytesIO(contents[0]))))
    scaled = load_image(io.BytesIO(contents[0]), least)
    yield "resize scaled", time_files(contents, resize(scaled))


def measure_files(photos: Path, count: int, folder: Path) -> None:
    """Print what a file costs, as JPEG, PNG and WebP."""
    rows = []
    for suffix, options in (("jpeg", {}), ("png", {"compress_level": 1}), ("webp", {"method": 0})):
        contents, files = [], sorted(photos.rglob("*.jpg"))[:count]
        for file in files:
            content = file.read_bytes()
            if suffix != "jpeg":
                with Image.open(file) as image, contextlib.closing(io.BytesIO()) as stream:
                    image.save(stream, suffix, **options)
                    content = stream.getvalue()
            contents.append(content)
        place = folder / f"one.{suffix}"
        place.write_bytes(contents[0])
        costs = dict(list_costs(contents))
        costs["inspect alone"] = time_files(
            contents, lambda _, place=place: inspect_file(str(place))
        )
        size = sum(map(len, contents)) / len(contents) / 1e6
        rows.append([suffix, f"{size:.1f}", *(f"{cost:.1f}" for cost in costs.values())])
    print(format_table(["CPU ms a file", "MB", *costs], rows), end="\n\n")


def print_trainings(found: dict[str, Training]) -> None:
    """Print whole seconds, those from the inspection to the end of the cache, and accuracies."""
    rows, ours = [], found["ours"]
    for name, one in found.items():
        start = sum(one.parts.get(part, 0.0) for part in TO_CACHE)
        spent = sum(ours.parts.get(part, 0.0) for part in TO_CACHE)
        cells = [f"{start:.1f}", f"{start / spent:.2f}"] if one.parts else ["", ""]
        cells += [f"{one.seconds:.1f}", f"{one.seconds / ours.seconds:.2f}"]
        rows.append([name, *cells, f"{one.best:.3f}", f"{one.last:.3f}", f"{one.megabytes:.0f}"])
    columns = ["", "inspection to cache, s", "/ ours", "whole, s", "/ ours", "best", "last", "MB"]
    print(format_table(columns, rows), end="\n\n")
    for name, one in found.items():
        if one.parts:
            cells = [f"{seconds:.1f}" for seconds in one.parts.values()]
            print(format_table([name, *one.parts], [["s", *cells]]), end="\n\n")


def train_all(options: argparse.Namespace, extra: list[str], photos: Path, folder: Path) -> None:
    """Train by each program in turn, cold: no inspection is remembered."""
    epochs, row = options.epochs, BACKBONES[options.backbone]
    # -P: or the package in the working directory would be taken, whatever PYTHONPATH says
    command = [sys.executable, "-P", "-m", "keras_transfer.train", "--backbone", options.backbone]
    command += ["--weights", options.weights, "--dataset", str(photos), *EQUAL]
    command += ["--frozen.epochs", str(epochs), "--finetune.epochs", str(epochs)]
    command += ["--finetune.locked_layers", str(options.locked_layers), *extra]
    checkouts = {"ours": Path(__file__).resolve().parents[1]}
    checkouts |= {"before": options.before.resolve()} if options.before else {}
    found: dict[str, Training] = {}
    run_process(WARM_UP, folder / "warm_up.log")
    for name, checkout in checkouts.items():
        os.environ["PYTHONPATH"] = str(checkout)
        os.environ["KERAS_TRANSFER_CACHE"] = str(folder / f"{name}-cache")
        found[name] = train_ours(command, folder / name)
        print(f"{name}: {found[name].seconds:.1f} s", file=sys.stderr)
    if options.guide:
        guide = [options.guide, photos / "train", photos / "val", row.build, options.weights]
        guide += [guide_boundary(row, options.locked_layers), epochs, epochs, "1e-5"]
        words = [sys.executable, *map(str, guide)]
        found["guide"] = train_guide(words, epochs, folder / "guide.log", 0)
        check_equal(found["ours"].work, found["guide"].work)
    print_trainings(found)


def parse_options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--dataset", type=Path, required=True, help="holds train/, val/ or test/")
    parser.add_argument("--weights", required=True, help="a file, or none")
    parser.add_argument("--count", type=int, default=400, help="photographs, at most")
    parser.add_argument("--photos", type=Path, help="where they are, or are written to stay")
    parser.add_argument("--before", type=Path, help="a checkout to compare with")
    parser.add_argument("--guide", type=Path, help="the guide script")
    parser.add_argument("--backbone", choices=BACKBONES, default="mobilenetv3small")
    parser.add_argument("--locked_layers", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=10, help="of each phase")
    parser.add_argument("--files", type=int, default=20, help="whose costs are measured; 0: none")
    options = parser.parse_args(words)
    if options.epochs < 1 or options.count < 10:
        parser.error("--epochs must be 1 or more, --count 10 or more")
    if options.guide and not BACKBONES[options.backbone].weights_url:
        parser.error("--guide takes a backbone of keras.applications")
    return options


def main(words: list[str]) -> None:
    own, extra = split_words(words)
    options = parse_options(own)
    print("   ", shlex.join(["python", "benchmarks/phone_photos.py", *words]), end="\n\n")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        photos = (options.photos or folder / "photos").resolve()
        draw_photos(options.dataset, options.count, photos)
        sizes = [file.stat().st_size for file in photos.rglob("*.jpg")]
        said, megabytes = f"{SIZE[0]} x {SIZE[1]} pixels", sum(sizes) / 1e6
        print(f"{len(sizes)} photographs of {said}, {megabytes:.0f} MB.\n")
        train_all(options, extra, photos, folder)
        if options.files:
            measure_files(photos, options.files, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
