"""Run one artefact over images in a process of its own, which loads nothing but its runtime.

`python -m keras_transfer.exports.fresh_process MODEL PIXELS.npy FILES.json ANSWERS.npz`
"""

import errno
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.exports.loaders import find_saved_model, load_here
from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.exports.reading.runtimes import load_signature
from keras_transfer.system.child_python import SAFE, search_path
from keras_transfer.system.standard_streams import EXIT_CODE

BATCH = 32  # images a call
WARM, TIMED = 5, 30  # calls with one image: before they are timed, and timed

Answers = dict[str, np.ndarray]  # signature, "" if there is but one -> (n, classes)


def measure_artefact(model: Path, pixels: Path, files: Path) -> tuple[Answers, dict[str, Any]]:
    """Have a fresh Python load an artefact and ask it about every image.

    Args:
        model: An artefact.
        pixels: A .npy of images (n, size, size, 3), uint8.
        files: A JSON list of image files, which the signature `serve_bytes` is asked about.

    Returns:
        What each signature answered, and `latency_ms`, the median of one image a call, and
        `load_seconds`, without importing the runtime. Nothing and only `reason` if it failed.

    Raises:
        OSError: Its answers could not be written, which says nothing of the artefact.
    """
    found = pixels.with_name("answers.npz")
    words = map(str, (model, pixels, files, found))
    ended = subprocess.run(
        [sys.executable, SAFE, "-m", "keras_transfer.exports.fresh_process", *words],
        env=os.environ | {"PYTHONPATH": search_path()},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode == EXIT_CODE:
        fault = int(ended.stdout.splitlines()[-1])
        raise OSError(fault, os.strerror(fault), str(found))
    if ended.returncode:
        lines = ended.stderr.strip().splitlines() or [f"its process ended with {ended.returncode}"]
        return {}, {"reason": lines[-1][:300]}
    with np.load(found) as columns:
        answers = {name: columns[name] for name in columns.files}
    return answers, dict(json.loads(ended.stdout.splitlines()[-1]))


def _measure(model: Path, pixels: Path, files: Path, found: Path) -> None:
    """Answer in this process, into the file `found` and on standard output."""
    load_here(model)  # imports the runtime, which is no part of loading the model
    began = time.perf_counter()
    artefact = load_here(model)
    seconds = time.perf_counter() - began
    images = np.load(pixels, mmap_mode="r")
    named = json.loads(files.read_text(encoding="utf-8"))
    if folder := find_saved_model(model):
        answers = {
            "serving_default": _ask(artefact.classify, images),
            "serve_uint8": _ask(load_signature(folder, "serve_uint8"), images),
        }
        if named:
            answers["serve_bytes"] = _ask(load_signature(folder, "serve_bytes"), named)
    else:
        answers = {"": _ask(artefact.classify, images)}
    try:
        np.savez(found, allow_pickle=False, **answers)
    except OSError as error:
        print(error.errno or errno.EIO)  # noqa: T201 (as below)
        sys.exit(EXIT_CODE)
    answer = {"latency_ms": _time_one(artefact, images), "load_seconds": seconds}
    print(json.dumps(answer))  # noqa: T201 (read by the process that began this one)


def _ask(classify: Callable[[Any], np.ndarray], items: Sequence[Any]) -> np.ndarray:
    """Return the probabilities of all items, (n, classes)."""
    starts = range(0, len(items), BATCH)
    return np.concatenate([classify(items[start : start + BATCH]) for start in starts])


def _time_one(artefact: Artefact, images: np.ndarray) -> float:
    """Return the median milliseconds of a call with one image."""
    times = []
    for _ in range(WARM + TIMED):
        began = time.perf_counter()
        artefact.classify(images[:1])
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times[WARM:])


if __name__ == "__main__":
    _measure(*map(Path, sys.argv[1:]))
