"""Compare trainings on texts with the script that a user would write with KerasHub.

    python benchmarks/vs_keras_hub.py --dataset FOLDER --preset FOLDER --length 44

Both get the same sentences, weights, length of texts, batch size and epochs: three of the head on a
frozen encoder, or three of all layers. Each training is a fresh process, timed from its start to
its exit; which of the two goes first alternates from pair to pair. Printed are Markdown tables:
seconds, accuracy on the test sentences and peak memory of each, and how many times as long the
script took. FOLDER holds train.tsv, dev.tsv and test.tsv without headers, label<TAB>text.
"""

import argparse
import json
import re
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vs_keras_guide import Process, format_table, order_pair, run_process

EPOCHS, BATCH = 3, 32
RATES = {"frozen": 1e-3, "full": 2e-5}
STRATEGIES = {"frozen": "feature_extraction", "full": "full"}


def train_rival(words: Sequence[str]) -> None:
    """Train a `BertTextClassifier` as KerasHub's guide does, and print its test accuracy."""
    kind, dataset, preset, length, seed = words
    import keras
    import keras_hub
    import tensorflow as tf

    def read(split: str) -> tf.data.Dataset:
        lines = (Path(dataset) / f"{split}.tsv").read_text("utf-8").splitlines()
        labels, texts = zip(*(line.split("\t", 1) for line in lines if line), strict=True)
        data = tf.data.Dataset.from_tensor_slices((list(texts), [int(each) for each in labels]))
        return data.shuffle(len(texts), seed=int(seed)) if split == "train" else data

    keras.utils.set_random_seed(int(seed))
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor.from_preset(
        preset, sequence_length=int(length)
    )
    splits = {
        split: read(split).batch(BATCH).map(preprocessor, tf.data.AUTOTUNE).prefetch(2)
        for split in ("train", "dev", "test")
    }
    classifier = keras_hub.models.BertTextClassifier.from_preset(
        preset, num_classes=2, preprocessor=None
    )
    if kind == "frozen":
        classifier.backbone.trainable = False
    classifier.compile(
        optimizer=keras.optimizers.AdamW(RATES[kind], weight_decay=0.01),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    classifier.fit(splits["train"], validation_data=splits["dev"], epochs=EPOCHS, verbose=2)
    _, accuracy = classifier.evaluate(splits["test"], verbose=0)
    print(json.dumps({"test": accuracy}))


def train_ours(kind: str, options: argparse.Namespace, seed: int, folder: Path) -> list[str]:
    """Return our command for the same work."""
    epochs = {"frozen": (EPOCHS, 0), "full": (0, EPOCHS)}[kind]
    return [
        *("-m", "keras_transfer.train", "--dataset", str(options.dataset)),
        *("--backbone", f"hub:{options.preset}", "--strategy", STRATEGIES[kind]),
        *("--data.sequence_length", str(options.length), "--data.batch_size", str(BATCH)),
        *("--frozen.epochs", str(epochs[0]), "--finetune.epochs", str(epochs[1])),
        *("--output", str(folder), "--name", f"{kind}{seed}", "--seed", str(seed)),
    ]


def measure_pair(
    kind: str, options: argparse.Namespace, seed: int, folder: Path
) -> dict[str, tuple[Process, float]]:
    """Train both in turn; return what each took, and its accuracy on the test sentences."""
    rival = [__file__, "--rival", kind, options.dataset, options.preset, options.length, seed]
    commands = {"ours": train_ours(kind, options, seed, folder), "script": map(str, rival)}
    found = {}
    for turn in order_pair(seed):
        who = "ours" if turn == "ours" else "script"
        process = run_process([sys.executable, *commands[who]], folder / f"{kind}{who}{seed}.log")
        if who == "ours":
            metrics = json.loads((folder / f"{kind}{seed}" / "metrics.json").read_text("utf-8"))
            accuracy = metrics["splits"]["test"]["accuracy"]
        else:
            accuracy = json.loads(re.findall(r"^{.*}$", process.output, re.MULTILINE)[-1])["test"]
        found[who] = process, accuracy
    return found


def main() -> None:
    """Measure the pairs of both kinds, and print a table of each."""
    if sys.argv[1:2] == ["--rival"]:
        train_rival(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--dataset", type=Path, required=True, help="holds train, dev, test.tsv")
    parser.add_argument("--preset", required=True, help="a BERT preset of KerasHub, or its folder")
    parser.add_argument("--length", type=int, required=True, help="of a text, in tokens")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="seed of the first pair")
    parser.add_argument("--kinds", nargs="+", choices=list(RATES), default=list(RATES))
    options = parser.parse_args()
    for kind in options.kinds:
        rows = []
        with tempfile.TemporaryDirectory() as folder:
            for seed in range(options.first, options.first + options.pairs):
                pair = measure_pair(kind, options, seed, Path(folder))
                (ours, our_accuracy), (script, accuracy) = pair["ours"], pair["script"]
                ratio = script.seconds / ours.seconds
                numbers = [ratio, ours.seconds, script.seconds, our_accuracy, accuracy]
                rows.append([*numbers, ours.megabytes, script.megabytes])
        rows.append([statistics.median(column) for column in zip(*rows, strict=True)])
        names = [*map(str, range(options.first, options.first + options.pairs)), "median"]
        formats = [".2f", ".1f", ".1f", ".3f", ".3f", ".0f", ".0f"]
        cells = [[name, *map(format, row, formats)] for name, row in zip(names, rows, strict=True)]
        columns = ["seed", "script / ours seconds", "ours seconds", "script seconds"]
        columns += ["ours test", "script test", "ours megabytes", "script megabytes"]
        print(f"{kind}, {EPOCHS} epochs:", format_table(columns, cells), sep="\n\n", end="\n\n")


if __name__ == "__main__":
    main()
