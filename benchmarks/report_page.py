"""Measure how long report.html takes to make, and how large it is, by number of images.

    python benchmarks/report_page.py RUN [--images 153 2000 20000] [--repeats 3]

The images that RUN was measured on (test, else validation), which must be where they were, are
repeated under other names until there are so many, each with the prediction of its own. Printed is
a Markdown table: seconds from predictions.csv to the page, with the network loaded before, as at
the end of a training (the first of the repeats apart, in which TensorFlow warms up), and its size.
A process of `python -m keras_transfer.report` takes some seconds more, to load both.
"""

import argparse
import itertools
import shutil
import sys
import tempfile
import time
from pathlib import Path

from keras_transfer.config.messages import say_bytes
from keras_transfer.config.split_names import choose_split
from keras_transfer.data.run_examples import read_source
from keras_transfer.evaluation.html_report.write_report import Pictures, write_report
from keras_transfer.evaluation.metrics import score_splits
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.run_model import load_run_model
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table, write_table

IMAGES = (153, 2_000, 20_000)


def repeat_images(run: Run, root: Path, count: int, folder: Path) -> tuple[Run, Path]:
    """Return a copy of a run in `folder` that was measured on `count` images, and their folder."""
    copy, images = Run(shutil.copytree(run.path, folder / "run")), folder / "images"
    table = read_table(run.predictions_file)
    rows = list(zip(*table.values(), strict=True))
    split = choose_split({*table["split"]})
    rows = [row for row in rows if row[1] == split]
    repeated = []
    for number, row in zip(range(count), itertools.cycle(rows), strict=False):
        path = Path(row[0])
        name = path.with_name(f"{number}-{path.name}")
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        (images / name).symlink_to((root / path).resolve())
        repeated.append((str(name), "validation", *row[2:]))
    write_table(copy.predictions_file, list(table), repeated)
    copy.unusual_file.unlink(missing_ok=True)  # of other names
    return copy, images


def measure(run: Run, count: int, repeats: int) -> tuple[list[float], int]:
    """Return the seconds of each page, and the bytes of the last one."""
    config, seconds = load_run_config(run), []
    modality, model = choose_modality(config), load_run_model(run, config)
    with tempfile.TemporaryDirectory() as folder:
        copy, root = repeat_images(run, read_source(config, modality).root, count, Path(folder))
        metrics = copy.metrics() | {"splits": score_splits(read_run_predictions(copy))}

        def draw(file, side):
            return modality.draw_example(file, side, config)

        for _ in range(repeats):
            start = time.perf_counter()
            page = write_report(copy, metrics, Pictures(root, draw, lambda: model))
            seconds.append(time.perf_counter() - start)
        return seconds, page.stat().st_size


def main(words: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", metavar="RUN", type=Path, help="a finished run")
    parser.add_argument("--images", type=int, nargs="+", default=list(IMAGES))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(words)
    run = Run.open(options.run)
    print("| images | seconds, first | further ones | size |\n|---|---|---|---|")
    for count in options.images:
        (first, *others), size = measure(run, count, options.repeats)
        further = " ".join(f"{each:.2f}" for each in others)
        print(f"| {count:,} | {first:.2f} | {further} | {say_bytes(size)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
