"""Measure how much a backbone's features know before anything is trained.

    python benchmarks/linear_probe.py --weights none bundled FILE --data digits FOLDER FOLDER …

For each data set: pooled features of the locked backbone at 160 pixels, standardised, logistic
regression with C = 0.01 on all images that are not held out, accuracy on the test split (validation
where there is none). For random weights the mean of three initialisations. A Markdown table: a row
per data set, a column per choice of weights.
"""

import argparse
import logging
import shlex
import sys
import tempfile
from pathlib import Path

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import choose_split
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.training_data import TrainingData
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.run.run_directory import Run
from keras_transfer.system.load_tensorflow import import_tensorflow

import_tensorflow()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

from keras_transfer.data.load_splits import load_splits  # noqa: E402
from keras_transfer.models.run_model import build_classifier  # noqa: E402
from keras_transfer.models.weights.pretrained_weights import find_weights  # noqa: E402

SIDE, C = 160, 0.01
STARTS = 3  # initialisations of random weights


def load_images(dataset: str, backbone: str) -> TrainingData:
    """Read a data set whose splits are as training would have them."""
    with tempfile.TemporaryDirectory() as place:
        config = TrainConfig(
            backbone=backbone,
            dataset=dataset,
            output=Path(place),
            data=DataConfig(image_size=SIDE, batch_size=64),
        )
        modality = choose_modality(config)
        found = load_splits(config, modality, Run.create(config))
        data = modality.hold_splits(found[0], config, SIDE, found[1])
    return data


def build_features(backbone: str, choice: str, seed: int) -> keras.Model:
    """Return the network from raw pixels to pooled features."""
    keras.utils.set_random_seed(seed)
    config = TrainConfig(backbone=backbone, data=DataConfig(image_size=SIDE))
    weights = find_weights(backbone, BACKBONES[backbone], choice)
    model = build_classifier(config, ("a", "b"), weights)
    return keras.Model(model.input, model.get_layer("pool").output)


def probe(features: keras.Model, data: TrainingData) -> float:
    """Return the accuracy of a logistic regression on the features."""
    held = choose_split(data.splits)
    found = {name: features.predict(data.clean_batches(name), verbose=0) for name in data.splits}
    trained = [name for name in data.splits if name != held]
    fitted = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=2000)).fit(
        np.concatenate([found[name] for name in trained]),
        np.concatenate([data.splits[name].labels for name in trained]),
    )
    return float(fitted.score(found[held], data.splits[held].labels))


def main(words: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--backbone", choices=BACKBONES, default="mobilenetv3small")
    parser.add_argument("--weights", nargs="+", default=["none", "bundled"])
    parser.add_argument("--data", nargs="+", default=["digits"], help="digits, or folders")
    options = parser.parse_args(words)
    logging.disable(logging.INFO)
    print("   ", shlex.join(["python", "benchmarks/linear_probe.py", *words]), end="\n\n")
    sets = {Path(name).name: load_images(name, options.backbone) for name in options.data}
    columns = {}
    for choice in options.weights:
        starts = range(STARTS) if choice == "none" else range(1)
        networks = [build_features(options.backbone, choice, seed) for seed in starts]
        columns[Path(choice).name] = {
            name: np.mean([probe(network, data) for network in networks])
            for name, data in sets.items()
        }
    print("|", options.backbone, "|", " | ".join(columns), "|")
    print("| --- |" + " ---: |" * len(columns))
    for name in sets:
        print("|", name, "|", " | ".join(f"{c[name]:.3f}" for c in columns.values()), "|")


if __name__ == "__main__":
    main(sys.argv[1:])
