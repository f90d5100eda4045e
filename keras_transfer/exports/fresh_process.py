"""Run one artefact over examples in a process of its own, which loads nothing but its runtime.

`python -m keras_transfer.exports.fresh_process MODEL TAKEN.npy RAW.json ANSWERS.npz`
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
from keras_transfer.exports.reading.runtimes import SERVED, load_signature
from keras_transfer.exports.text_models.text_saved_model import IDS, unpack_texts
from keras_transfer.system.child_python import SAFE, search_path
from keras_transfer.system.standard_streams import EXIT_CODE

BATCH = 32  # examples a call
WARM, TIMED = 5, 30  # calls with one example: before they are timed, and timed

Questions = dict[str, tuple[Callable[[Any], np.ndarray], Any]]
Answers = dict[str, np.ndarray]  # signature, "" if there is but one -> (n, classes)


def measure_artefact(model: Path, taken: Path, raw: Path) -> tuple[Answers, dict[str, Any]]:
    """Have a fresh Python load an artefact and ask it about every example.

    Args:
        model: An artefact.
        taken: A .npy of images (n, size, size, 3), uint8, or of token ids (n, length), int32.
        raw: A JSON list of image files, which the signature `serve_bytes` is asked about, or of
            texts, each a list of one or two, which a SavedModel is.

    Returns:
        What each signature answered, and `latency_ms`, the median of one example a call, and
        `load_seconds`, without importing the runtime. Nothing and only `reason` if it failed.

    Raises:
        OSError: Its answers could not be written, which says nothing of the artefact.
    """
    found = taken.with_name("answers.npz")
    words = map(str, (model, taken, raw, found))
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


def _measure(model: Path, taken: Path, raw: Path, found: Path) -> None:
    """Answer in this process, into the file `found` and on standard output."""
    load_here(model)  # imports the runtime, which is no part of loading the model
    began = time.perf_counter()
    artefact = load_here(model)
    seconds = time.perf_counter() - began
    examples = np.load(taken, mmap_mode="r")
    questions = _list_questions(artefact, find_saved_model(model), examples, raw.read_bytes())
    answers = {signature: _ask(*asked) for signature, asked in questions.items()}
    try:
        np.savez(found, allow_pickle=False, **answers)
    except OSError as error:
        print(error.errno or errno.EIO)  # noqa: T201 (as below)
        sys.exit(EXIT_CODE)
    latency = _time_one(*next(iter(questions.values())))
    answer = {"latency_ms": latency, "load_seconds": seconds}
    print(json.dumps(answer))  # noqa: T201 (read by the process that began this one)


def _list_questions(
    artefact: Artefact, folder: Path | None, examples: np.ndarray, raw: bytes
) -> Questions:
    """Return what each signature is asked; `folder` is that of a SavedModel."""
    if artefact.classify_ids is not None:
        ids = artefact.classify_ids, examples
        if not folder:
            return {"": ids}
        return {SERVED: (artefact.classify, unpack_texts(raw)), IDS: ids}
    if not folder:
        return {"": (artefact.classify, examples)}
    questions: Questions = {
        SERVED: (artefact.classify, examples),
        "serve_uint8": (load_signature(folder, "serve_uint8"), examples),
    }
    if named := json.loads(raw):
        questions["serve_bytes"] = load_signature(folder, "serve_bytes"), named
    return questions


def _ask(classify: Callable[[Any], np.ndarray], items: Sequence[Any]) -> np.ndarray:
    """Return the probabilities of all items, (n, classes)."""
    starts = range(0, len(items), BATCH)
    return np.concatenate([classify(items[start : start + BATCH]) for start in starts])


def _time_one(classify: Callable[[Any], np.ndarray], items: Sequence[Any]) -> float:
    """Return the median milliseconds of a call with one item."""
    times = []
    for _ in range(WARM + TIMED):
        began = time.perf_counter()
        classify(items[:1])
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times[WARM:])


if __name__ == "__main__":
    _measure(*map(Path, sys.argv[1:]))
