"""Measure `predict` over many images: speed against a bare loop, and memory as they grow.

    python benchmarks/predict_stream.py MODEL --counts 1000 10000

Draws JPEGs of 500 x 375 pixels and classifies the first of them with `python -m
keras_transfer.predict MODEL FOLDER --output FILE`, and with the loop that one writes by hand around
a run's model.keras: open 32 images with Pillow, cut the central square, resize, `predict_on_batch`.
Each is a fresh process. Printed is a Markdown table of seconds and peak memory of the processes,
and of images per second beyond the first count, which starting up is no part of. Other models, such
as exports, are measured with `--others`.
"""

import argparse
import sys
import tempfile
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
        for model in (options.run, *options.others):
            ours = ["-m", "keras_transfer.predict", "--output", f"{place}/found.csv", model]
            rows.append(measure(Path(model).name, ours, folders, log))
    columns = [f"{unit}, {count:,}" for unit in ("s", "peak MB") for count in options.counts]
    print(format_table(["model", *columns[:2], "images/s", *columns[2:]], rows))


if __name__ == "__main__":
    main(sys.argv[1:])
