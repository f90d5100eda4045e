"""What a finished training says of itself: figures, metrics.json and the closing lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from keras_transfer.config.messages import count_of, name_some, say_interval
from keras_transfer.config.split_names import TARGET
from keras_transfer.data.data_report import UNEVEN
from keras_transfer.evaluation.class_scores import (
    list_confusions,
    score_classes,
    sort_weakest,
)
from keras_transfer.evaluation.domain_gap.gap_measures import DomainGap
from keras_transfer.evaluation.metrics import (
    classification_rows,
    says_top5,
    score,
    score_calibration,
    score_splits,
    wilson_interval,
)
from keras_transfer.run.history import History, summarize_phases
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import (
    Predictions,
    read_run_predictions,
    read_target_predictions,
)
from keras_transfer.run.run_directory import Run
from keras_transfer.system.terminal.notebook import is_notebook
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import quote_word, show_name

LOWEST = 20  # classes whose recall is shown
IN_METRICS = "in metrics.json"
PAIRS, WEAKEST = 10, 5  # pairs of classes that are confused most, and classes of the lowest F1


def measure_run(run: Run, history: History, temperature: float | None = None) -> dict[str, Any]:
    """Return the entries of metrics.json that say how good the run is.

    Args:
        run: Its predictions.csv is read.
        history: Its epochs.
        temperature: By which the model was scaled; None: it was not.
    """
    predictions = read_run_predictions(run)
    measured = {"phases": summarize_phases(history), "splits": score_splits(predictions)}
    if target := read_target_predictions(run):
        measured["splits"] |= {TARGET: score(target)}
    if temperature is None:
        return measured
    parts = {name: predictions.select(name) for name in predictions.split_names}
    return measured | {
        "calibration": {
            name: score_calibration(part.probabilities, part.truth, temperature)
            for name, part in parts.items()
        }
    }


def summarize_run(run: Run) -> str:
    """Return the closing lines: accuracy with its interval, what to type next, where the report is.

    Args:
        run: A finished run.
    """
    metrics, noun = run.metrics(), load_run_config(run).data.noun
    validation = metrics["splits"]["validation"]
    images = validation["images"]
    lines = [_draw_phases(metrics, images) + _explain_kept(metrics, images, noun)]
    lines.append(_draw_splits(metrics, run.class_names(), noun))
    for name, found in metrics.get("calibration", {}).items():
        before, after, temperature = found["before"], found["after"], found["temperature"]
        lines.append(
            f"Calibrated by temperature {temperature:.2f}: calibration error on {name} "
            f"{before:.3f} before, {after:.3f} after" + (" (worse)" if after > before else "")
        )
    lines += describe_adaptation(metrics)
    lines += _explain_imbalance(run)
    if "test" not in metrics["splits"]:
        lines.append(
            "There is no test split: validation also chose the epoch, so its accuracy "
            "flatters a little."
        )
    lines.append(f"Run: {show_name(str(run.path))}  ({metrics['seconds']['total']:.0f} s)")
    command = f"python -m keras_transfer.evaluate {quote_word(run.path)}"
    lines.append(f"Next: {'run.evaluate()' if is_notebook() else command}")
    if run.report_file.exists():
        lines.append(f"Report: {show_name(str(run.report_file))}")
    return "\n".join(lines)


def describe_adaptation(metrics: Mapping[str, Any]) -> list[str]:
    """Return what came of adapting to another domain, in lines; none where there is none."""
    if "adapt" not in metrics:
        return []
    found = metrics["adapt"]
    lines = [
        DomainGap(**found[name]).describe(f"{name} training")
        for name in ("before", "after")
        if name in found
    ]
    plain, target = found.get("unadapted_accuracy"), metrics["splits"].get(TARGET)
    if plain is not None and target:
        lines.append(
            f"adapt.method {found['method']}: on the target {plain:.3f} without its own statistics,"
            f" {target['accuracy']:.3f} with them"
        )
    lines.append(
        "Epochs were chosen by validation images of the source alone, not by labels of the target."
    )
    return lines


def describe_predictions(predictions: Predictions, noun: str = "image") -> str:
    """Return what evaluate prints: a row per class, what is confused, and the whole split."""
    columns = "class", "precision", "recall", "F1", "support"
    scores = score(predictions)
    images, accuracy, interval, macro_f1, error = _say_scores(scores)
    lines = [
        draw_table(columns, classification_rows(predictions)),
        *describe_confusions(predictions, noun),
        f"Split {predictions.split_names[0]}: {count_of(images, noun)}",
        f"accuracy {accuracy:.3f} (95 % interval {interval})",
        f"macro F1 {macro_f1:.3f}, expected calibration error {error:.3f}",
    ]
    if says_top5(predictions.class_names):
        lines.append(f"top-5 accuracy {scores['top5_accuracy']:.3f}")
    return "\n".join(lines)


def describe_confusions(predictions: Predictions, noun: str = "image") -> list[str]:
    """Return a table of the pairs that are confused most, and a line of the weakest classes."""
    pairs = list_confusions(predictions, PAIRS)
    if not pairs:
        return []
    rows = [(each.truth, each.prediction, each.images, each.share) for each in pairs]
    columns = "truth", "taken for", f"{noun}s", "share of the class"
    return ["", draw_table(columns, rows, "Confused most:"), "", name_weakest(predictions)]


def name_weakest(predictions: Predictions) -> str:
    """Return a line of the classes with the lowest F1, at most half of those that have images."""
    found = sort_weakest(score_classes(predictions))
    most = max(1, min(WEAKEST, len(found) // 2))
    weakest = [each for each in found[:most] if each.f1 < 1]
    names = [f"{each.name} {each.f1:.2f}" for each in weakest]
    alike = sum(each.f1 == weakest[-1].f1 for each in found[most:]) if weakest else 0
    more = f" and {alike:,} more with {weakest[-1].f1:.2f}" if alike else ""
    return f"Lowest F1: {name_some(names, most=WEAKEST)}{more}"


def _draw_phases(metrics: dict[str, Any], images: int) -> str:
    rows = []
    for name, phase in metrics["phases"].items():
        accuracy = phase["validation_accuracy"]
        others = (  # runs of earlier versions kept the highest
            phase.get("highest_validation_accuracy", accuracy),
            phase["last_validation_accuracy"],
        )
        rows.append(
            (
                name,
                f"{phase['best_epoch']} of {phase['epochs']}",
                f"{accuracy:.3f}",
                say_interval(wilson_interval(round(accuracy * images), images)),
                *(f"{other:.3f}" for other in others),
                f"{phase['seconds']:.1f}",
                "kept" if name == metrics["kept_phase"] else "",
            )
        )
    front = "phase", "weights of epoch", "val accuracy", "95 % interval"
    columns = *front, "highest", "last epoch", "seconds", ""
    return draw_table(columns, rows, drop=("seconds", "last epoch"), where=IN_METRICS)


def _explain_kept(metrics: dict[str, Any], images: int, noun: str) -> str:
    """Return a line where the kept phase is not the one of the highest accuracy."""
    found = {name: phase["validation_accuracy"] for name, phase in metrics["phases"].items()}
    kept, highest = metrics["kept_phase"], max(found, key=found.__getitem__)
    if not found[kept] < found[highest]:
        return ""
    return (
        f"\n{count_of(images, f'validation {noun}')} cannot tell {found[kept]:.3f} of {kept} from "
        f"{found[highest]:.3f} of {highest}: the later phase is kept\n"
    )


def _draw_splits(metrics: dict[str, Any], class_names: Sequence[str], noun: str) -> str:
    columns = ["split", f"{noun}s", "accuracy", "95 % interval", "macro F1", "calibration error"]
    rows = [[name, *_say_scores(scores)] for name, scores in metrics["splits"].items()]
    if says_top5(class_names):
        columns.insert(4, "top-5")
        for row, scores in zip(rows, metrics["splits"].values(), strict=True):
            row.insert(4, scores.get("top5_accuracy"))
    return draw_table(columns, rows, drop=("calibration error", "macro F1"), where=IN_METRICS)


def _say_scores(scores: dict[str, Any]) -> tuple[Any, ...]:
    interval = say_interval(scores["accuracy_interval"])
    error = scores["expected_calibration_error"]
    return scores["images"], scores["accuracy"], interval, scores["macro_f1"], error


def _explain_imbalance(run: Run) -> list[str]:
    """Return each class's recall where the largest class has many more images than the smallest."""
    counts = Counter(run.split_table()["class"]).values()
    if max(counts) <= UNEVEN * min(counts):
        return []
    predictions = read_run_predictions(run)
    rows = classification_rows(predictions.select(predictions.split_names[-1]))
    found = sorted((row[2], row[0]) for row in rows if row[4])
    recalls = ", ".join(f"{name} {recall:.2f}" for recall, name in found[:LOWEST])
    which = f"the {LOWEST} lowest of {len(found)}" if len(found) > LOWEST else "each"
    return [f"Classes differ in size, so look at the recall of {which}: {recalls}"]
