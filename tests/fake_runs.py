"""Finished runs without a training, as the tests of comparisons read them."""

import csv
import json
from pathlib import Path

HISTORY = "phase,epoch,learning_rate,loss,accuracy,val_loss,val_accuracy,seconds".split(",")  # noqa: SIM905


METRICS = {
    "backbone": "tiny",
    "weights": "none",
    "weights_sha256": None,
    "kept_phase": "frozen",
    "phases": {},
    "splits": {
        "validation": {
            "images": 1,
            "accuracy": 1.0,
            "accuracy_interval": [0.2, 1.0],
            "macro_f1": 1.0,
            "expected_calibration_error": 0.0,
        }
    },
    "parameters": {"total": 100, "trainable": 100},
    "seconds": {"total": 10.0},
}


def finish(run, **metrics):
    """Write what every finished run has, metrics.json with these entries."""
    run.class_names_file.write_text("a\nb\n")
    if not run.model_file.exists():
        run.model_file.touch()
    run.finish(METRICS | metrics)


def write_table(file, columns, rows):
    with file.open("w", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([columns, *rows])


def write_run(
    path,
    right,
    *,
    test=None,
    target=None,
    weights="file",
    seconds=10.0,
    split=b"",
    curve=None,
    reused=None,
):
    """Write what a comparison reads of a finished run.

    Args:
        path: The run directory.
        right: Whether each validation image was classified correctly.
        test: The same for test images; None: there is no test split.
        target: Accuracy on labelled images of another domain; None: there are none.
        weights: Their kind.
        seconds: In all.
        split: Content of split.csv.
        curve: Accuracy on validation by epoch.
        reused: Whether activations of an earlier run were used; None: it does not say, as runs of
            the former version.
    """
    run = Path(path)  # no import of the package: fake_train.py starts often
    run.mkdir(parents=True, exist_ok=True)
    (run / "class_names.txt").write_text("a\nb\n")
    (run / "split.csv").write_bytes(split)
    rows, splits = [], {}
    for name, answers in (("validation", right), ("test", test)):
        if answers is None:
            continue
        for index, answer in enumerate(answers):
            said = ("a", 0.9, 0.1) if answer else ("b", 0.1, 0.9)
            rows.append((f"{name}/{index:04}.png", name, "a", *said))
        share = sum(answers) / len(answers)
        interval = [share / 2, (1 + share) / 2]
        measured = {"accuracy": share, "accuracy_interval": interval}
        splits[name] = METRICS["splits"]["validation"] | measured
    if target is not None:
        splits["target"] = splits["validation"] | {"accuracy": target}
    columns = ("path", "split", "truth", "prediction", "probability_a", "probability_b")
    write_table(run / "predictions.csv", columns, rows)
    epochs = enumerate(curve or [splits["validation"]["accuracy"]], 1)
    history = [("frozen", i, 0.1, 0.5, 0.5, 0.5, value, 1.0) for i, value in epochs]
    write_table(run / "history.csv", HISTORY, history)
    metrics = METRICS | {"weights": weights, "splits": splits, "seconds": {"total": seconds}}
    if reused is not None:
        metrics["cache"] = {"reused": reused}
    (run / "metrics.json").write_text(json.dumps(metrics))


def write_comparison(path, rows, others=None, **settings):
    """Write a comparison as far as its page reads it, and return it.

    Args:
        path: Its folder, which is made.
        rows: (strategy, backbone, seed, what it came to, *cells of `others`). It came to whether
            each validation image was classified correctly, or to a status in words.
        others: Settings that `grid` has lists of, to their values.
        **settings: Of the comparison.
    """
    from keras_transfer.compare.columns import list_columns
    from keras_transfer.compare.comparison_directory import Comparison
    from keras_transfer.compare.grid import read_grid

    lists = {"strategies": 0, "backbones": 1, "seeds": 2}
    listed = {name: [*dict.fromkeys(row[place] for row in rows)] for name, place in lists.items()}
    place = {"output": str(path.parent), "name": path.name, "weights": "none"}
    grid = read_grid({"grid": others or {}} | listed | place | settings)
    comparison, lines = Comparison.create(grid), []
    for index, (strategy, backbone, seed, came_to, *cells) in enumerate(rows):
        run, status, numbers = f"runs/{backbone} #{index}", came_to, [""] * 9
        if not isinstance(came_to, str):
            seconds, share = 10.0 * (index + 1), sum(came_to) / len(came_to)
            write_run(path / run, came_to, test=came_to, seconds=seconds, curve=[share / 2, share])
            status, numbers = "finished", [share, 0, 1, share, "", 1000, seconds, 900 + index, ""]
        known = strategy, backbone, "standard", "cosine", "align", seed
        lines.append([*known, status, *numbers, run, *cells])
    write_table(comparison.results_file, list_columns([*(others or {})]), lines)
    return comparison
