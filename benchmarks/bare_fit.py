"""Compare trainings in which nothing is kept with a bare `fit` over arrays in memory.

    python benchmarks/bare_fit.py --dataset FOLDER --weights FILE [--only NAME] [--pairs 3]

`full`, `from_scratch`, and `strong`: two phases whose every epoch has new views. The rival builds
the network that our run trained, with the same compiled step, from its config.yaml, and fits it
over decoded squares in memory: `from_tensor_slices`, `shuffle`, `batch`, our augmentation in a
batched `map`, `prefetch`; it writes no checkpoint, no history and no progress. Each training is a
fresh process; which of the two goes first alternates after the first pair. Both print a line when
an epoch is over, and the clock runs from the first such line of a phase to its last: whole epochs,
validation and all that we do between them, without tracing and the first epoch.

Printed are Markdown tables: training images per second of both, and what each part could do alone
on the same machine: the step on one batch that stays, batches of augmented images, decoding.
"""

import argparse
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from vs_keras_guide import WARM_UP, build_tree, format_table, run_process, split_words

SETTINGS = {  # name -> our options; {} is the number of epochs of each phase
    "full": "--strategy full --frozen.epochs 0 --finetune.epochs {}",
    "from_scratch": "--strategy from_scratch --frozen.epochs 0 --finetune.epochs {}",
    "strong": "--augment.preset strong --frozen.epochs {} --finetune.epochs {}",
}
EPOCH = re.compile(r"^(\w+) +epoch +\d+/\d+ ")
STEPS, WARM = 20, 5  # that are measured alone, and that go before


