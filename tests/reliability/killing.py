"""Kill a training at random moments, go on with it each time, and compare what comes out.

`python tests/reliability/killing.py --dataset FOLDER --weights FILE` does so with commands of its
own process group, as a power cut or a scheduler would, and prints the table of moments. Anything it
does not know goes to `keras_transfer.train`.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from keras_transfer.run import Run
from keras_transfer.tables import draw_table

COLUMNS = ("kill", "seconds in", "epochs done", "under way")
EVERY = 0.002  # seconds between two looks at the run directory


@dataclass
class Kill:
    """A moment at which a living process was killed."""

    seconds: float  # since its start
    epochs: int  # whole ones, of all phases
    stage: str  # setup, frozen, finetune or finish


def kill_run(start, path, draw, epochs, kills):
    """Kill a run again and again, until it is done or has been killed often enough.

    Args:
        start: Begins or goes on with the run; returns a process with `pid`, `poll` and `wait`.
        path: Its run directory.
        draw: A `random.Random`.
        epochs: Those of each phase, by name.
        kills: The most.

    Returns:
        The kills that hit a living process. The run is done.
    """
    found, total = [], sum(epochs.values())
    targets = sorted(draw.randrange(total) for _ in range(kills))
    while True:
        process, began = start(), time.monotonic()
        if len(found) < kills:
            # every fifth anywhere in its session, which is mostly before the first epoch
            target = None if len(found) % 5 == 4 else targets[len(found)]
            moment = _wait_for_moment(process, Run(path), target, draw.uniform(0, 1))
            if moment is not None and _kill(process):
                done, stage = _look(Run(path), epochs, moment)
                found.append(Kill(time.monotonic() - began, done, stage))
                continue
        if process.wait() != 0:
            raise RuntimeError(f"A run went wrong that was not killed: {path / 'train.log'}")
        return found


def _wait_for_moment(process, run, target, share):
    """Wait until so many epochs are done and a share of the next; tell where the log began.

    Without a target, wait that share of three seconds. None: the run ended before.
    """
    logged = run.log_file.stat().st_size if run.log_file.exists() else 0
    if target is None:
        until = time.monotonic() + 3 * share
        while time.monotonic() < until and process.poll() is None:
            time.sleep(EVERY)
    else:
        while not _is_training(run, logged) or _count(run) < target:
            if process.poll() is not None:
                return None
            time.sleep(EVERY)
        time.sleep(share * _last_epoch(run))
    return logged if process.poll() is None else None


def _kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _count(run):
    """Return how many epochs are done."""
    return max((int(file.stem) for file in run.checkpoints.glob("[0-9]*.npz")), default=0)


def _last_epoch(run):
    """Return the seconds of the last epoch, or a guess."""
    table = run.history()["seconds"] if run.history_file.exists() else []
    return max(0.05, min(1.0, float(table[-1]))) if table else 0.5


def _is_training(run, logged):
    return b"Phase " in _read_log(run, logged)


def _read_log(run, logged):
    return run.log_file.read_bytes()[logged:] if run.log_file.exists() else b""


def _look(run, epochs, logged):
    done, left = _count(run), _count(run)
    if run.model_file.exists() or done == sum(epochs.values()):
        return done, "finish"
    if not _is_training(run, logged):
        return done, "setup"
    for name, count in epochs.items():
        if left < count:
            return done, name
        left -= count
    raise AssertionError


def describe(kills):
    """Return the table of moments."""
    rows = [
        (index + 1, f"{kill.seconds:.2f}", kill.epochs, kill.stage)
        for index, kill in enumerate(kills)
    ]
    return draw_table(COLUMNS, rows)


def start_command(words):
    """Return what starts `keras_transfer.train` in a process group of its own."""

    def start():
        command = [sys.executable, "-m", "keras_transfer.train", *words]
        return subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    return start


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options, words = parser.parse_known_args()
    from same_runs import assert_same_run

    with tempfile.TemporaryDirectory() as folder:
        base = [*words, "--output", folder]
        if start_command([*base, "--name", "whole"])().wait():
            raise SystemExit("The undisturbed run failed")
        whole, found, draw = Run(f"{folder}/whole"), [], random.Random(options.seed)
        phases = whole.history()["phase"]
        epochs = {name: phases.count(name) for name in dict.fromkeys(phases)}
        while len(found) < options.kills:
            name = f"killed{len(found)}"
            start = start_command([*base, "--name", name, "--resume", "auto"])
            path = Path(folder, name)
            found += kill_run(start, path, draw, epochs, options.kills - len(found))
            assert_same_run(Run(path), whole)
            print(f"{len(found)} kills so far; the run ends with the same weights", flush=True)
    print(describe(found))


if __name__ == "__main__":
    main()
