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

from same_runs import assert_same_run

from keras_transfer.run.run_directory import Run
from keras_transfer.system.terminal.text_tables import draw_table

COLUMNS = ("kill", "seconds in", "epochs done", "under way")
EVERY = 0.002  # seconds between two looks at the run directory


@dataclass
class Kill:
    """A moment at which a living process was killed."""

    seconds: float  # since its start
    epochs: int  # whole ones, of all phases
    stage: str  # setup, frozen, finetune or finish


def check_kills(start, words, folder, kills, seed=0):
    """Kill runs of these settings and compare each with one that nobody killed.

    Args:
        start: Called with words, begins or goes on with a run; returns a process with `pid`,
            `poll` and `wait`.
        words: The options of the training, without its name.
        folder: Its `--output`.
        kills: The least number of kills; a fifth of them in each phase at least.
        seed: Of the moments.

    Returns:
        The kills that hit a living process.
    """
    assert start([*words, "--name", "whole"]).wait() == 0
    whole, found, draw = Run(Path(folder, "whole")), [], random.Random(seed)
    phases = whole.history_table()["phase"]
    while (rest := kills - len(found)) > 0 or _find_missed(phases, found, kills):
        assert len(found) < 3 * kills, describe(found)
        # the first epoch of a phase is the longest one, since it traces: nothing is hit as surely
        targets = [phases.index(name) for name in _find_missed(phases, found, kills)]
        targets += [draw.randrange(len(phases)) for _ in range(rest - len(targets))]
        path = Path(folder, f"killed{len(found)}")
        command = [*words, "--name", path.name, "--resume", "auto"]
        found += _kill_run(lambda: start(command), path, draw, whole, sorted(targets))  # noqa: B023
        assert_same_run(Run(path), whole)
    print(describe(found))
    return found


def _find_missed(phases, found, kills):
    """Return the phases in which fewer than a fifth of the kills fell."""
    stages = [kill.stage for kill in found]
    return [name for name in dict.fromkeys(phases) if stages.count(name) < max(1, kills // 5)]


def _kill_run(start, path, draw, whole, targets):
    """Kill a run in each of these epochs (their numbers, rising), or until it is done."""
    found = []
    while True:
        process, began = start(), time.monotonic()
        if len(found) < len(targets):
            # every fifth anywhere in its session, which is mostly before the first epoch
            target = None if len(found) % 5 == 4 else targets[len(found)]
            moment = _wait_for_moment(process, Run(path), whole, target, draw.uniform(0, 1))
            if moment is not None and _kill(process):
                done, stage = _look(Run(path), whole.history_table()["phase"], moment)
                found.append(Kill(time.monotonic() - began, done, stage))
                continue
        if process.wait() != 0:
            raise RuntimeError(f"A run went wrong that was not killed: {path / 'train.log'}")
        return found


def _wait_for_moment(process, run, whole, target, share):
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
        time.sleep(share * float(whole.history_table()["seconds"][target]))
    return logged if process.poll() is None else None


def _kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _count(run):
    """Return how many epochs are done."""
    return max((int(file.stem) for file in run.checkpoints.glob("[0-9]*.npz")), default=0)


def _is_training(run, logged):
    return b"Phase " in _read_log(run, logged)


def _read_log(run, logged):
    return run.log_file.read_bytes()[logged:] if run.log_file.exists() else b""


def _look(run, phases, logged):
    done = _count(run)
    if run.model_file.exists() or done == len(phases):
        return done, "finish"
    return done, phases[done] if _is_training(run, logged) else "setup"


def describe(kills):
    """Return the table of moments."""
    rows = [
        (index + 1, f"{kill.seconds:.2f}", kill.epochs, kill.stage)
        for index, kill in enumerate(kills)
    ]
    return draw_table(COLUMNS, rows)


def start_command(words):
    """Start `keras_transfer.train` in a process group of its own."""
    command = [sys.executable, "-m", "keras_transfer.train", *words]
    return subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options, words = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder:
        words += ["--output", folder]
        check_kills(start_command, words, folder, options.kills, options.seed)


if __name__ == "__main__":
    main()