def time_epochs(command: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Run a training to its end; return what `average_epochs` makes of it.

    Args:
        command: Prints a line like "finetune epoch  2/5  …" when an epoch is over.
    """
    ends: dict[str, list[tuple[float, float]]] = {}
    said = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := EPOCH.match(line):
                used = sum(psutil.Process(process.pid).cpu_times()[:2])
                ends.setdefault(found[1], []).append((time.perf_counter(), used))
    if process.returncode:
        sys.exit(f"{''.join(said[-20:])}error: exit status of {shlex.join(command)}")
    return average_epochs(ends)


def average_epochs(
    ends: Mapping[str, Sequence[tuple[float, float]]],
) -> dict[str, tuple[float, float]]:
    """Return mean seconds of an epoch after the first, for each phase.

    Args:
        ends: For each phase what the clock said when each epoch was over, in seconds, and what the
            cores had worked by then together; of two epochs or more.

    Returns:
        For each phase seconds of the clock, and of the cores together.
    """
    means = {}
    for name, when in ends.items():
        (began, idle), (ended, used) = when[0], when[-1]
        means[name] = ((ended - began) / (len(when) - 1), (used - idle) / (len(when) - 1))
    return means


def open_training(path: str) -> Any:
    """Return the training of a finished run, its model built anew and its images decoded."""
    import numpy as np

    from keras_transfer.data.run_examples import inspect_again, list_examples, read_source
    from keras_transfer.modalities.table import choose_modality
    from keras_transfer.models.backbones.backbone_table import BACKBONES
    from keras_transfer.models.run_model import build_classifier
    from keras_transfer.models.weights.pretrained_weights import find_weights
    from keras_transfer.run.load_settings import load_run_config
    from keras_transfer.run.run_directory import Run
    from keras_transfer.training.plan.strategies import plan_phases
    from keras_transfer.training.plan.training_parts import Training

    run = Run.open(path)
    config = load_run_config(run)
    modality = choose_modality(config)
    examples = list_examples(run, read_source(config, modality))
    findings, _ = inspect_again(examples, run, modality)
    data = modality.hold_splits(examples, config, 0, findings)
    for name in ("train", "validation"):
        squares = [images.numpy().astype("uint8") for images, _ in data.clean_batches(name)]
        data = data.with_decoded(name, np.concatenate(squares))
    row = BACKBONES[config.backbone]
    weights = find_weights(config.backbone, row, str(config.weights))
    model = build_classifier(config, data.class_names, weights)
    phases = plan_phases(config, row)
    return Training(model=model, phases=phases, data=data, config=config, run=run)


def take_arrays(data: Any, name: str) -> tuple[Any, Any]:
    """Return the squares of a split, (n, side, side, 3) uint8, and labels, one-hot float32."""
    import numpy as np

    split = data.splits[name]
    return split.pixels, np.eye(len(data.class_names), dtype="float32")[split.labels]


def batch_bare(training: Any) -> Any:
    """Return endless augmented batches, as one would write them."""
    import tensorflow as tf

    from keras_transfer.images.augmentation.augment_batch import augment_batch
    from keras_transfer.images.augmentation.view_draws import DRAWS

    data, change = training.data, augment_batch(training.data.augmentation)

    def augment(images: Any, labels: Any) -> tuple[Any, Any]:
        draws = tf.random.uniform((tf.shape(images)[0], DRAWS))
        return change(tf.cast(images, tf.float32), draws), labels

    squares, labels = take_arrays(data, "train")
    dataset = tf.data.Dataset.from_tensor_slices((squares, labels)).shuffle(len(squares))
    dataset = dataset.batch(data.batch_size)
    return dataset.map(augment, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def fit_bare(path: str) -> None:
    """Train as the run did, by a bare `fit` a phase, and say when each epoch is over."""
    import keras

    from keras_transfer.training.fit_phase import compile_part, set_flags

    training = open_training(path)
    squares, labels = take_arrays(training.data, "validation")
    held_out, model = (squares.astype("float32"), labels), training.model
    batches = batch_bare(training)
    for phase in training.phases:
        set_flags(model, phase, training.config)
        compile_part(model, phase, training.data.steps, training)

        def tell(epoch: int, logs: Any, phase: Any = phase) -> None:
            print(f"{phase.name} epoch {epoch + 1}/{phase.epochs} {logs}", flush=True)

        told = keras.callbacks.LambdaCallback(on_epoch_end=tell)
        model.fit(
            batches,
            validation_data=held_out,
            validation_batch_size=training.data.batch_size,
            epochs=phase.epochs,
            callbacks=[told],
            verbose=0,
        )


def measure_limits(path: str) -> None:
    """Print a table: images per second of each part of a run's training, alone."""
    import tensorflow as tf

    from keras_transfer.training.fit_phase import compile_part, set_flags

    training = open_training(path)
    data, model = training.data, training.model
    cells = {}
    first = next(iter(batch_bare(training)))
    fixed = tf.data.Dataset.from_tensors(first).repeat(STEPS)
    for phase in training.phases:
        set_flags(model, phase, training.config)
        compile_part(model, phase, data.steps, training)
        model.fit(fixed, shuffle=False, verbose=0)  # traces
        started = time.perf_counter()
        model.fit(fixed, shuffle=False, verbose=0)
        rate = STEPS * len(first[0]) / (time.perf_counter() - started)
        cells[f"step of {phase.name}"] = rate
    cells["our batches"] = measure(data.training_batches("finetune", STEPS * len(first[0])))
    cells["bare batches"] = measure(batch_bare(training).repeat())
    undecoded = data.with_decoded("train", None)
    cells["decoding"] = measure(undecoded.clean_batches("train").repeat())
    print(format_table(list(cells), [[f"{rate:.0f}" for rate in cells.values()]]))


def measure(dataset: Any) -> float:
    """Return images per second of endless batches, once they flow."""
    batches = iter(dataset)
    for _ in range(WARM):
        next(batches)
    started = time.perf_counter()
    images = sum(len(next(batches)[0]) for _ in range(STEPS))
    return images / (time.perf_counter() - started)


def compare(name: str, options: argparse.Namespace, extra: Sequence[str], folder: Path) -> None:
    """Train one of `SETTINGS` by both, in turn, and print its tables."""
    tree, found = folder / "images", []
    words = SETTINGS[name].replace("{}", str(options.epochs)).split()
    ours = [sys.executable, "-m", "keras_transfer.train", "--dataset", str(tree), *words]
    ours += ["--backbone", options.backbone, "--optimizer.patience", "0", *extra]
    if name != "from_scratch":
        ours += ["--weights", options.weights]
    for pair in range(options.pairs):
        run = folder / f"{name}{pair}"
        place = ["--output", str(folder), "--name", run.name]
        commands = {
            "ours": [*ours, *place],
            "bare": [sys.executable, __file__, "--bare", str(folder / f"{name}0")],
        }
        order = ("ours", "bare") if pair % 2 == 0 else ("bare", "ours")
        found.append({who: time_epochs(commands[who]) for who in order})
        print(name, found[-1], file=sys.stderr)
    print_pairs(name, found, options.images["train"])
    limits = [sys.executable, __file__, "--limits", str(folder / f"{name}0")]
    table = run_process(limits, folder / "limits.log").output.splitlines()
    print(f"Each part of {name} alone, images/s:\n", *table[-3:], sep="\n", end="\n\n")


def print_pairs(name: str, found: Sequence[dict[str, dict[str, float]]], images: int) -> None:
    """Print images per second of both in each phase, the medians of the pairs."""
    rows = []
    for phase in found[0]["ours"]:
        pairs = [[*pair["ours"][phase], *pair["bare"][phase]] for pair in found]
        ours, our_cores, bare, bare_cores = map(statistics.median, zip(*pairs, strict=True))
        ratios = [pair[2] / pair[0] for pair in pairs]
        rates = [f"{images / ours:.1f}", f"{images / bare:.1f}", f"{statistics.median(ratios):.3f}"]
        span = f"{min(ratios):.3f} to {max(ratios):.3f}"
        rows.append([name, phase, *rates, span, f"{our_cores:.2f}", f"{bare_cores:.2f}"])
    columns = ["training", "phase", "ours, images/s", "bare fit", "ours / bare", "of the pairs"]
    columns += ["ours, core s an epoch", "bare fit"]
    print(format_table(columns, rows), end="\n\n", flush=True)


def main(words: list[str]) -> None:
    if words[:1] in (["--bare"], ["--limits"]):
        from keras_transfer.system.load_tensorflow import import_tensorflow

        import_tensorflow()
        (fit_bare if words[0] == "--bare" else measure_limits)(words[1])
        return
    own, extra = split_words(words)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--dataset", type=Path, required=True, help="holds train/, val/ or test/")
    parser.add_argument("--weights", required=True, help="a file, or none")
    parser.add_argument("--backbone", default="mobilenetv3small")
    parser.add_argument("--only", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--epochs", type=int, default=5, help="of each phase, 2 or more")
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args(own)
    if options.epochs < 2 or options.pairs < 1:
        parser.error("--epochs must be 2 or more, --pairs 1 or more")
    print("   ", shlex.join(["python", "benchmarks/bare_fit.py", *words]), end="\n\n")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        options.images = build_tree(options.dataset, folder / "images")
        run_process(WARM_UP, folder / "warm_up.log")
        for name in options.only:
            compare(name, options, extra, folder)


if __name__ == "__main__":
    main(sys.argv[1:])
