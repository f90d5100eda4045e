"""Measure what the rows of a list cost: a table of a million paths and labels.

    python benchmarks/many_rows.py --rows 10000 100000 1000000

Written are a labels.csv (or .parquet with --suffix) of ten classes and groups of four, and the
files it names: JPEGs of 32 pixels, all different. Then a process of its own does what `train` does
before the network and after it, by the same functions. Printed is a Markdown table of the processor
seconds (of all threads) and the peak memory of each part, and of the slope of log seconds over log
rows (1: twice the rows take twice the time); then the seconds by the clock. With --invent only one
file is there: what an inspection says of the others is made up, among it perceptual hashes, and
one file in a hundred equal to another.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scaling import fit_slope
from vs_keras_guide import format_table

CLASSES = 10
FOLDER = 1000  # files in each
SIDE = 32  # pixels
PARTS = {
    "read": "the table",
    "inspect": "every file",
    "know": "every file again, which is known",
    "compare": "images that look alike",
    "divide": "into splits",
    "record": "split.csv, data_report.json",
    "open": "split.csv again",
    "predict": "predictions.csv",
    "score": "predictions.csv read, scores",
}

# Cost: processor seconds, seconds by the clock, peak megabytes
Cost = tuple[float, float, float]


def name_file(row: int) -> str:
    """Return the path of a row as long lists have it."""
    return f"images/{row // FOLDER:05}/photograph_{row:08}.jpg"


def write_list(folder: Path, count: int, suffix: str) -> Path:
    """Write the table of `count` rows: ten classes, every fourth row begins another group."""
    import pyarrow
    import pyarrow.csv
    import pyarrow.parquet

    rows = np.random.default_rng(count).permutation(count).tolist()
    columns = {
        "path": [name_file(row) for row in rows],
        "label": [f"species_{row // 4 * 7 % CLASSES}" for row in rows],
        "group": [f"series_{row // 4}" for row in rows],
    }
    table = folder / f"labels{suffix}"
    write = pyarrow.csv.write_csv if suffix == ".csv" else pyarrow.parquet.write_table
    write(pyarrow.table(columns), table)
    return table


def write_files(folder: Path, count: int) -> None:
    """Write `count` JPEGs that differ in a comment behind the image, which no reader looks at."""
    import io

    from PIL import Image

    held = io.BytesIO()
    grain = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    Image.fromarray(grain).save(held, "JPEG", quality=60)
    for row in range(count):
        file = folder / name_file(row)
        if row % FOLDER == 0:
            file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(held.getvalue() + b"%d" % row)


def invent_findings(examples: Any) -> Any:
    """Return what an inspection could say of files that are not there."""
    from keras_transfer.images.doctor.inspection import Inspection

    count = len(examples.paths)
    random = np.random.default_rng(count)
    letters = random.bytes(32 * count).hex()
    hashes = [letters[start : start + 64] for start in range(0, 64 * count, 64)]
    hashes[::100] = hashes[1::100]
    return Inspection(
        sha256=np.array(hashes),
        reasons=np.full(count, "", object),
        plain=np.ones(count, bool),
        odd=np.full(count, "", object),
        sizes=np.full((count, 2), 100, np.int32),
        kinds=np.full(count, "8 bits", "<U9"),
        spans=np.tile([0.0, 255.0], (count, 1)),
        looks=random.integers(0, 2**64, count, np.uint64),
        states=np.ones((count, 2), np.int64),
        rows=np.arange(count),
    )


def work(table: str, invent: bool) -> dict[str, Cost]:
    """Return seconds and peak megabytes of each part."""
    from keras_transfer.config.train_config import TrainConfig
    from keras_transfer.data.divided_examples import Inspected, judge_examples
    from keras_transfer.data.load_splits import record_division
    from keras_transfer.data.run_examples import list_examples
    from keras_transfer.evaluation.metrics import score
    from keras_transfer.modalities.table import choose_modality
    from keras_transfer.run.contents.prediction_columns import prediction_columns
    from keras_transfer.run.predictions_csv import (
        Predictions,
        prediction_rows,
        read_run_predictions,
    )
    from keras_transfer.run.run_directory import Run
    from keras_transfer.system.files.atomic_files import write_table

    found: dict[str, Cost] = {}
    config = TrainConfig(dataset=table, output=Path(table).parent / "runs")
    modality = choose_modality(config)
    run = Run.create(config)
    with measuring(found, "read"):
        examples = modality.read_examples(config.source, config.data)
    if invent:
        findings = invent_findings(examples)
    else:
        with measuring(found, "inspect"):
            findings = modality.inspect(examples)
        with measuring(found, "know"):
            findings = modality.inspect(examples)
    with measuring(found, "compare"):
        near = modality.link_alike(examples, findings)
    with measuring(found, "divide"):
        divided = judge_examples(Inspected(examples, findings, near), config)
    with measuring(found, "record"):
        record_division(divided, divided.take_used()[0], run)
    with measuring(found, "open"):
        listed = list_examples(run, examples)
    del examples, findings, divided
    random = np.random.default_rng(0)
    answers = random.dirichlet(np.ones(CLASSES), len(listed.paths))
    predictions = Predictions(
        paths=listed.paths,
        splits=np.where(listed.splits == "train", "validation", listed.splits),
        truth=listed.labels,
        probabilities=answers,
        class_names=listed.class_names,
    )
    with measuring(found, "predict"):
        columns = prediction_columns(predictions.class_names)
        write_table(run.predictions_file, columns, prediction_rows(predictions))
    del predictions, answers
    with measuring(found, "score"):
        score(read_run_predictions(run))
    run.release()
    return found


@contextmanager
def measuring(found: dict[str, Cost], part: str) -> Iterator[None]:
    """Note the seconds of a part, and the peak memory of the process meanwhile."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    start, clock = time.process_time(), time.perf_counter()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    found[part] = time.process_time() - start, time.perf_counter() - clock, peak
    print(f"{part}: {found[part]}", file=sys.stderr, flush=True)


