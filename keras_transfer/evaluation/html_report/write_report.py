"""What the page of a run shows, and report.html made of it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from keras_transfer.config.help.versions import find_version
from keras_transfer.config.messages import count_of
from keras_transfer.config.split_names import choose_split
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.evaluation.certainty.answer_threshold import Answering, choose_threshold
from keras_transfer.evaluation.certainty.neighbour_files import read_unusual
from keras_transfer.evaluation.certainty.neighbours import UNUSUAL_SHARE, is_unusual
from keras_transfer.evaluation.explanation.word_occlusion import AskTexts
from keras_transfer.evaluation.html_report import run_facts
from keras_transfer.evaluation.html_report.confusion_view import (
    FEW,
    build_matrix,
    list_classes,
    list_pairs,
)
from keras_transfer.evaluation.html_report.curve_charts import (
    chart_answering,
    chart_history,
    chart_reliability,
)
from keras_transfer.evaluation.html_report.heated_images import heat_worst, weigh_worst
from keras_transfer.evaluation.html_report.page import render_page
from keras_transfer.evaluation.html_report.shown_images import (
    DrawExample,
    Shown,
    draw_shown,
    find_doubted,
    link_picture,
)
from keras_transfer.evaluation.html_report.verdict import say_verdict
from keras_transfer.evaluation.metrics import count_confusions, says_top5
from keras_transfer.evaluation.reports.summary import describe_adaptation
from keras_transfer.evaluation.reports.trust_section import ACCURACY, describe_trust
from keras_transfer.modalities.table import choose_modality
from keras_transfer.models.freeze_boundary import describe_low_rank
from keras_transfer.run.history import read_history
from keras_transfer.run.load_settings import load_run_config
from keras_transfer.run.predictions_csv import Predictions, fill_missing, read_run_predictions
from keras_transfer.run.run_directory import Run
from keras_transfer.system.files.atomic_files import write_text
from keras_transfer.system.terminal.visible_text import show_name

if TYPE_CHECKING:
    import keras

MOST_UNUSUAL = 12  # examples

SECTIONS = (
    ("accuracy", "Accuracy"),
    ("confusions", "Confusions"),
    ("classes", "Classes"),
    ("worst", "Worst {noun}s"),
    ("trust", "Trust"),
    ("data", "Labels and data"),
    ("learned", "What learned"),
    ("settings", "Settings"),
    ("next", "Next"),
)


class Pictures(NamedTuple):
    """What the pictures of a report are made of."""

    root: Path
    """Folder that the paths of predictions.csv start from."""
    draw_example: DrawExample
    """Returns a file's tile of so many pixels, or None; see `Modality.draw_example`."""
    load_network: Callable[[], "keras.Model"]
    """Returns the model of the run; a `ConfigError` leaves the heat out, and says why."""
    ask: AskTexts
    """Asks it about texts."""


def write_report(run: Run, metrics: Mapping[str, Any], pictures: Pictures) -> Path:
    """Write report.html anew: one file that asks nothing of any server, and return it.

    It is about the examples of test if there are some, else of validation.

    Args:
        run: All its other files are read.
        metrics: The content of metrics.json, which a run that is about to finish has not yet.
        pictures: Where the examples come from.
    """
    predictions, config = read_run_predictions(run), load_run_config(run)
    split, noun = choose_split(predictions.split_names), config.data.noun
    part, validation = predictions.select(split), predictions.select("validation")
    chosen = choose_threshold(validation.probabilities, validation.truth, ACCURACY)
    shown = draw_shown(part, pictures.root, pictures.draw_example)
    content = {
        **_describe_page(run, metrics, split),
        "domains": _describe_domains(run, metrics),
        **_describe_confusions(part, run),
        **_describe_worst(part, pictures, config),
        **_describe_images(part, shown, noun, _find_unusual(part, run)),
        **_describe_trust(run, part, chosen, noun),
        **_describe_facts(run),
        "verdict": list(say_verdict(part, chosen, ACCURACY, noun)),
    }
    write_text(run.report_file, render_page("run.html", **content))
    return run.report_file


def _describe_page(run: Run, metrics: Mapping[str, Any], split: str) -> dict[str, Any]:
    """Return the head of the page, the scores and the curves."""
    names, plan = run.class_names(), metrics.get("strategy", "")
    config = load_run_config(run)
    images = metrics["splits"]["validation"]["images"]
    trained = f"{plan} {metrics['backbone']}".strip() + f", {count_of(len(names), 'class')}"
    if words := describe_low_rank(config):
        learned = metrics["parameters"]["trainable"]
        trained += f"; {learned:,} parameters learned: {words} and the head"
    return {
        "version": find_version("keras_transfer"),
        "made": time.strftime("%Y-%m-%d %H:%M"),
        "sections": [(at, words.format(noun=config.data.noun)) for at, words in SECTIONS],
        "noun": config.data.noun,
        "run_name": run.path.resolve().name,
        "trained": trained,
        "names": names,
        "split": split,
        "splits": metrics["splits"],
        "says_top5": says_top5(names),
        "curves": chart_history(read_history(run.history_table(), images)),
    }


