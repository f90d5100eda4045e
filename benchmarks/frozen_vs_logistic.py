"""Compare the frozen phase of a run with logistic regression on the same frozen features.

    python benchmarks/frozen_vs_logistic.py RUN

The backbone of the run must have started from a weights file, which is read again. The features are
pooled from the unchanged training images; C is chosen by 5-fold cross-validation. Both are measured
on the run's validation split, so the difference can be counted in images.
"""

import sys

import keras
import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_transfer.config.pixels.preparation import find_preparation
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.images.decoding.graph_decoding import decode_square
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.run_model import build_classifier
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.run.load_settings import load_config
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import read_table


def main(path: str) -> None:
    """Print one line: accuracy of both and their difference in images."""
    run = Run.open(path)
    config = load_config(run.config_file)
    weights = find_weights(config.backbone, BACKBONES[config.backbone], config.weights)
    model = build_classifier(config, run.class_names(), weights)
    features = keras.Model(model.input, model.get_layer("pool").output)
    root = read_examples(config.source, config.data).root
    table = {name: np.array(cells) for name, cells in read_table(run.split_file).items()}

    def decode(file: tf.Tensor) -> tf.Tensor:
        pixels = decode_square(file, config.data.image_size, find_preparation(config.data))
        return tf.cast(pixels, tf.float32)

    def measure(split: str) -> tuple[np.ndarray, np.ndarray]:
        rows = table["split"] == split
        files = [str(root / name) for name in table["path"][rows]]
        pixels = tf.data.Dataset.from_tensor_slices(files).map(decode, tf.data.AUTOTUNE).batch(32)
        return features.predict(pixels, verbose=0), table["class"][rows]

    plain = LogisticRegressionCV(
        Cs=np.logspace(-4, 2, 13),
        cv=5,
        max_iter=5000,
        scoring="accuracy",
        use_legacy_attributes=False,
    )
    logistic = make_pipeline(StandardScaler(), plain).fit(*measure("train"))
    held_out, truth = measure("validation")
    theirs = int((logistic.predict(held_out) == truth).sum())
    phase = run.metrics()["phases"]["frozen"]
    ours = round(phase["validation_accuracy"] * len(truth))
    last = round(phase["last_validation_accuracy"] * len(truth))
    print(
        f"validation images {len(truth)}: logistic regression {theirs} right "
        f"({theirs / len(truth):.3f}), frozen phase best {ours} ({ours / len(truth):.3f}), "
        f"last {last} ({last / len(truth):.3f}); best is {ours - theirs:+d} images"
    )


if __name__ == "__main__":
    main(sys.argv[1])
