"""Measure `predict` over many images: speed against a bare loop, and memory as they grow.

    python benchmarks/predict_stream.py MODEL --counts 1000 10000

Draws JPEGs of 500 x 375 pixels and classifies the first of them with `python -m
keras_transfer.predict MODEL FOLDER --output FILE`, and with the loop that one writes by hand around
a run's model.keras: open 32 images with Pillow, cut the central square, resize, `predict_on_batch`.
Each is a fresh process. Printed is a Markdown table of seconds and peak memory of the processes,
and of images per second beyond the first count, which starting up is no part of. Other models, such
as exports, are measured with `--others`.

A second table says what limits them: decoding alone and the network alone, in its own runtime, each
with all cores to itself; our share of the slower of the two; and our share of what can be reached
where both need all cores, one after the other.
"""

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path

from scaling import draw_images
from vs_keras_guide import format_table, run_process

BATCH = 32


def classify_by_hand(run: str, folder: str) -> None:
    """Classify every image of a folder, as one would without this package."""
    import keras
    import numpy as np
    from PIL import Image, ImageOps

    model = keras.models.load_model(Path(run, "model.keras"))
    size = model.input_shape[1]
    files = sorted(Path(folder).iterdir())
    answers = []
    for start in range(0, len(files), BATCH):
        photos = [
            ImageOps.fit(Image.open(file).convert("RGB"), (size, size), Image.Resampling.BILINEAR)
            for file in files[start : start + BATCH]
        ]
        answers.append(model.predict_on_batch(np.array(photos, "float32")))
    print(len(np.concatenate(answers)))


def measure_alone(model: str, folder: str) -> None:
    """Print images per second of decoding a folder, and of a model on one batch of them."""
    from keras_transfer.exports.loaders import load_artefact
    from keras_transfer.images.prediction_inputs import stream_pixels
    from keras_transfer.system.load_tensorflow import import_tensorflow

    import_tensorflow()
    artefact = load_artefact(model)
    usage = artefact.usage
    files = [str(file) for file in sorted(Path(folder).iterdir())]
    batches = stream_pixels(files, artefact.image_size, usage.preparation, BATCH)
    pixels, _ = next(batches)  # traces
    started = time.perf_counter()
    for _ in batches:
        pass
    decoding = (len(files) - BATCH) / (time.perf_counter() - started)
    calls = math.ceil(len(files) / BATCH)
    artefact.classify(pixels)
    started = time.perf_counter()
    for _ in range(calls):
        artefact.classify(pixels)
    print(decoding, calls * len(pixels) / (time.perf_counter() - started))


def list_limits(name: str, rate: float, decoding: float, network: float) -> list[str]:
    """Return the row of the second table; all are images per second."""
    both = 1 / (1 / decoding + 1 / network)
    shares = rate / min(decoding, network), rate / both
    return [name, f"{decoding:.0f}", f"{network:.0f}", *(f"{share:.2f}" for share in shares)]


def measure(name: str, words: list[str], folders: list[Path], log: Path) -> list[str]:
    """Return the row of the table for one program, which gets a folder as its last word."""
    found = [run_process([sys.executable, *words, str(folder)], log) for folder in folders]
    counts = [len(list(folder.iterdir())) for folder in folders]
    rate = (counts[-1] - counts[0]) / (found[-1].seconds - found[0].seconds)
    seconds = [f"{process.seconds:.1f}" for process in found]
    return [name, *seconds, f"{rate:.0f}", *(f"{process.megabytes:.0f}" for process in found)]


def main(words: list[str]) -> None:
    """Print the table."""
    if words[:1] == ["--by_hand"]:
        classify_by_hand(*words[1:])
        return
    if words[:1] == ["--alone"]:
        measure_alone(*words[1:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("run", metavar="RUN", help="a finished run directory")
    parser.add_argument("--others", nargs="*", default=[], metavar="MODEL")
    parser.add_argument("--counts", nargs=2, type=int, default=[1000, 10000], metavar="N")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place, str(count)) for count in options.counts]
        for folder, count in zip(folders, options.counts, strict=True):
            draw_images(count, folder)
        log = Path(place, "log")
        rows = [measure("by hand", [__file__, "--by_hand", options.run], folders, log)]
        limits = []
        for model in (options.run, *options.others):
            ours = ["-m", "keras_transfer.predict", "--output", f"{place}/found.csv", model]
            rows.append(measure(Path(model).name, ours, folders, log))
            alone = [sys.executable, __file__, "--alone", model, str(folders[0])]
            found = map(float, run_process(alone, log).output.split()[-2:])
            limits.append(list_limits(Path(model).name, float(rows[-1][3]), *found))
    columns = [f"{unit}, {count:,}" for unit in ("s", "peak MB") for count in options.counts]
    print(format_table(["model", *columns[:2], "images/s", *columns[2:]], rows), end="\n\n")
    columns = ["decoding alone", "network alone", "of the slower", "of both in turn"]
    print(format_table(["model", *columns], limits))


if __name__ == "__main__":
    main(sys.argv[1:])
