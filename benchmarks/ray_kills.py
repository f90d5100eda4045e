"""Kill machines and the command itself while `predict --engine ray` works; measure what Ray costs.

    python benchmarks/ray_kills.py --images 6000
    python benchmarks/ray_kills.py --images 4000 --model saved_models/RUN --only cost

Draws JPEGs of 64 pixels and predicts them by MODEL, or by a small network with random weights, each
time in a process of its own:

- `cost`: here and with two workers of a local cluster, alternating; seconds, and the seconds beyond
  a quarter of the images, which no start is part of.
- `node`: on a cluster of three machines, as Ray's own tests have them, each with one CPU; one ends
  without a word when two parts are there.
- `command`: the command is killed when two parts are there, and called again; parts that were there
  must not have been touched.
- `pass`: on three machines as above, a training of two phases by mobilenetv3small on these images,
  of which one machine ends in the pass through the locked layers, 20 seconds into it.

Printed is a line each: whether the rows are complete, and how many differ from those without Ray.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

WORDS = (sys.executable, "-m", "keras_transfer.predict", "--quiet")
RAY = ("--engine", "ray", "--workers", "2")


def draw_images(folder: Path, count: int) -> None:
    """Write JPEGs of 64 pixels, no two alike."""
    from PIL import Image

    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(count):
        coarse = random.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((64, 64)).save(folder / f"{number:06}.jpg")


def build_network(file: Path) -> None:
    """Save a network of a few convolutions with random weights."""
    import keras

    keras.utils.set_random_seed(0)
    layers = [keras.layers.Conv2D(width, 3, 2, activation="relu") for width in (16, 32, 64)]
    pooled = [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(5, activation="softmax")]
    taken = [keras.Input((64, 64, 3)), keras.layers.Rescaling(1 / 255)]
    keras.Sequential([*taken, *layers, *pooled]).save(file)


def read_rows(parts: Path) -> list[dict]:
    """Return the rows of a folder of parts."""
    import pyarrow.parquet

    return pyarrow.parquet.read_table(parts).to_pylist()


def say_difference(rows: list[dict], wanted: list[dict]) -> str:
    """Return how far rows are from those without Ray."""
    if [row["path"] for row in rows] != [row["path"] for row in wanted]:
        return f"{len(rows):,} rows of {len(wanted):,}, or in another order"
    gaps = [
        abs(one["probability"] - other["probability"])
        for one, other in zip(rows, wanted, strict=True)
    ]
    changed = sum(
        one["prediction"] != other["prediction"] for one, other in zip(rows, wanted, strict=True)
    )
    return (
        f"{len(rows):,} rows, complete and in order; {changed} other predictions, "
        f"{sum(gap > 0 for gap in gaps):,} other probabilities, by {max(gaps):.1e} at most"
    )


def wait_for_parts(parts: Path, count: int, process: subprocess.Popen) -> None:
    """Wait until so many parts are there."""
    while len([*parts.glob("part-*")]) < count:
        if process.poll() is not None:
            raise SystemExit(f"predict ended early, with {process.returncode}")
        time.sleep(0.05)


def time_predict(words: Sequence[str], *more: str) -> float:
    """Return the seconds of a call."""
    begun = time.monotonic()
    subprocess.run([*WORDS, *words, *more], check=True)
    return time.monotonic() - begun


def measure_cost(model: str, images: Path, place: Path, repeats: int) -> None:
    """Print the seconds with and without Ray, of all images and beyond a quarter of them."""
    files = sorted(images.iterdir())
    some = place / "some"
    some.mkdir()
    for file in files[: len(files) // 4]:
        (some / file.name).symlink_to(file)
    for number in range(repeats):
        for name, more in (("here", ()), ("ray", RAY)):
            output = ["--output", f"{place}/{name}-{number}.csv"]
            whole = time_predict([model, str(images), *output], *more)
            part = time_predict([model, str(some), *output], *more)
            print(f"cost: {name} {whole:.1f} s, {whole - part:.1f} s beyond a quarter", flush=True)


def kill_node(model: str, images: Path, place: Path, wanted: list[dict]) -> None:
    """Predict on three machines, of which one ends in the middle."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    parts = place / "node"
    words = [*WORDS, model, str(images), "--output", f"{parts}/", "--engine", "ray"]
    environment = os.environ | {"RAY_ADDRESS": cluster.address}
    process = subprocess.Popen([*words, "--workers", "3"], env=environment)
    wait_for_parts(parts, 2, process)
    cluster.remove_node(nodes[0], allow_graceful=False)
    code = process.wait()
    print(f"node: exit code {code}, {say_difference(read_rows(parts), wanted)}", flush=True)
    cluster.shutdown()


