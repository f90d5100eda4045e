"""Measure what one image costs in every pass, by backbone and by boundary, and test the estimate.

    python benchmarks/cost_per_image.py --backbones mobilenetv3small efficientnetb0 resnet50

Printed are Markdown tables: what `estimate` measures, and the bytes and the share of the forward
pass below each boundary at which activations can be kept. With --train N a training on N drawn
images, in a process of its own, is held against its estimate. All are processor seconds, of all
threads together, as other programs may run beside it; what an image costs is the best of several
rounds. A busy machine makes them longer all the same, as its cores share caches.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from scaling import draw_images, link_subset
from vs_keras_guide import format_table

COSTS = ("inspect", "decode", "augment", "forward", "head")


def estimate(backbone: str, *words: str) -> dict[str, Any]:
    """Return what `estimate --json` says of a backbone."""
    command = [sys.executable, "-m", "keras_transfer.estimate", "--json", "--backbone", backbone]
    done = subprocess.run([*command, *words], check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout))


def list_boundaries(backbone: str) -> list[list[str]]:
    """Return block, shape, bytes of a view, and the share of the forward pass below each block."""
    import math

    from keras_transfer.models.backbones.find_backbone import find_backbone
    from keras_transfer.models.build_model import build_backbone
    from keras_transfer.models.cuts import find_cut, find_frontiers
    from keras_transfer.training.cost.layer_work import count_work

    row = find_backbone(backbone)
    network = build_backbone(row, row.image_size)
    whole, frontiers = count_work(network.layers).products, find_frontiers(network)
    rows = []
    for block, boundary in row.blocks.items():
        cut = find_cut(network, boundary) if boundary else None
        if cut is None:
            continue
        sides = frontiers[cut.layer].shape[1:]
        below = count_work(network.layers[: cut.layer]).products / whole
        shown = f"{block} (default)" if block == row.default_boundary else block
        kilobytes = 2 * math.prod(sides) / 1000  # float16
        rows.append([shown, " x ".join(map(str, sides)), f"{kilobytes:.0f}", f"{below:.0%}"])
    channels = network.output.shape[-1]
    return [*rows, ["the head alone", str(channels), f"{4 * channels / 1000:.0f}", "100%"]]


def lock_layers(backbone: str) -> list[str]:
    """Return the words that lock the default layers: with random weights none would be."""
    from keras_transfer.models.backbones.find_backbone import find_backbone

    return ["--finetune.locked_layers", str(find_backbone(backbone).default_boundary)]


def train(backbone: str, images: Path, count: int, folder: Path) -> tuple[float, dict[str, float]]:
    """Return the processor seconds of a training, and the seconds by the clock of its parts."""
    tree = folder / f"tree-{backbone}"
    link_subset(images, count, tree)
    run = folder / backbone
    command = [sys.executable, "-m", "keras_transfer.train", "--backbone", backbone, "--weights"]
    command += ["none", "--strategy", "two_phase", "--epochs", "2", "--dataset", str(tree)]
    command += ["--optimizer.patience", "0", "--output", str(folder), "--name", backbone]
    command += lock_layers(backbone)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=sys.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    parts = json.loads((run / "metrics.json").read_text("utf-8"))["seconds"]
    return used, parts


def print_costs(backbones: list[str]) -> None:
    """Print milliseconds of all cores together, and kilobytes of a file."""
    from keras_transfer.config.layers import merge_layers
    from keras_transfer.estimate.measured_costs import as_numbers, measure_costs
    from keras_transfer.system.machine import count_cores

    rows = []
    for backbone in backbones:
        found = measure_costs(merge_layers({"backbone": backbone}), None)
        costs, side = as_numbers(found.costs), found.model.input.shape[1]
        cells = [f"{1e3 * count_cores() * costs[name]:.2f}" for name in COSTS]
        rows.append([f"{backbone}, {side}", *cells, f"{costs['size'] / 1e3:.0f}"])
        print(rows[-1], file=sys.stderr, flush=True)
    columns = ["backbone, pixels", *(f"{name}, ms" for name in COSTS), "file, kB"]
    print(format_table(columns, rows), end="\n\n")


def print_trainings(backbones: list[str], count: int) -> None:
    """Print processor seconds of trainings and what was estimated for them."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["KERAS_TRANSFER_CACHE"] = str(folder / "cache")
        draw_images(count, folder / "images")
        for backbone in backbones:
            words = ["--epochs", "2", "--data.test_fraction", "0", "--images", str(count)]
            words += ["--data.validation_fraction", "0.2", *lock_layers(backbone)]
            said = estimate(backbone, *words)
            used, parts = train(backbone, folder / "images", count, folder)
            computed = said["cores"] * said["sizes"][0]["seconds"]
            clock = ", ".join(f"{name} {value:.0f}" for name, value in parts.items())
            ratio = f"{computed / used:.2f}"
            rows.append([backbone, f"{computed:.0f}", f"{used:.0f}", ratio, clock])
    columns = ["backbone", "estimated, s", "used, s", "ratio", "by the clock"]
    print(format_table(columns, rows))


def main(words: list[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    usual = ["mobilenetv3small", "efficientnetb0", "resnet50"]
    parser.add_argument("--backbones", nargs="+", default=usual)
    parser.add_argument("--train", type=int, default=0, metavar="N", help="images; 0: none")
    options = parser.parse_args(words)
    print_costs(options.backbones)
    for backbone in options.backbones:
        columns = ["first that learns", "activations", "kB a view", "of the forward pass below"]
        print(f"{backbone}:\n\n{format_table(columns, list_boundaries(backbone))}", end="\n\n")
    if options.train:
        print_trainings(options.backbones, options.train)


if __name__ == "__main__":
    main(sys.argv[1:])
