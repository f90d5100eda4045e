"""Measure BYOL, the rival of the loss that `pretrain --images` has, on the same terms.

    python benchmarks/byol.py --weights FILE --train FOLDER/train --test FOLDER/test --epochs 20

A second network, a moving average of the first one, says what the first one must predict of the
other view (Grill et al. 2020). Images, views, batches, projection, optimizer, schedule, probe and
table are those of `benchmarks/going_on.py`.
"""

import argparse
import dataclasses
import math
import shlex
import sys
import tempfile
import time
from pathlib import Path

from going_on import HEADS, describe, measure, read_features, read_images

from keras_transfer.evaluation.significance import compare_pair
from keras_transfer.modalities.table import MODALITIES
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.pretrain.self_supervised.self_supervised_settings import (
    VIEWS,
    SelfSupervisedConfig,
)
from keras_transfer.pretrain.self_supervised.unlabelled_images import find_images, hold_images
from keras_transfer.system.load_tensorflow import import_tensorflow

import_tensorflow()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from keras_transfer.pretrain.fit_epochs import compile_pretrainer  # noqa: E402
from keras_transfer.pretrain.self_supervised.contrastive_model import (  # noqa: E402
    HIDDEN,
    PROJECTED,
    build_contrastive,
)


class Follow(keras.callbacks.Callback):
    """Move the target towards the online network after each step; `tau` rises to 1."""

    def __init__(self, online: keras.Model, target: keras.Model, tau: float, steps: int) -> None:
        super().__init__()
        self._pairs = list(zip(target.weights, online.weights, strict=True))
        self._tau, self._steps, self._step = tau, steps, 0

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        """Equation 2 of the paper, and its schedule of tau."""
        share = (math.cos(math.pi * self._step / self._steps) + 1) / 2
        self._step += 1
        self._move(tf.constant(1 - (1 - self._tau) * share, tf.float32))

    @tf.function
    def _move(self, tau: tf.Tensor) -> None:
        for mine, other in self._pairs:
            mine.value.assign(mine.value * tau + other.value * (1 - tau))


class Beside(keras.layers.Layer):
    """What is predicted beside what it should be, which takes no gradient."""

    def call(self, pair: list[tf.Tensor]) -> tf.Tensor:
        """Return (n, 2 * size)."""
        return tf.concat([pair[0], tf.stop_gradient(pair[1])], axis=1)


def lose(numbers: tf.Tensor, beside: tf.Tensor) -> tf.Tensor:
    """Return the squared distance of unit vectors, each to the target of the other view, (n,)."""
    said, target = (tf.math.l2_normalize(part, 1) for part in tf.split(beside, 2, axis=1))
    pairs = tf.reshape(target, (-1, 2, target.shape[1]))
    other = tf.reshape(tf.reverse(pairs, [1]), tf.shape(target))  # views of an image are neighbours
    return 2 - 2 * tf.reduce_sum(said * other, axis=1)


def lock_but_statistics(network: keras.Model) -> None:
    """Lock a network whose BatchNorm normalises by the batch all the same, as in the paper."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            lock_but_statistics(layer)
        else:
            layer.trainable = isinstance(layer, keras.layers.BatchNormalization)


def build_byol(
    config: SelfSupervisedConfig, online: keras.Model, steps: int
) -> tuple[keras.Model, keras.Model]:
    """Return the compiled network of both, and the target."""
    target = keras.models.clone_model(keras.Model(online.input, online.output))  # not compiled
    target.set_weights(online.get_weights())
    lock_but_statistics(target)
    x = keras.layers.Dense(HIDDEN, use_bias=False)(online.output)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(x))
    said = keras.layers.Dense(PROJECTED)(x)
    model = keras.Model(online.input, Beside()([said, target(online.input)]))
    compile_pretrainer(model, lose, steps, config.learning_rate, config.weight_decay)
    return model, target


def go_on(config: SelfSupervisedConfig, tau: float, file: Path) -> float:
    """Go on, write the backbone's weights, and return the last loss."""
    training, modality = config.as_training(), MODALITIES["image"]
    data = hold_images(find_images(config.images, training, modality), training, modality)
    steps = len(data.splits["train"]) // config.batch_size
    weights = find_weights(config.backbone, BACKBONES[config.backbone], config.weights)
    online = build_contrastive(config, weights, steps)
    model, target = build_byol(config, online, steps * config.epochs)
    found = model.fit(
        data.pair_batches("pretrain", config.epochs),
        epochs=config.epochs,
        steps_per_epoch=steps,
        callbacks=[Follow(online, target, tau, steps * config.epochs)],
        shuffle=False,
        verbose=0,
    )
    online.get_layer("backbone").save_weights(file)
    return found.history["loss"][-1]


def main(words: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--backbone", choices=BACKBONES, default="mobilenetv3small")
    parser.add_argument("--weights", required=True, help="to go on from")
    parser.add_argument("--train", type=Path, required=True, help="class folders")
    parser.add_argument("--test", type=Path, required=True, help="class folders")
    parser.add_argument("--side", type=int, default=64, help="of the images, in pixels")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--learning_rate", type=float, default=1e-3)
    parser.add_argument("--tau", type=float, default=0.96, help="share of the target that stays")
    options = parser.parse_args(words)
    print("   ", shlex.join(["python", "benchmarks/byol.py", *words]), end="\n\n")
    images = [read_images(folder, options.side) for folder in (options.train, options.test)]
    features = read_features(options.backbone, options.weights, images)
    right, few = measure(features, images[0][1], images[1][1])
    print("|", " | ".join(HEADS), "|")
    print("| --- | --- |" + " ---: |" * (len(HEADS) - 2))
    start = Path(options.weights).name
    print(describe(start, "before", right, few), flush=True)
    config = SelfSupervisedConfig(
        images=str(options.train),
        backbone=options.backbone,
        weights=options.weights,
        epochs=options.epochs,
        side=options.side,
        learning_rate=options.learning_rate,
        augment=dataclasses.replace(VIEWS, flip=False),
    )
    begun, spent = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "byol.weights.h5"
        loss = go_on(config, options.tau, file)
        clock, spent = time.monotonic() - begun, time.process_time() - spent
        features = read_features(options.backbone, str(file), images)
    after, few = measure(features, images[0][1], images[1][1])
    costs = f"{compare_pair(after, right):.2g}", f"{clock:.0f} s", f"{spent:.0f} s"
    print(describe(start, f"after, loss {loss:.3f}", after, few, *costs))


if __name__ == "__main__":
    main(sys.argv[1:])