def kill_in_pass(images: Path, place: Path, weights: str, repeats: int) -> None:
    """Train here, then on three machines of which one ends in the pass through locked layers."""
    for number, file in enumerate(sorted(images.iterdir())):
        folder = place / "classes" / "ab"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file.name).symlink_to(file)
    words = [sys.executable, "-m", "keras_transfer.train", "--dataset", f"{place}/classes"]
    words += ["--backbone", "mobilenetv3small", "--weights", weights, "--image_size", "96"]
    words += ["--epochs", "1", "--cache.memory_gb", "0", "--report", "off"]  # so it is on disk
    words += ["--quiet", "--output", str(place), "--name"]
    subprocess.run([*words, "alone"], check=True, stdout=subprocess.DEVNULL)
    wanted = (place / "alone" / "predictions.csv").read_bytes()
    for number in range(repeats):
        rows, code = kill_node_in_pass(words, place / f"there-{number}")
        same = (place / f"there-{number}/predictions.csv").read_bytes() == wanted
        said = "byte for byte the same" if same else "NOT the same"
        print(f"pass: killed after row {rows:,}, exit code {code}, predictions {said}", flush=True)


def kill_node_in_pass(words: Sequence[str], run: Path) -> tuple[int, int]:
    """Return how many training rows there were when a machine ended, and the code of `train`."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
    environment = os.environ | {"RAY_ADDRESS": cluster.address}
    words = [*words, run.name, "--engine", "ray", "--workers", "3"]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    while not (notes := [*run.glob("scratch/*/filled.json")]):  # 20 seconds into the pass
        if process.poll() is not None:
            raise SystemExit(f"train ended early, with {process.returncode}: take more images")
        time.sleep(0.05)
    rows = max(each["rows"] for each in json.loads(notes[0].read_text())["arrays"].values())
    cluster.remove_node(nodes[0], allow_graceful=False)
    code = process.wait()
    cluster.shutdown()
    return rows, code


def kill_command(model: str, images: Path, place: Path, wanted: list[dict]) -> None:
    """Kill the command in the middle, and call it again."""
    parts = place / "command"
    words = [*WORDS, model, str(images), "--output", f"{parts}/", *RAY]
    process = subprocess.Popen(words)
    wait_for_parts(parts, 2, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = {file.name: file.stat().st_mtime_ns for file in parts.glob("part-*")}
    code = subprocess.run(words, check=False).returncode
    touched = [name for name, then in before.items() if (parts / name).stat().st_mtime_ns != then]
    print(
        f"command: exit code {code}, {len(before)} parts were there, {len(touched)} made again, "
        f"{say_difference(read_rows(parts), wanted)}",
        flush=True,
    )


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=6000)
    parser.add_argument("--model", default="")
    parser.add_argument("--weights", default="none", help="a file, for pass")
    parser.add_argument("--only", nargs="+", default=["cost", "node", "command", "pass"])
    parser.add_argument("--repeats", type=int, default=2)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        images, model = place / "images", words.model or str(place / "network.keras")
        draw_images(images, words.images)
        if not words.model:
            build_network(Path(model))
        if "cost" in words.only:
            measure_cost(model, images, place, words.repeats)
        if {"node", "command"} & {*words.only}:
            time_predict([model, str(images), "--output", f"{place}/here/"])
        for name, kill in (("node", kill_node), ("command", kill_command)):
            if name in words.only:
                kill(model, images, place, read_rows(place / "here"))
        if "pass" in words.only:
            kill_in_pass(images, place, words.weights, words.repeats)


if __name__ == "__main__":
    main()
