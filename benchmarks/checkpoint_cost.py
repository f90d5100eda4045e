"""What writing the state after every epoch costs: whole trainings with it, and without.

    python benchmarks/checkpoint_cost.py --pairs 3 -- --dataset FOLDER --weights FILE

What follows `--` goes to `keras_transfer.train`. Each training is a fresh process; which of the two
goes first alternates. Without: the arrays of a state stay in memory, and everything else is the
same. Printed are a Markdown table of the pairs, the median ratio, and the seconds that a training
itself measured between the end of an epoch's validation and the beginning of the next.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

WARM_UP = [sys.executable, "-c", "import tensorflow"]  # or the first training would read it alone
TRAIN = """
import json, sys, time
from keras_transfer.system.load_tensorflow import import_tensorflow
import_tensorflow()
from keras_transfer.training import checkpoints
from keras_transfer.train import main
measured = {"seconds": 0.0, "bytes": 0}
if sys.argv[1] == "without":
    held = {}
    read = checkpoints.read_arrays
    checkpoints.read_arrays = lambda file: held.get(file.name)
    checkpoints.Checkpoints._write = lambda self, number, arrays: held.__setitem__(
        f"{number:05}.npz", arrays)
for name in ("keep", "keep_start"):
    def keep(self, *rest, original=getattr(checkpoints.Checkpoints, name)):
        started = time.perf_counter()
        original(self, *rest)
        measured["seconds"] += time.perf_counter() - started
        files = list(self.run.checkpoints.glob("*.npz"))
        measured["bytes"] = max(measured["bytes"], sum(file.stat().st_size for file in files))
    setattr(checkpoints.Checkpoints, name, keep)
main([*sys.argv[3:], "--output", sys.argv[2], "--quiet"])
print(json.dumps(measured))
"""


def train(how: str, words: list[str]) -> tuple[float, dict[str, float]]:
    """Return the seconds of a whole training, and what it measured of its own states."""
    with tempfile.TemporaryDirectory() as output:
        started = time.perf_counter()
        answer = subprocess.run(
            [sys.executable, "-c", TRAIN, how, output, *words],
            stdout=subprocess.PIPE,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            check=True,
            text=True,
        )
        seconds = time.perf_counter() - started
    return seconds, json.loads(answer.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("words", nargs="+", help="options of keras_transfer.train, after --")
    options = parser.parse_args()
    subprocess.run(WARM_UP, check=True, stderr=subprocess.DEVNULL)
    ratios = []
    print("| pair | with, s | without, s | with / without | states, s | states, MB |")
    print("|---|---|---|---|---|---|")
    for pair in range(options.pairs):
        order = ["with", "without"] if pair % 2 == 0 else ["without", "with"]
        found = {how: train(how, options.words) for how in order}
        (seconds, measured), (rival, _) = found["with"], found["without"]
        ratios.append(seconds / rival)
        print(
            f"| {pair + 1} | {seconds:.1f} | {rival:.1f} | {ratios[-1]:.3f} "
            f"| {measured['seconds']:.2f} | {measured['bytes'] / 1e6:.0f} |",
            flush=True,
        )
    print(f"\nmedian of with / without: {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main()
