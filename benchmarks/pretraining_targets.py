"""Compare what a network could learn from drawn pictures, at equal minutes.

    python benchmarks/pretraining_targets.py --minutes 8 --data digits FOLDER FOLDER …

Each target trains mobilenetv3small from the same start on the same pictures for as many minutes of
processor time; then `benchmarks/linear_probe.py` measures its features. Set TF_NUM_INTRAOP_THREADS
and OMP_NUM_THREADS to 1 so that two comparisons can run side by side.

descriptors: `pretrain/descriptors.py`, what the bundled weights were taught. views: two
crops of one picture are alike, those of others are not (SimCLR, Chen et al. 2020).
"""

import argparse
import logging
import shlex
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from keras_transfer.system.load_tensorflow import import_tensorflow

import_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import ops  # noqa: E402
from linear_probe import build_features, load_images, probe  # noqa: E402

from keras_transfer.models.backbones.backbone_table import BACKBONES  # noqa: E402
from keras_transfer.pretrain.descriptors import DescriptorLoss  # noqa: E402
from keras_transfer.pretrain.fit_descriptors import build_pretrainer  # noqa: E402
from keras_transfer.pretrain.formula_pictures import draw_pictures  # noqa: E402
from keras_transfer.pretrain.picture_batches import (  # noqa: E402
    PictureBatches,
    disturb,
    recolour,
)

BACKBONE, RATE, DECAY, BATCH, SIDE = "mobilenetv3small", 2e-3, 0.01, 64, 96
PICTURES, DRAWN = 20_000, 112
TIMED = 40  # steps of which the time of one is measured, the first half left out
TEMPERATURE = 0.2  # of the views' similarities


class ViewLoss(keras.losses.Loss):
    """Contrast each crop with all others of the batch; its partner is half a batch away."""

    size = 128
    """How many numbers the network says of a crop, of which the likeness is computed."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the cross-entropy of choosing the partner, (batch,); `y_true` is nothing."""
        n = ops.shape(y_pred)[0]
        unit = ops.normalize(y_pred, axis=-1)
        similar = ops.matmul(unit, ops.transpose(unit)) / TEMPERATURE - 1e9 * ops.eye(n)
        partner = (ops.arange(n) + n // 2) % n
        return keras.losses.sparse_categorical_crossentropy(partner, similar, from_logits=True)


class ViewBatches(PictureBatches):
    """Two crops of each of half as many pictures."""

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng((self.seed, self._epoch, index))
        chosen = np.tile(self.chosen(index)[: BATCH // 2], 2)
        seen = disturb(random, recolour(random, self.crops(random, chosen)))
        return seen, np.zeros((BATCH, 1), np.float32)


def make_targets(pictures: np.ndarray) -> dict[str, tuple[PictureBatches, Any]]:
    """Return batches and loss of each target."""
    clear = PictureBatches(pictures, BATCH, SIDE, 0)
    return {
        "descriptors": (clear, DescriptorLoss(clear.sample(2048))),
        "views": (ViewBatches(pictures, BATCH, SIDE, 0), ViewLoss()),
    }


class Stopwatch(keras.callbacks.Callback):
    """Processor seconds of a step."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Start and stop the watch, then the training."""
        if batch == TIMED // 2:
            self.start = time.process_time()
        if batch == TIMED:
            self.seconds = (time.process_time() - self.start) / (TIMED - TIMED // 2)
            self.model.stop_training = True


def train(batches: PictureBatches, loss: Any, minutes: float) -> tuple[keras.Model, int]:
    """Return a backbone trained for so many minutes, and how many pictures it saw."""

    def build(steps: int) -> keras.Model:
        keras.utils.set_random_seed(0)
        return build_pretrainer(BACKBONES[BACKBONE], SIDE, loss, steps, RATE, DECAY)

    watch = Stopwatch()
    build(1000).fit(batches, steps_per_epoch=TIMED + 1, verbose=0, callbacks=[watch])
    steps = round(60 * minutes / watch.seconds)
    model = build(steps)
    for epoch, start in enumerate(range(0, steps, len(batches))):
        batches.start(epoch)
        model.fit(
            batches, steps_per_epoch=min(len(batches), steps - start), shuffle=False, verbose=0
        )
    return model.get_layer("backbone"), steps * BATCH


def main(words: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--minutes", type=float, default=8, help="processor time of each")
    parser.add_argument("--data", nargs="+", default=["digits"], help="digits, or folders")
    options = parser.parse_args(words)
    logging.disable(logging.INFO)
    print("   ", shlex.join(["python", "benchmarks/pretraining_targets.py", *words]), end="\n\n")
    sets = {Path(name).name: load_images(name, BACKBONE) for name in options.data}
    print("| target | pictures seen |", " | ".join(sets), "|")
    print("| --- |" + " ---: |" * (len(sets) + 1))
    for name, (batches, loss) in make_targets(draw_pictures(0, range(PICTURES), DRAWN)).items():
        backbone, seen = train(batches, loss, options.minutes)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "backbone.weights.h5"
            backbone.save_weights(file)
            features = build_features(BACKBONE, str(file), 0)
        found = [f"{probe(features, data):.3f}" for data in sets.values()]
        print(f"| {name} | {seen} |", " | ".join(found), "|", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