def _describe_domains(run: Run, metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what came of adapting to another domain, and the map of both; None: there is none."""
    if "adapt" not in metrics:
        return None
    file = run.figures / "domains.png"
    return {
        "lines": describe_adaptation(metrics),
        "target": show_name(str(load_run_config(run).adapt.target)),
        "map": link_picture(file.read_bytes(), "png") if file.is_file() else None,
    }


def _describe_confusions(part: Predictions, run: Run) -> dict[str, Any]:
    table = run.split_table()
    learned = Counter(
        name for name, split in zip(table["class"], table["split"], strict=True) if split == "train"
    )
    return {
        "few": FEW,
        "matrix": build_matrix(part),
        "pairs": list_pairs(part),
        "classes": list_classes(part, learned),
    }


def _find_unusual(part: Predictions, run: Run) -> np.ndarray:
    """Return the rows of examples that are unlike those of training, the most unlike first."""
    known = read_unusual(run) or {}
    shares = np.array([known.get(path, np.nan) for path in part.paths.tolist()])
    rows = np.flatnonzero(is_unusual(shares))
    return rows[np.argsort(shares[rows], kind="stable")]


def _describe_worst(part: Predictions, pictures: Pictures, config: TrainConfig) -> dict[str, Any]:
    """Return the worst examples, with what in them speaks for what the model said."""
    root, draw = pictures.root, pictures.draw_example
    if config.data.noun == "text":
        seen = int(config.data.sequence_length or 0)
        weighed, reason = weigh_worst(part, root, draw, pictures.ask, seen)
        return {"worst": [], "weighed": weighed, "heat_reason": reason}
    worst, reason = heat_worst(part, root, draw, pictures.load_network)
    return {"worst": worst, "weighed": [], "heat_reason": reason}


def _describe_images(
    part: Predictions, shown: Shown, noun: str, unusual: np.ndarray
) -> dict[str, Any]:
    """Return the examples of the page, for its script."""
    images = _list_images(part, shown, noun, {*unusual.tolist()})
    by_row = {image["row"]: image for image in images["images"]}
    return {
        "images": images,
        "doubted": [by_row[row] for row in find_doubted(part) if row in by_row],
        "unusual": [by_row[row] for row in unusual.tolist() if row in by_row][:MOST_UNUSUAL],
        "unusual_limit": UNUSUAL_SHARE,
        "unusual_right": int((part.truth == part.prediction)[unusual].sum()),
    }


def _list_images(part: Predictions, shown: Shown, noun: str, unusual: set[int]) -> dict[str, Any]:
    counts, said = count_confusions(part), part.prediction
    confidence = fill_missing(part.probabilities).max(axis=1)
    pairs = zip(*(axis.tolist() for axis in counts.nonzero()), strict=True)
    return {
        "noun": noun,
        "names": [show_name(name) for name in part.class_names],
        "total": len(part),
        "wrong": int((said != part.truth).sum()),
        "unusual": len(unusual),
        "support": counts.sum(axis=1).tolist(),
        "counts": {f"{truth},{other}": int(counts[truth, other]) for truth, other in pairs},
        "images": [
            {
                "row": row,
                "path": show_name(part.paths[row]),
                "truth": int(part.truth[row]),
                "said": int(said[row]),
                "probability": round(float(confidence[row]), 4),
                "unusual": row in unusual,
                "text" if noun == "text" else "picture": content,
            }
            for row, content in zip(shown.rows, shown.contents, strict=True)
        ],
    }


def _describe_trust(
    run: Run, part: Predictions, chosen: Answering | None, noun: str
) -> dict[str, Any]:
    return {
        "reliability": chart_reliability(part, noun),
        "answering": chart_answering(part, chosen),
        "chosen": chosen,
        "asked": ACCURACY,
        "trust": [line[2:] for line in describe_trust(run) if line.startswith("* ")],
    }


def _describe_facts(run: Run) -> dict[str, Any]:
    config = load_run_config(run)
    phases, blocks = run_facts.list_blocks(run)
    review, others = run_facts.list_commands(run, config)
    report = run.data_report()
    return {
        "files": run_facts.list_files(report),
        "phases": phases,
        "blocks": blocks,
        "most_kernel_drift": max([row.kernel_drift or 0 for row in blocks]) or 1,
        "most_norm_drift": max([row.norm_drift or 0 for row in blocks]) or 1,
        "settings": run_facts.list_settings(config),
        "environment": run_facts.list_environment(run),
        "sizes": _say_lengths(report, config),
        "review": review,
        "next": others,
    }


def _say_lengths(report: Mapping[str, Any], config: TrainConfig) -> list[str]:
    """Return how long texts are, in lines; of images the sizes say little."""
    if config.data.noun != "text":
        return []
    return choose_modality(config).say_sizes(report).splitlines()
