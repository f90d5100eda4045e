"""The folder that a call leaves, and what is said of it on a terminal and as JSON."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import count_of, say_interval
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.evaluation.metrics import says_top5
from keras_transfer.run.run_files import ZEROSHOT_FILE, RunFiles
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.files.output_folder import Newness, opening
from keras_transfer.system.terminal.short_names import keep_end
from keras_transfer.system.terminal.text_tables import draw_table
from keras_transfer.system.terminal.visible_text import quote_word, show_name

PROMPTS_FILE, PROBE_FILE, PROBE_FIGURE = "prompts.json", "probe.csv", "probe.png"
WIDEST = 60  # columns of the preset's name
STEM = "zeroshot"  # how the name of a folder begins that nobody chose
NEW = Newness("nothing is overwritten", ZEROSHOT_FILE, "an earlier classification")


def begin_folder(output: Path | None, facts: Mapping[str, Any]) -> Path:
    """Make the folder and return it.

    Args:
        output: The folder, new or empty. None: a new one in saved_models.
        facts: Content of zeroshot.json, by which the folder is known; it comes first.

    Raises:
        ConfigError: It cannot be written.
    """
    with opening(output, TrainConfig.output, STEM, NEW) as folder:
        write_json(folder / ZEROSHOT_FILE, facts)
    return folder


def describe_folder(folder: Path, facts: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Return what is printed at the end.

    Args:
        folder: Of the call.
        facts: Content of zeroshot.json.
        metrics: Content of metrics.json.
    """
    lines = [_say_what(facts, metrics)]
    if metrics["splits"]:
        lines.append(_draw_splits(metrics))
    if "probe" in metrics:
        lines += ["", _draw_probe(metrics["probe"])]
    if "exports" in metrics:
        lines += ["", *_say_exports(folder, metrics["exports"])]
    lines += ["", f"Written: {show_name(str(folder))}"]
    accepted = [row["file"] for row in metrics.get("exports", []) if not row["reason"]]
    if accepted:
        place = quote_word(RunFiles(folder).exports / accepted[0])
        lines.append(f"Next: python -m keras_transfer.predict {place} IMAGES")
    return "\n".join(lines)


def answer_zeroshot(
    folder: Path, facts: Mapping[str, Any], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what `--json` prints: the folder, metrics.json, and where its files are."""
    folder = folder.absolute()
    files = RunFiles(folder).name_files()
    own = {"asked": ZEROSHOT_FILE, "prompts": PROMPTS_FILE}
    own |= {"probe": PROBE_FILE, "probe_figure": PROBE_FIGURE}
    files |= {key: folder / name for key, name in own.items() if (folder / name).exists()}
    return {"output": folder, "dataset": facts["dataset"], "metrics": metrics, "files": files}


def _say_what(facts: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    name = keep_end(facts["preset"], WIDEST)
    sentences = count_of(metrics["sentences"], "sentence")
    classes = count_of(len(metrics["class_names"]), "class")
    size, scale = metrics["image_size"], metrics["logit_scale"]
    return f"{name} ({size} pixels)\n{classes} by {sentences}, logit scale {scale:.1f}"


def _draw_splits(metrics: Mapping[str, Any]) -> str:
    columns = ["split", "images", "accuracy", "95 % interval", "macro F1", "calibration error"]
    rows = []
    for name, scores in metrics["splits"].items():
        row = [name, scores["images"], scores["accuracy"]]
        row += [say_interval(scores["accuracy_interval"]), scores["macro_f1"]]
        rows.append([*row, scores["expected_calibration_error"]])
        if says_top5(metrics["class_names"]):
            rows[-1].insert(4, scores.get("top5_accuracy"))
    if says_top5(metrics["class_names"]):
        columns.insert(4, "top-5")
    return draw_table(
        columns, rows, drop=("calibration error", "macro F1"), where="in metrics.json"
    )


def _draw_probe(probe: Mapping[str, Any]) -> str:
    zero = probe["zero_shot_accuracy"]
    rows = [
        (
            each["shots"],
            f"{each['accuracy']:.3f}",
            f"{each['lowest']:.3f} - {each['highest']:.3f}",
            f"{each['accuracy'] - zero:+.3f}",
        )
        for each in probe["shots"]
    ]
    images = count_of(probe["images"], f"{probe['split']} image")
    title = f"Logistic regression on a few training images of each class ({images}):"
    columns = "images a class", "mean accuracy", "lowest - highest", "against zero-shot"
    return draw_table(columns, rows, title, drop=("lowest - highest",), where=f"in {PROBE_FILE}")


def _say_exports(folder: Path, rows: list[Mapping[str, Any]]) -> list[str]:
    """Return how far the files are from the command's own probabilities, and where each is."""
    accepted = [row for row in rows if not row["reason"]]
    lines = []
    if accepted:
        far = max(row["max_difference"] for row in accepted)
        images = count_of(accepted[0]["images"], "image")
        lines.append(f"Exported; probabilities differ from these by {far:.1e} at most ({images}):")
    for row in rows:
        place = quote_word(RunFiles(folder).exports / row["file"])
        needs = "Keras and KerasHub" if row["file"].endswith(".keras") else "TensorFlow"
        said = f"not accepted: {row['reason']}" if row["reason"] else f"needs {needs}"
        lines.append(f"  {place}  {said}")
    return lines