def measure(count: int, suffix: str, invent: bool) -> dict[str, Cost]:
    """Return what the parts take for a list of so many rows, in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        table = write_list(Path(place), count, suffix)
        write_files(Path(place), 1 if invent else count)
        time.sleep(3)  # files of the last two seconds are not remembered
        command = [sys.executable, __file__, "--work", str(table), *(["--invent"] * invent)]
        environment = {**os.environ, "KERAS_TRANSFER_CACHE": place}
        print(f"{count:,} rows", file=sys.stderr, flush=True)
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def print_results(rows: list[int], found: list[dict[str, Cost]]) -> None:
    """Print seconds and megabytes of each part, and of all of them."""
    columns = ["part", *(f"{count:,} rows" for count in rows), "slope"]
    lines = []
    for part, what in PARTS.items():
        if part in found[0]:
            costs = [one[part] for one in found]
            lines.append([f"{part}: {what}", *map(_say_cost, costs), _say_slope(rows, costs)])
    totals = [_add_up(one) for one in found]
    lines.append(["all", *map(_say_cost, totals), _say_slope(rows, totals)])
    lines.append(["by the clock", *(f"{clock:.1f} s" for _, clock, _ in totals), ""])
    print(format_table(columns, lines))


def _add_up(costs: dict[str, Cost]) -> Cost:
    seconds, clocks, peaks = zip(*costs.values(), strict=True)
    return sum(seconds), sum(clocks), max(peaks)


def _say_cost(cost: Cost) -> str:
    return f"{cost[0]:.2f} s, {cost[2]:.0f} MB"


def _say_slope(rows: list[int], costs: list[Cost]) -> str:
    return f"{fit_slope(rows, [cost[0] for cost in costs]):.2f}" if len(rows) > 1 else ""


def main(words: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--suffix", choices=(".csv", ".parquet"), default=".csv")
    parser.add_argument("--invent", action="store_true", help="only one file is there")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.work:
        print(json.dumps(work(options.work, options.invent)))
        return
    print_results(options.rows, [measure(n, options.suffix, options.invent) for n in options.rows])


if __name__ == "__main__":
    main(sys.argv[1:])
