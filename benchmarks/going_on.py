"""Measure what going on from given weights by images without labels is worth, and what it costs.

    python benchmarks/going_on.py --weights FILE bundled --train FOLDER/train --test FOLDER/test \
        -- --epochs 40 --side 64 --augment.flip false

What follows `--` goes to `python -m keras_transfer.pretrain --images`, which sees the images of
--train without their labels. Before and after, logistic regression (C = 0.01) on the standardised,
pooled features of the locked backbone at the same side: from all labels of --train, and from 10 a
class (mean of five draws), each measured on --test. A Markdown table: accuracies with Wilson's 95 %
intervals, p of McNemar's exact test against the start, seconds by the clock and of the processor.
"""

import argparse
import json
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from keras_transfer.config.messages import say_interval
from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.evaluation.metrics import wilson_interval
from keras_transfer.evaluation.significance import compare_pair
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.system.load_tensorflow import import_tensorflow

import_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from keras_transfer.models.run_model import build_classifier  # noqa: E402
from keras_transfer.zeroshot.linear_probe import draw_rows  # noqa: E402

C = 0.01
FEW, DRAWS = 10, 5  # labels a class, and how often they are drawn
HEADS = "start", "weights", "all labels", "95 % interval", "p", "10 a class", "clock", "processor"

Images = tuple[np.ndarray, np.ndarray]  # pixels (n, side, side, 3) uint8, labels (n,)


def read_images(folder: Path, side: int) -> Images:
    """Read class folders as squares."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    names = sorted({file.parent.name for file in files})
    stream = MODALITIES["image"].stream([str(file) for file in files], side, Preparation(), 256)
    pixels = np.concatenate([pixels for pixels, _ in stream])
    return pixels, np.array([names.index(file.parent.name) for file in files])


def read_features(backbone: str, choice: str, images: list[Images]) -> list[np.ndarray]:
    """Return the pooled features of each of some sets of images under some weights."""
    side = images[0][0].shape[1]
    config = TrainConfig(backbone=backbone, data=DataConfig(image_size=side))
    weights = find_weights(backbone, BACKBONES[backbone], choice)
    model = build_classifier(config, ("a", "b"), weights)
    features = keras.Model(model.input, model.get_layer("pool").output)
    return [
        features.predict(pixels.astype(np.float32), batch_size=128, verbose=0)
        for pixels, _ in images
    ]


def probe(features: list[np.ndarray], train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return which test images a regression on the training images has right, (n,) of bool."""
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=2000))
    return np.asarray(model.fit(features[0], train).predict(features[1]) == test)


def measure(features: list[np.ndarray], train: np.ndarray, test: np.ndarray) -> tuple:
    """Return what is right from all labels, and the mean accuracy from a few of them."""
    few = []
    for seed in range(DRAWS):
        rows = draw_rows(train, FEW, seed)
        few.append(probe([features[0][rows], features[1]], train[rows], test).mean())
    return probe(features, train, test), float(np.mean(few))


def go_on(words: list[str]) -> tuple[Path, float, float]:
    """Run the command; return the weights, seconds by the clock and of the processor."""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "keras_transfer.pretrain", *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Path(done.stdout.strip()), time.monotonic() - begun, spent


def main(words: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--backbone", choices=BACKBONES, default="mobilenetv3small")
    parser.add_argument("--weights", nargs="+", default=["bundled"], help="to go on from")
    parser.add_argument("--train", type=Path, required=True, help="class folders")
    parser.add_argument("--test", type=Path, required=True, help="class folders")
    parser.add_argument("--side", type=int, default=64, help="of the images, in pixels")
    parser.add_argument("more", nargs="*", help="options of pretrain, behind --")
    options = parser.parse_args(words)
    print("   ", shlex.join(["python", "benchmarks/going_on.py", *words]), end="\n\n")
    images = [read_images(folder, options.side) for folder in (options.train, options.test)]
    train, test = (labels for _, labels in images)
    print("|", " | ".join(HEADS), "|")
    print("| --- | --- |" + " ---: |" * (len(HEADS) - 2))
    for choice in options.weights:
        start = Path(choice).name
        right, few = measure(read_features(options.backbone, choice, images), train, test)
        print(describe(start, "before", right, few), flush=True)
        with tempfile.TemporaryDirectory() as folder:
            settings = {
                "backbone": options.backbone,
                "images": options.train,
                "weights": choice,
                "side": options.side,
                "output": folder,
            }
            given = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
            file, clock, spent = go_on([*given, *options.more])
            features = read_features(options.backbone, str(file), images)
            loss = json.loads(next(Path(folder).glob("*.card.json")).read_text())["loss"]
        after, few = measure(features, train, test)
        costs = f"{compare_pair(after, right):.2g}", f"{clock:.0f} s", f"{spent:.0f} s"
        print(describe(start, f"after, loss {loss:.3f}", after, few, *costs), flush=True)


def describe(start: str, which: str, right: np.ndarray, few: float, *costs: str) -> str:
    """Return a row of the table."""
    p, clock, spent = costs or ("", "", "")
    interval = say_interval(wilson_interval(int(right.sum()), len(right)))
    cells = start, which, f"{right.mean():.3f}", interval, p, f"{few:.3f}", clock, spent
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(sys.argv[1:])
