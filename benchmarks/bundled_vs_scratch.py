"""Compare fine-tuning from the bundled weights with training from random ones.

    python benchmarks/bundled_vs_scratch.py --data digits FOLDER FOLDER …

For each data set and seed both are trained by the command with its defaults, and the images of the
test split (validation where there is none) are paired. Printed is a Markdown table: the mean
accuracy of each, and the difference with a 95 % interval, the bootstrap over images of their mean
difference over the seeds. "better" and "worse" are intervals without zero.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from keras_transfer.config.split_names import choose_split
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.run.run_directory import Run

CHOICES = ("none", "bundled")
DRAWS = 10_000


def judge(dataset: str, choice: str, seed: int, words: list[str], folder: Path) -> np.ndarray:
    """Train once and return whether each held-out image was right, in the order of their names."""
    name = f"{Path(dataset).name}-{choice}-{seed}"
    command = [sys.executable, "-m", "keras_transfer.train", "--quiet", *words]
    command += ["--dataset", dataset, "--weights", choice, "--seed", str(seed)]
    subprocess.run([*command, "--output", str(folder), "--name", name], check=True)
    table = {
        key: np.array(column) for key, column in Run.open(folder / name).predictions_table().items()
    }
    held = choose_split(table["split"])
    chosen = table["split"] == held
    order = np.argsort(table["path"][chosen])
    return (table["truth"] == table["prediction"])[chosen][order].astype(float)


def compare(random: np.ndarray, bundled: np.ndarray) -> tuple[float, float, float]:
    """Return the mean difference and its interval, from what was right, (seeds, images) each."""
    differences = (bundled - random).mean(axis=0)
    chosen = np.random.default_rng(0).integers(0, len(differences), (DRAWS, len(differences)))
    low, high = np.quantile(differences[chosen].mean(axis=1), (0.025, 0.975))
    return float(differences.mean()), float(low), float(high)


def main(words: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--backbone", choices=BACKBONES, default="mobilenetv3small")
    parser.add_argument("--data", nargs="+", default=["digits"], help="digits, or folders")
    parser.add_argument("--seeds", type=int, default=3)
    options, others = parser.parse_known_args(words)
    print("   ", shlex.join(["python", "benchmarks/bundled_vs_scratch.py", *words]), end="\n\n")
    print("| data | images | random | bundled | difference | 95 % interval | |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    rest = ["--backbone", options.backbone, *others]
    with tempfile.TemporaryDirectory() as place:
        for dataset in options.data:
            random, bundled = (
                np.stack(
                    [
                        judge(dataset, choice, seed, rest, Path(place))
                        for seed in range(options.seeds)
                    ]
                )
                for choice in CHOICES
            )
            mean, low, high = compare(random, bundled)
            verdict = "better" if low > 0 else "worse" if high < 0 else ""
            print(
                f"| {Path(dataset).name} | {random.shape[1]} | {random.mean():.3f} | "
                f"{bundled.mean():.3f} | {mean:+.3f} | {low:+.3f} to {high:+.3f} | {verdict} |",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
